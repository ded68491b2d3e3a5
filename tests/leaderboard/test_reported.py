"""Numbers that papers print."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pytest

from merbench.errors import MerbenchError
from merbench.leaderboard.published_folder import reported_numbers
from merbench.leaderboard.reported import COLUMNS, read_reported

FOLDER = Path(__file__).resolve().parents[2] / "leaderboard"


def papers(shared: Path, name: str) -> str:
    (path,) = (shared / "papers").glob(f"{name}*.txt")
    return path.read_text()


def test_ours_are_read_and_say_where_each_number_stands():
    table = reported_numbers(FOLDER)
    assert table is not None
    assert list(table.columns) == COLUMNS
    assert set(table["status"]) == {"reported", "corrected"}
    assert not table.duplicated(["system", "dataset", "metric", "source"]).any()
    assert table["source"].str.contains("20").all()


def test_nguyen_2022_is_as_printed(shared):
    table = reported_numbers(FOLDER)
    text = papers(shared, "nguyen-2022")
    rows = re.findall(r"^(\d+)\t([\d.]+)\t([\d.]+)\t([\d.]+)\t([\d.]+)\t([\d.]+)$", text, re.M)
    assert len(rows) == 20
    for place, (iteration, *numbers) in enumerate(rows):
        source = f"Nguyen et al. (2022), Table {1 + place // 10}, iteration {iteration}"
        ours = table[table["source"] == source]
        assert sorted(ours["value"]) == sorted(map(float, numbers))
        by = ours.set_index(["metric", "system"])["value"]
        assert by["kl_mean"].to_dict() == {
            system: float(number)
            for system, number in zip(sorted(by["kl_mean"].index), numbers[:2], strict=True)
        }


def test_louro_2024_is_as_printed(shared):
    table = reported_numbers(FOLDER)
    text = papers(shared, "louro-2024")
    rows = re.findall(r"^(.+)\t(.+)%.*\t(.+)%.*\t(.+)%.*$", text, re.M)
    assert len(rows) == 15
    for name, *numbers in rows:
        system = re.sub(r"</?b>", "", name)
        ours = table[(table["system"] == system) & table["source"].str.startswith("Louro")]
        printed = [float(re.sub(r"</?b>", "", number)) / 100 for number in numbers]
        assert ours["value"].tolist() == pytest.approx(printed)


def test_realigned_rows_are_those_of_a_system_that_hears(shared):
    """The corrected KL lies far below the printed one, and below a constant's (1.03)."""
    table = reported_numbers(FOLDER)
    corrected = table[(table["status"] == "corrected") & (table["metric"] == "kl_mean")]
    assert len(corrected) == 20
    assert corrected["value"].between(0.5, 0.8).all()
    p = table[(table["status"] == "corrected") & (table["metric"] == "wilcoxon_p")]["value"]
    assert (p > 0.05).all()


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("a,b,m,x,reported,s,", r"bad.csv:3: value is no number"),
        ("a,b,m,1,guessed,s,", r"bad.csv:3: status is neither reported nor corrected"),
        ("a,b,m,1,reported,,", r"bad.csv:3: there is no source"),
    ],
)
def test_a_line_that_is_no_fact_is_an_error(tmp_path, line, says):
    path = tmp_path / "bad.csv"
    path.write_text(f"{','.join(COLUMNS)}\na,b,m,1,reported,s,\n{line}\n")
    with pytest.raises(MerbenchError, match=says):
        read_reported([path])


def test_a_stray_quote_is_an_error_with_its_line(tmp_path):
    path = tmp_path / "bad.csv"
    path.write_text(f'{",".join(COLUMNS)}\na,b,m,1,reported,s,\n"a,b,m,1,reported,s,\n')
    with pytest.raises(MerbenchError, match=r"bad.csv:3: a double quote opens a cell here"):
        read_reported([path])


def test_other_columns_are_an_error(tmp_path):
    pd.DataFrame({"system": ["a"]}).to_csv(tmp_path / "bad.csv", index=False)
    with pytest.raises(MerbenchError, match=r"bad.csv: its columns must be system, dataset"):
        read_reported([tmp_path / "bad.csv"])
