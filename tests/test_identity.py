"""Hashes that tell things apart without showing them."""

from __future__ import annotations

import hashlib
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sample_components import Ensemble, Wrapper

from merbench import Model, ModelParameter
from merbench.benchmark.protocols import Split, sides, split_hash, splits_of
from merbench.components.base import plugin_sources, source_digest
from merbench.identity import canonical, data_hash, portable, portable_spec, spec_hash, truth_hash
from merbench.plugins.importing import import_file

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
)
SPEC = {
    "name": "n",
    "datasets": ["demo", {"pmemo": {"root": "../data/pmemo", "year": 2}}, {"bare": None}],
    "separators": [{"net": {"weights": "/home/someone/weights/model-7"}}],
}


def test_a_truth_hash_is_of_id_label_and_file():
    label, audio = (0.5, 0.25, 0.1, 0.1), "0" * 64
    text = f'["c1",[0.5,0.25,0.1,0.1],"{audio}"]'
    found = truth_hash("c1", label, audio)
    assert found == hashlib.sha256(text.encode()).hexdigest()
    others = [("c2", label, audio), ("c1", (*label[:3], 0.2), audio), ("c1", label, "1" * 64)]
    assert len({found, *(truth_hash(*other) for other in others)}) == 4


def test_a_data_hash_changes_with_each_of_its_parts():
    base = (["a", "b"], ["g", "h"], ["x", "y"])
    found = {data_hash(*base)}
    for part in range(3):
        changed = [list(values) for values in base]
        changed[part][1] += "!"
        found.add(data_hash(*changed))
    assert len(found) == 4
    with pytest.raises(ValueError):
        data_hash(["a"], ["g", "h"], ["x"])


@given(JSON)
def test_a_portable_document_is_portable_already(document):
    once = portable(document)
    assert canonical(portable(once)) == canonical(once)


def test_a_spec_is_hashed_without_the_places_of_a_machine():
    elsewhere = {
        **SPEC,
        "datasets": [{"demo": {}}, {"pmemo": {"root": "/srv/pmemo", "year": 2}}, {"bare": {}}],
        "separators": [{"net": {"weights": "~/models/model-7"}}],
    }
    assert spec_hash(SPEC) == spec_hash(elsewhere) == spec_hash(portable_spec(SPEC))
    assert portable_spec(SPEC)["separators"] == [{"net": {"weights": "model-7"}}]
    assert spec_hash({**SPEC, "name": "m"}) != spec_hash(SPEC)
    assert spec_hash({**SPEC, "datasets": [{"pmemo": {"year": 3}}]}) != spec_hash(SPEC)


@pytest.mark.parametrize("text", ["3/4", "data/x/y", "a: /b", "/", "/tmp", "https://a.org/b/c", ""])
def test_what_is_no_absolute_path_stays(text):
    assert portable([text]) == [text]


@pytest.mark.parametrize("text", ["/home/me/x.wav", "~/music/x.wav", r"C:\Users\me\x.wav"])
def test_an_absolute_path_is_cut_down_to_its_name(text):
    assert portable({"a": [text]}) == {"a": ["x.wav"]}


@given(st.lists(st.lists(st.sampled_from("rt-"), min_size=4, max_size=4), min_size=1, max_size=3))
def test_sides_read_back_as_the_splits_they_were_written_from(marks):
    written = ["".join(row) for row in marks]
    splits = splits_of(written)
    assert sides(splits, 4) == written
    assert split_hash(splits, "abcd") == split_hash(splits_of(sides(splits, 4)), "abcd")


def test_a_split_is_written_clip_by_clip():
    splits = [Split(0, (0, 3), (1,)), Split(1, (1, 2), (0, 3))]
    assert sides(splits, 4) == ["rt-r", "trrt"]


PLUGIN = """
from merbench import FeatureKind, Model, Task
{imports}

class Plain(Model):
    name = "plain"
    inputs = FeatureKind.VECTOR
    tasks = frozenset({{Task.VA}})
    source_modules = {modules}
    k: int = 1
"""


