"""Hashes that tell things apart without showing them."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from merbench.benchmark.protocols import Split, sides, split_hash, splits_of
from merbench.identity import canonical, data_hash, portable, portable_spec, spec_hash, truth_hash

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
