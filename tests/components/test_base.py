"""What a component's identity is made of, and what it is not."""

from __future__ import annotations

import enum
import json
import shutil
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, Field, ValidationError

from merbench import (
    AudioError,
    Clip,
    Dataset,
    FeatureKind,
    Finding,
    MerbenchError,
    Model,
    ModelParameter,
    Task,
)
from merbench.components.base import plugin_sources, source_digest
from merbench.digests import content_digest, file_digest, files_at
from merbench.planning.inspection import findings
from merbench.plugins.discovery import import_file


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Layer(BaseModel):
    width: int = 1
    colour: Colour = Colour.RED


class Sample(Model):
    """A model with a parameter of every sort."""

    name = "sample"
    inputs = FeatureKind.VECTOR
    tasks = frozenset({Task.VA})

    rate: float = 1.0
    widths: tuple[int, ...] = (1, 2)
    layer: Layer = Layer()
    shares: dict[str, float] = Field(default_factory=dict)
    tags: frozenset[str] = frozenset()
    weights: Path | None = None


class Wrapper(Model):
    """A model around a model."""

    name = "wrapper"
    inputs = FeatureKind.VECTOR
    tasks = frozenset({Task.VA})

    model: ModelParameter
    scale: float = 1.0


class Ensemble(Model):
    """A model around several."""

    name = "ensemble"
    inputs = FeatureKind.VECTOR
    tasks = frozenset({Task.VA})

    members: tuple[ModelParameter, ...]


def canonical(component: Any) -> str:
    return json.dumps(component.identity(), sort_keys=True, allow_nan=False)


# --- identity -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"shares": {"a": 1, "b": 2}}, {"shares": {"b": 2, "a": 1}}),
        ({"widths": [3, 4]}, {"widths": (3, 4)}),
        ({"rate": 2}, {"rate": 2.0}),
        ({"rate": 1.0, "widths": (1, 2)}, {}),
        ({"layer": {"colour": "blue", "width": 2}}, {"layer": Layer(width=2, colour=Colour.BLUE)}),
        ({"tags": ["x", "y"]}, {"tags": ["y", "x", "x"]}),
    ],
)
def test_parameters_that_mean_the_same_have_one_identity(
    one: dict[str, Any], other: dict[str, Any]
) -> None:
    assert canonical(Sample(**one)) == canonical(Sample(**other))
    assert canonical(Sample(**one)) == canonical(Sample(**dict(reversed(one.items()))))


@pytest.mark.parametrize(
    "changed",
    [
        {"rate": 1.5},
        {"widths": (2, 1)},
        {"widths": (1,)},
        {"layer": {"width": 2}},
        {"layer": {"colour": "blue"}},
        {"shares": {"a": 1}},
        {"tags": ["x"]},
        {"weights": "missing.pt"},
    ],
)
def test_every_parameter_counts(changed: dict[str, Any]) -> None:
    assert canonical(Sample(**changed)) != canonical(Sample())


def test_identity_has_name_version_and_parameters() -> None:
    class Later(Sample):
        version = "2"

    assert Sample().identity() == {
        "name": "sample",
        "version": "1",
        "parameters": {
            "layer": {"colour": "red", "width": 1},
            "rate": 1.0,
            "shares": {},
            "tags": [],
            "weights": None,
            "widths": [1, 2],
        },
    }
    assert Later().identity()["version"] == "2"


def test_a_wrapped_model_counts_with_its_parameters() -> None:
    def wrapped(**parameters: Any) -> Wrapper:
        return Wrapper(model=Sample(**parameters))

    assert canonical(wrapped()) == canonical(wrapped(rate=1))
    assert canonical(wrapped()) != canonical(wrapped(rate=2))
    assert canonical(Ensemble(members=(Sample(), wrapped()))) != canonical(
        Ensemble(members=(wrapped(), Sample()))
    )


def test_a_component_is_frozen() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Sample().rate = 2.0


def test_an_unknown_parameter_is_an_error() -> None:
    with pytest.raises(ValidationError, match=r"raet\n.*not permitted"):
        Sample(raet=1)  # type: ignore[call-arg]


def test_parameters_that_are_no_numbers_are_refused() -> None:
    with pytest.raises(ValidationError, match="finite"):
        Sample(rate=float("nan"))


