"""A table of one's own with quadrants, votes or classes."""

from __future__ import annotations

from pathlib import Path

import pytest
from miniatures import edit, write_audio, write_csv
from pydantic import ValidationError
from quadrant_clips import quadrants

from merbench import MerbenchError, Task
from merbench.planning.datasets import check_clips
from merbench_plugins.datasets.table import Table


def own_table(root: Path) -> Path:
    rows = [(f"c{n}", ["happy", "angry", "sad", "relax"][n % 4], n, -n, n % 2, 3 - n % 3, 0, 1)
            for n in range(6)]  # fmt: skip
    write_csv(root / "labels.csv", "id,mood,mfcc_1,mfcc_2,v1,v2,v3,v4", rows)
    return root


MOODS = {"happy": "Q1", "angry": "Q2", "sad": "Q3", "relax": "Q4"}


def test_a_table_of_classes_and_features_needs_no_audio(tmp_path):
    root = own_table(tmp_path)
    table = Table(quadrant="mood", classes=MOODS, features=("mfcc_*",))
    clips = table.clips(root)
    assert table.task is Task.QUADRANT
    assert not table.has_audio
    assert quadrants(clips) == {f"c{n}": f"Q{n % 4 + 1}" for n in range(6)}
    assert clips[2].features == (2.0, -2.0)
    assert [f for f in table.check(root) if f.level != "note"] == []
    numbered = Table(id=None, quadrant="mood", classes=MOODS, features=("mfcc_1",)).clips(root)
    assert [clip.id for clip in numbered] == ["2", "3", "4", "5", "6", "7"]
    assert numbered[2].features == (2.0,)


def test_a_table_of_votes(tmp_path):
    root = own_table(tmp_path)
    clips = Table(shares=("v1", "v2", "v3", "v4"), features=("mfcc_1",)).clips(root)
    assert clips[1].label == pytest.approx((0.25, 0.5, 0, 0.25))
    edit(root / "labels.csv", "c1,angry,1,-1,1,2,0,1", "c1,angry,1,-1,0,0,0,0")
    with pytest.raises(MerbenchError, match=r"labels.csv:3: columns v1, .* nobody voted"):
        Table(shares=("v1", "v2", "v3", "v4"), features=("mfcc_1",)).clips(root)
    edit(root / "labels.csv", "c1,angry,1,-1,0,0,0,0", "c1,angry,1,-1,-1,2,0,0")
    with pytest.raises(MerbenchError, match="column 'v1' is -1; votes are not negative"):
        Table(shares=("v1", "v2", "v3", "v4"), features=("mfcc_1",)).clips(root)


def test_a_table_of_other_classes(tmp_path):
    root = own_table(tmp_path)
    moods = ("angry", "happy", "relax", "sad")
    table = Table(category="mood", categories=moods, features=("mfcc_*",))
    clips = table.clips(root)
    check_clips(table, clips)
    assert table.task is Task.CLASSES
    assert table.class_names == moods
    assert clips[1].label == (1, 0, 0, 0)
    with pytest.raises(
        MerbenchError, match=r"csv:3: column 'mood' is 'angry'; it takes happy, sad"
    ):
        Table(category="mood", categories=("happy", "sad"), features=("mfcc_*",)).clips(root)

    votes = Table(votes=("v1", "v2", "v4"), features=("mfcc_*",))
    clips = votes.clips(root)
    check_clips(votes, clips)
    assert votes.class_names == ("v1", "v2", "v4")
    assert clips[1].label == pytest.approx((0.25, 0.5, 0.25))


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"quadrant": "mood", "votes": ("v1", "v2")}, "in `quadrant` or in `votes`; name one"),
        ({"category": "mood"}, "give both"),
        ({"categories": ("a", "b")}, "give both"),
        ({"votes": ("v1",)}, "classes must be two or more, each once"),
        ({"category": "mood", "categories": ("a", "a")}, "classes must be two or more, each once"),
    ],
)
def test_settings_of_classes_that_do_not_fit_are_refused(settings, says):
    with pytest.raises(ValueError, match=says):
        Table(**settings)


def test_quadrants_with_audio_and_features_beside_it(tmp_path):
    root = own_table(tmp_path)
    for n in range(6):
        write_audio(root / f"audio/c{n}.wav", n)
    plain = Table(quadrant="mood", classes=MOODS)
    assert plain.has_audio
    assert plain.clips(root)[0].features == ()
    both = Table(quadrant="mood", classes=MOODS, features=("v?",), audio="audio/{id}.wav")
    assert both.has_audio
    assert both.clips(root)[0].features == (0, 3, 0, 1)
    assert both.clips(root)[0].audio == root / "audio/c0.wav"


def test_columns_that_are_labels_are_no_features(tmp_path):
    root = own_table(tmp_path)
    clips = Table(shares=("v1", "v2", "v3", "v4"), features=("v*", "mfcc_1")).clips(root)
    assert clips[3].features == (3.0,)


def test_an_unknown_class_is_named_with_those_that_are_known(tmp_path):
    root = own_table(tmp_path)
    with pytest.raises(MerbenchError, match=r":3: column 'mood' is 'angry'.* takes happy, or Q1"):
        Table(quadrant="mood", classes={"happy": "Q1"}, features=("v1",)).clips(root)
    with pytest.raises(MerbenchError, match=r"no column is named by 'chroma_\*"):
        Table(quadrant="mood", classes=MOODS, features=("chroma_*",)).clips(root)


@pytest.mark.parametrize(
    ("parameters", "says"),
    [
        ({"quadrant": "mood", "shares": ("a", "b", "c", "d")}, "name one of them"),
        ({"classes": {"happy": "Q1"}}, "translates the column `quadrant`"),
        ({"shares": ("a", "b", "a", "d")}, "Q1 and Q3 are both column 'a'"),
        ({"quadrant": "mood", "classes": {"happy": "Q7"}}, "Input should be 'Q1'"),
    ],
)
def test_parameters_that_contradict_each_other_are_refused(parameters, says):
    with pytest.raises(ValidationError, match=says):
        Table(**parameters)


def test_the_turkish_table_is_read_as_features_alone(shared):
    table = Table(csv="turkish_acoustic_features.csv", id=None, quadrant="Class", features=("_*",))
    clips = table.clips(shared / "data/labels")
    assert len(clips) == 400
    assert {len(clip.features) for clip in clips} == {50}
    assert sorted(map(list(quadrants(clips).values()).count, ("Q1", "Q2", "Q3", "Q4"))) == [100] * 4
