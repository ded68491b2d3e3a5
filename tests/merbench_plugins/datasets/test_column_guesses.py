"""What columns are, guessed from tables as they are published."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from merbench import Task
from merbench.errors import TableError
from merbench_plugins.datasets.column_guesses import GuessedColumn, guesses
from merbench_plugins.datasets.table import SPLITS

FEATURES = ",".join(f"f{i}" for i in range(5))
VALUES = ",".join("1" for _ in range(5))


def guess(path: Path, task: Task | None = None, **given: Any) -> dict[str, tuple[Any, bool]]:
    found = guesses(path, None, task, {"features": ["f*"], **given}, SPLITS)
    return {g.parameter: (g.value, g.sure) for g in found}


def table(folder: Path, header: str, *rows: str) -> Path:
    path = folder / "labels.csv"
    path.write_text("\n".join([header, *rows]) + "\n")
    return path


NAMES = [
    "song_id, valence_mean, valence_std, arousal_mean, arousal_std",
    "musicId,Valence(mean),Valence(std),Arousal(mean),Arousal(std)",
    "id,V,V_sd,A,A_sd",
    "id,meanValence,stdevValence,meanArousal,stdevArousal",
    "id,vmean,vstd,amean,astd",
    "id,valence_avg,valence.sd,arousal_avg,arousal.sd,valence_max_mean",
]


@pytest.mark.parametrize("header", NAMES)
def test_the_usual_names_of_means_and_deviations(header: str, tmp_path: Path) -> None:
    n = header.count(",")
    _, valence, std, *_ = (name.strip() for name in header.split(","))
    path = table(tmp_path, header, *(",".join([str(i), *[f"0.{i + 1}"] * n]) for i in range(8)))
    found = guess(path)
    # A letter may be short for anything.
    assert found["valence_mean"] == (valence, "valence" in header.casefold())
    assert found["valence_std"][0] == std
    assert found["scale"][0] == [0, 1]
    assert "fixed_std" not in found
    assert found["id"][1]


def test_means_alone_get_a_deviation_that_is_said_to_be_a_guess(tmp_path: Path) -> None:
    rows = [f"{i},{1 + i},{9 - i}" for i in range(9)]
    found = guess(table(tmp_path, "Number,Valence,Energy", *rows))
    assert found["arousal_mean"] == ("Energy", False)
    assert found["fixed_std"] == (0.1, False)
    assert found["scale"] == ([1, 9], True)


@pytest.mark.parametrize(
    ("low", "high", "scale", "sure"),
    [(-0.9, 0.9, [-1, 1], True), (1, 5, [1, 5], False), (2, 88, [0, 100], True),
     (0.4, 0.5, [0, 1], False), (-200, 3.5, [-200, 4], False)],
)  # fmt: skip
def test_the_scale_is_the_narrowest_usual_one(
    low: float, high: float, scale: list[float], sure: bool, tmp_path: Path
) -> None:
    found = guess(table(tmp_path, "id,valence,arousal", f"1,{low},{low}", f"2,{high},{high}"))
    assert found["scale"] == (scale, sure)


def test_quadrants_are_known_by_what_stands_there(tmp_path: Path) -> None:
    found = guess(table(tmp_path, "Song,where", "a,Q1", "b,Q3", "c,Q1"))
    assert found["quadrant"] == ("where", True)
    found = guess(table(tmp_path, "Song,Class", "a,1", "b,4"))
    assert found["quadrant"] == ("Class", False)


def test_classes_and_votes(tmp_path: Path) -> None:
    rows = [f"{i},{'calm' if i % 2 else 'wild'},{i % 3}" for i in range(6)]
    found = guess(table(tmp_path, "id,emotion,year", *rows))
    assert found["category"] == ("emotion", True)
    assert found["categories"] == (["calm", "wild"], True)
    rows = [f"{i},0.{i},0.5,3" for i in range(6)]
    found = guess(table(tmp_path, "id,sadness,joy,tension", *rows))
    assert found["votes"] == (["sadness", "joy", "tension"], False)


def test_groups_and_published_parts(tmp_path: Path) -> None:
    rows = [f"{i},0.{i},0.5,X{i % 2},{['train', 'test', 'val'][i % 3]}" for i in range(6)]
    found = guess(table(tmp_path, "id,valence,arousal,artist name,split", *rows))
    assert found["group"] == ("artist name", True)
    assert found["split"] == ("split", True)


def test_what_is_said_is_taken_and_decides_the_rest(tmp_path: Path) -> None:
    rows = [f"{i},{i},{8 - i},1,x{i % 2}" for i in range(9)]
    path = table(tmp_path, "id,pleasantness index,tempo,spread,mood", *rows)
    found = guess(path, arousal_mean="tempo", valence_mean="pleasantness index")
    assert found["scale"][0] == [0, 10]
    assert "category" not in found
    assert guess(path, category="mood")["categories"][0] == ["x0", "x1"]
    assert guess(path, Task.CLASSES)["category"][0] == "mood"


def test_a_table_without_audio_has_features_or_is_refused(tmp_path: Path) -> None:
    path = table(tmp_path, f"id,label,{FEATURES}", f"a,Q1,{VALUES}", f"b,Q2,{VALUES}")
    found = {g.parameter: g.value for g in guesses(path, None, None, {}, SPLITS)}
    assert found["features"] == [f"f{i}" for i in range(5)]
    path = table(tmp_path, "id,label", "a,Q1", "b,Q2")
    with pytest.raises(TableError, match="no columns of features; say with --data where"):
        guesses(path, None, None, {}, SPLITS)


def test_a_table_of_no_labels_says_which_columns_it_has(tmp_path: Path) -> None:
    path = table(tmp_path, "id,year", "a,1970", "b,1971")
    with pytest.raises(TableError, match=r"none of its columns \(id, year\) looks like labels"):
        guess(path)


def test_a_column_with_a_few_faults_is_one_of_numbers_still() -> None:
    assert len(GuessedColumn("valence", ("0.1", "0.2", "0.3", "0.4", "")).numbers) == 4
    assert GuessedColumn("valence", ("0.1", "x", "y")).numbers == ()
    assert GuessedColumn("valence", ("0,1", "0,25")).numbers == (0.1, 0.25)


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        ("deam_corrected_01.csv", {"valence_mean": "valence_mean", "arousal_std": "arousal_std"}),
        ("eerola_soundtrack110.csv", {"valence_mean": "Valence", "group": "soundtrack"}),
        ("emomusic_splits.csv", {"arousal_mean": "arousal_z", "group": "artist", "split": "split"}),
        ("taffc2018_4q_labels.csv", {"quadrant": "Quadrant", "id": "Song"}),
        ("turkish_acoustic_features.csv", {"quadrant": "Class", "id": None}),
    ],
)
def test_real_tables(file: str, expected: dict[str, Any], shared: Path) -> None:
    found = guess(shared / "data/labels" / file)
    assert {key: found[key][0] for key in expected} == expected