def test_a_name_of_a_model_needs_a_registry_to_look_it_up() -> None:
    with pytest.raises(ValidationError, match="benchmark file"):
        Wrapper(model="ridge")  # type: ignore[arg-type]


# --- what tables show -----------------------------------------------------------------------------


def test_title_shows_what_is_wrapped() -> None:
    assert Sample().title == "sample"
    assert Wrapper(model=Wrapper(model=Sample())).title == "wrapper(wrapper(sample))"
    assert Ensemble(members=(Sample(), Sample(rate=2))).title == "ensemble(sample, sample)"


def test_settings_are_what_differs_from_the_defaults(tmp_path: Path) -> None:
    assert Sample().settings == {}
    assert Sample(rate=1.0).settings == {}
    sample = Sample(rate=2, layer=Layer(colour=Colour.BLUE), weights=tmp_path / "w.pt")
    assert sample.settings == {
        "rate": 2.0,
        "layer": {"width": 1, "colour": "blue"},
        "weights": str(tmp_path / "w.pt"),
    }
    assert Wrapper(model=Sample()).settings == {}
    assert Wrapper(model=Sample(rate=3), scale=2).settings == {"model": {"rate": 3.0}, "scale": 2.0}


# --- paths ----------------------------------------------------------------------------------------


def test_a_file_counts_by_its_content(tmp_path: Path) -> None:
    here, there, other = tmp_path / "w.pt", tmp_path / "moved" / "v.pt", tmp_path / "other.pt"
    there.parent.mkdir()
    here.write_bytes(b"weights")
    other.write_bytes(b"others")
    shutil.copy(here, there)
    assert canonical(Sample(weights=here)) == canonical(Sample(weights=there))
    assert canonical(Sample(weights=here)) != canonical(Sample(weights=other))
    assert str(tmp_path) not in canonical(Sample(weights=here))


def test_editing_a_file_changes_the_identity(tmp_path: Path) -> None:
    path = tmp_path / "w.pt"
    path.write_bytes(b"weights")
    before = canonical(Sample(weights=path))
    path.write_bytes(b"weights, trained longer")
    assert canonical(Sample(weights=path)) != before


def test_a_folder_counts_by_its_files_and_their_places_in_it(tmp_path: Path) -> None:
    one = tmp_path / "one"
    (one / "sub").mkdir(parents=True)
    (one / "a").write_text("A")
    (one / "sub" / "b").write_text("B")
    shutil.copytree(one, tmp_path / "far" / "two")
    assert content_digest(one) == content_digest(tmp_path / "far" / "two")
    before = content_digest(one)
    (one / "sub" / "b").rename(one / "b")
    assert content_digest(one) != before


def test_a_prefix_counts_by_the_files_it_names(tmp_path: Path) -> None:
    for folder, stem in (("x", "model-7"), ("y", "other")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / f"{stem}.index").write_text("index")
        (tmp_path / folder / f"{stem}.data-00000-of-00001").write_text("data")
        (tmp_path / folder / f"{stem}.folder").mkdir()
    (tmp_path / "x" / "model-77.index").write_text("another checkpoint")
    first = content_digest(tmp_path / "x" / "model-7")
    assert first == content_digest(tmp_path / "y" / "other")
    (tmp_path / "x" / "model-7.index").write_text("changed")
    assert content_digest(tmp_path / "x" / "model-7") != first


@pytest.mark.parametrize("name", ["w[1]", "a**b", "*", "?"])
def test_a_path_is_no_pattern(tmp_path: Path, name: str) -> None:
    (tmp_path / "w1.index").write_text("x")
    (tmp_path / f"{name}.index").write_text("y")
    assert files_at(tmp_path / name) == [tmp_path / f"{name}.index"]


@pytest.mark.parametrize("path", ["nothing", "no/folder/at/all", "nul\0", "x" * 400])
def test_what_is_not_there_is_missing(tmp_path: Path, path: str) -> None:
    assert content_digest(tmp_path / path) == "missing"


def test_a_relative_path_is_looked_up_anew_in_another_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    digests = []
    for name in ("one", "two"):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "w.pt").write_text(name)
        monkeypatch.chdir(folder)
        digests.append(content_digest(Path("w.pt")))
    assert digests[0] != digests[1]