def write_class(path: Path, *, imports: str = "", modules: str = "()", more: str = "") -> type:
    path.parent.mkdir(exist_ok=True, parents=True)
    path.write_text(PLUGIN.format(imports=imports, modules=modules) + textwrap.dedent(more))
    return import_file(path).Plain  # type: ignore[no-any-return]


def test_editing_the_source_changes_the_fingerprint_and_not_the_identity(tmp_path: Path) -> None:
    plain = write_class(tmp_path / "one.py")
    edited = write_class(tmp_path / "two.py", more="# edited\n")
    assert plain(k=1).identity() == edited(k=1).identity()
    assert plain(k=1).fingerprint() != edited(k=1).fingerprint()


def test_moving_the_source_changes_nothing(tmp_path: Path) -> None:
    here, there = write_class(tmp_path / "one.py"), write_class(tmp_path / "far" / "two.py")
    assert here().fingerprint() == there().fingerprint()


def test_the_source_of_a_base_counts(tmp_path: Path) -> None:
    def derived(folder: str, base: str) -> str:
        package = tmp_path / folder
        write_class(package / "base.py", more=base)
        (package / "__init__.py").write_text(
            "from .base import Plain\nclass Derived(Plain):\n    name = 'derived'\n"
        )
        return source_digest(import_file(package).Derived)

    assert derived("a", "") == derived("b", "")
    assert derived("a", "") != derived("c", "# edited\n")


def test_the_source_is_what_was_imported_whatever_became_of_its_file(tmp_path: Path) -> None:
    path = tmp_path / "one.py"
    plain = write_class(path)
    before = source_digest(plain)
    path.write_text("edited, and not imported again\n")
    assert source_digest(plain) == before
    assert source_digest(write_class(tmp_path / "two.py")) == before


def test_packages_and_files_of_plugins_are_named_once(tmp_path: Path) -> None:
    one, two = write_class(tmp_path / "one.py"), write_class(tmp_path / "two.py")
    assert plugin_sources(one(), one(k=2)) == {one.__module__}
    assert plugin_sources(one(), two()) == {one.__module__, two.__module__}

    class Holder(one):  # type: ignore[misc, valid-type]
        """Wraps another model."""

        inner: ModelParameter

    assert plugin_sources(Holder(inner=two())) == {
        __name__.partition(".")[0], one.__module__, two.__module__
    }  # fmt: skip
    assert plugin_sources() == frozenset()


def test_source_modules_count_before_and_after_they_are_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    helper = tmp_path / "helper_of_plain.py"
    helper.write_text("x = 1\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    helped = write_class(tmp_path / "one.py", modules="('helper_of_plain',)")
    digest = source_digest(helped)
    assert "helper_of_plain" not in sys.modules
    __import__("helper_of_plain")
    assert source_digest(helped) == digest
    # What this process runs is what it imported.
    helper.write_text("x = 22\n")
    assert source_digest(helped) == digest
    edited = write_class(tmp_path / "two.py", modules="('helper_of_it',)")
    before = source_digest(edited)
    (tmp_path / "helper_of_it.py").write_text("x = 333\n")
    assert source_digest(edited) != before
    monkeypatch.delitem(sys.modules, "helper_of_plain")


@pytest.mark.parametrize(
    "wrap", [lambda model: Wrapper(model=model), lambda model: Ensemble(members=(model,))]
)
def test_the_source_of_what_is_wrapped_counts(
    tmp_path: Path, wrap: Callable[[Model], Model]
) -> None:
    one, two = write_class(tmp_path / "a.py"), write_class(tmp_path / "b.py", more="# edited\n")
    assert wrap(one()).identity() == wrap(two()).identity()
    assert wrap(one()).fingerprint() == wrap(one()).fingerprint()
    assert wrap(one()).fingerprint() != wrap(two()).fingerprint()
