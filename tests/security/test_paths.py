"""Names in a stranger's files lead nowhere: not out of the leaderboard, not through a link."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from hostile import edit, everything, rename_cell

from merbench.errors import MerbenchError
from merbench.leaderboard import run_results
from merbench.pages import site
from merbench.publishing.publish import publish
from merbench.runs import record
from merbench.verification.board_check import verify_board


@pytest.fixture
def run(two_runs, tmp_path) -> Path:
    return Path(shutil.copytree(two_runs[1], tmp_path / "inbox" / "run"))


@pytest.mark.parametrize("name", ["../../evil", "/tmp/evil", "a/b", "..", "", "-x", "x\n", 7, None])
@pytest.mark.parametrize("key", ["name", "run"])
def test_a_name_that_is_none_is_refused_before_anything_is_written(run, tmp_path, key, name):
    edit(run, lambda manifest: manifest.update({key: name}))
    before = everything(tmp_path)
    with pytest.raises(MerbenchError, match=rf"its {key} .* is not a letter or a digit"):
        publish(run, tmp_path / "board")
    assert everything(tmp_path) == before


def test_a_cell_named_like_a_path_reaches_no_page(run, tmp_path):
    rename_cell(run, "../../../pwned")
    before = everything(tmp_path)
    for reads in (record.read_record, run_results.read_results):
        with pytest.raises(MerbenchError, match=r"the cell '\.\./\.\./\.\./pwned' is not a letter"):
            reads(run)
    assert everything(tmp_path) == before


def test_a_cell_named_like_a_path_in_the_tables_alone_reaches_no_page(board):
    for name in ("leaderboard.csv", "folds.csv", "comparisons.csv", "separators.csv"):
        text = (board / name).read_text()
        cell = record.read_record(next((board / "submissions").iterdir())).manifest["cells"][0][
            "id"
        ]
        (board / name).write_text(text.replace(cell, "../../../pwned"))
    predictions = record.read_run_table(board / "predictions.parquet")
    predictions["cell"] = predictions["cell"].replace(cell, "../../../pwned")
    record.write_parquet([predictions], board / "predictions.parquet")
    before = everything(board.parent)
    with pytest.raises(MerbenchError, match=r"cell '\.\./\.\./\.\./pwned' is not a letter"):
        site.write(board)
    assert everything(board.parent) == before


@pytest.mark.parametrize("name", ["index.html", "systems"])
def test_pages_are_not_written_through_links(board, tmp_path, name):
    elsewhere = tmp_path / "elsewhere"
    shutil.move(board / name, elsewhere)
    (board / name).symlink_to(elsewhere)
    held = elsewhere.read_bytes() if elsewhere.is_file() else everything(elsewhere)
    with pytest.raises(MerbenchError, match="is a symbolic link"):
        site.write(board)
    assert held == (elsewhere.read_bytes() if elsewhere.is_file() else everything(elsewhere))


def test_a_submission_that_is_a_link_is_a_fault(board, tmp_path):
    first = next((board / "submissions").iterdir())
    shutil.move(first, tmp_path / first.name)
    first.symlink_to(tmp_path / first.name)
    (found, *_) = verify_board(board, pages=False).differences
    assert found.startswith(f"submissions/{first.name}: {first.name} is a symbolic link, which bel")
