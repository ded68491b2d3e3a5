"""Truth and predictions as one column of classes."""

from __future__ import annotations

from pathlib import Path

import pytest

from merbench.errors import MerbenchError
from merbench.scoring.score_file import score_file


def scored(tmp_path: Path, text: str, task: str = "quadrant", predictions: str = "mine"):
    (tmp_path / "q.csv").write_text(text)
    return score_file(
        tmp_path / "q.csv", id="ID", truth="label", predictions=predictions, task=task
    )


def test_a_label_column_is_as_good_as_four(tmp_path: Path):
    rows = [("a", "Q1", ".7,.1,.1,.1"), ("b", "q3", ".1,.2,.6,.1"), ("c", "4", ".4,.2,.2,.2")]
    named = scored(
        tmp_path,
        "ID,label,mine_Q1,mine_Q2,mine_Q3,mine_Q4\n"
        + "".join(f"{clip},{label},{p}\n" for clip, label, p in rows),
    )
    wide = scored(
        tmp_path,
        "ID,label_Q1,label_Q2,label_Q3,label_Q4,mine_Q1,mine_Q2,mine_Q3,mine_Q4\n"
        "a,1,0,0,0,.7,.1,.1,.1\nb,0,0,1,0,.1,.2,.6,.1\nc,0,0,0,1,.4,.2,.2,.2\n",
    )
    assert named == wide
    assert named["systems"]["mine"]["accuracy"] == pytest.approx(2 / 3)


def test_a_system_may_name_one_class_too(tmp_path: Path):
    text = "ID,label,mine\na,Q1,Q1\nb,Q2,Q1\nc,Q3,Q3\nd,Q4,Q4\n"
    metrics = scored(tmp_path, text)["systems"]["mine"]
    assert metrics["accuracy"] == 0.75
    assert metrics["n_floored_probability"] > 0


def test_classes_are_those_that_stand_there(tmp_path: Path):
    text = "ID,label,mine\na,sad,sad\nb,glad,sad\nc,glad,glad\n"
    assert scored(tmp_path, text, "classes")["systems"]["mine"]["accuracy"] == pytest.approx(2 / 3)
    with pytest.raises(MerbenchError, match="one class alone, sad"):
        scored(tmp_path, "ID,label,mine\na,sad,sad\n", "classes")


def test_what_is_no_quadrant_is_named_with_its_line(tmp_path: Path):
    with pytest.raises(MerbenchError, match=r"q.csv:3: column 'label' holds 'Q5', and the classes"):
        scored(tmp_path, "ID,label,mine\na,Q1,Q1\nb,Q5,Q1\n")


def test_songs_that_people_labelled(shared: Path):
    result = score_file(
        shared / "data/emopia/test.csv", id="fname", truth="label", predictions="label",
        task="quadrant",
    )  # fmt: skip
    assert result["n"] > 50
    assert result["systems"]["label"]["macro_f1"] == 1.0