def test_digest_is_sha256_of_the_bytes(tmp_path: Path) -> None:
    path = tmp_path / "abc"
    path.write_bytes(b"abc")  # FIPS 180-2, appendix B.1
    expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert file_digest(path) == content_digest(path) == expected


# --- source ---------------------------------------------------------------------------------------

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


# --- the contracts' own methods -------------------------------------------------------------------


def test_what_is_not_installed_is_named_with_the_remedy() -> None:
    class Needy(Sample):
        requires = ("pydantic", "no-such-distribution")

    with pytest.raises(MerbenchError, match="pip install no-such-distribution"):
        Needy().ready()


def test_input_kinds_is_a_tuple_for_one_several_and_none() -> None:
    class Two(Sample):
        inputs = (FeatureKind.VECTOR, FeatureKind.IMAGE)

    class Deaf(Sample):
        inputs = ()

    assert Sample().input_kinds == (FeatureKind.VECTOR,)
    assert Two().input_kinds == (FeatureKind.VECTOR, FeatureKind.IMAGE)
    assert Deaf().input_kinds == ()


class Folder(Dataset):
    """Every WAV file of a folder."""

    name = "folder"
    task = Task.VA

    def clips(self, root: Path) -> list[Clip]:
        files = sorted(root.glob("*.wav"))
        if not files:
            raise MerbenchError(f"{root} has no clips")
        return [Clip(f.stem, f.stem, (0.5, 0.5, 0.1, 0.1), f) for f in files]


def write_wav(path: Path, rate: int = 8_000, channels: int = 1, samples: int = 800) -> Path:
    import numpy as np

    from merbench import audio

    audio.write(path, np.full((channels, samples), 0.1, np.float32), rate)
    return path


def test_the_default_check_decodes_every_clip(tmp_path: Path) -> None:
    assert [f.level for f in findings(Folder(), tmp_path)] == ["error"]
    write_wav(tmp_path / "good.wav", samples=8_000)
    assert findings(Folder(), tmp_path) == []
    (tmp_path / "bad.wav").write_text("this is no audio")
    (finding,) = findings(Folder(), tmp_path)
    assert isinstance(finding, Finding)
    assert (finding.level, finding.where) == ("error", "clip bad")
    assert "bad.wav" in finding.message


def test_true_stems_of_several_sample_rates_are_an_error(tmp_path: Path) -> None:
    def clip(*rates: int) -> Clip:
        stems = {f"s{r}": write_wav(tmp_path / f"{r}.wav", r) for r in rates}
        return Clip("c", "g", (), tmp_path / "mix.wav", stems)

    stems, rate = Folder().true_stems(clip(8_000))
    assert rate == 8_000
    assert stems["s8000"].shape == (1, 800)
    with pytest.raises(MerbenchError, match="clip c: its stems have 2 sample rates"):
        Folder().true_stems(clip(8_000, 16_000))
    with pytest.raises(MerbenchError, match="clip c: its stems have no sample rates"):
        Folder().true_stems(clip())


def test_decode_reads_the_clips_file(tmp_path: Path) -> None:
    clip = Clip("c", "g", (), write_wav(tmp_path / "c.wav", 16_000, 2, 100))
    waveform, rate = Folder().decode(clip)
    assert (waveform.shape, rate) == ((2, 100), 16_000)
    with pytest.raises(AudioError, match=r"gone\.wav"):
        Folder().decode(Clip("c", "g", (), tmp_path / "gone.wav"))


def test_a_dataset_that_cannot_be_fetched_says_where_it_is(tmp_path: Path) -> None:
    class Away(Folder):
        homepage = "https://example.org/away"

    with pytest.raises(MerbenchError, match=r"get it from https://example\.org/away"):
        Away().fetch(tmp_path, lambda name, share: None)


def test_task_columns_are_those_of_a_label() -> None:
    assert Task.VA.columns == ("valence_mean", "arousal_mean", "valence_std", "arousal_std")
    assert Task.QUADRANT.columns == ("Q1", "Q2", "Q3", "Q4")
    assert [kind.ndim for kind in FeatureKind] == [1, 2, 2, 1]
