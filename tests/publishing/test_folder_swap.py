"""A folder takes another's place whole, or stays as it was."""

from __future__ import annotations

from pathlib import Path

import pytest

from merbench.errors import MerbenchError
from merbench.publishing import folder_swap
from merbench.publishing.folder_swap import (
    alone,
    clear_half_swaps,
    copied,
    folder_state,
    leaderboard_place,
    swap_in,
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "board"
    place.mkdir()
    (place / "table.csv").write_text("old")
    return place


@pytest.mark.parametrize("by_exchange", [True, False])
def test_an_edited_copy_takes_the_folders_place(folder: Path, monkeypatch, by_exchange: bool):
    if not by_exchange:  # as on some drives
        monkeypatch.setattr(folder_swap, "exchanged", lambda *_: False)
    before = folder_state(folder)
    with alone(folder), copied(folder) as copy:
        (copy / "table.csv").write_text("new")
        swap_in(copy, folder, before)
    assert (folder / "table.csv").read_text() == "new"
    assert [path.name for path in folder.parent.iterdir()] == ["board"]


@pytest.mark.parametrize("by_exchange", [True, False])
def test_what_somebody_else_edited_meanwhile_stays(folder: Path, monkeypatch, by_exchange: bool):
    if not by_exchange:
        monkeypatch.setattr(folder_swap, "exchanged", lambda *_: False)
    before = folder_state(folder)
    with copied(folder) as copy:
        (folder / "table.csv").write_text("somebody else's")
        with pytest.raises(MerbenchError, match="edited by somebody else meanwhile"):
            swap_in(copy, folder, before)
    assert (folder / "table.csv").read_text() == "somebody else's"
    assert [path.name for path in folder.parent.iterdir()] == ["board"]


def test_half_a_swap_is_undone_and_what_is_left_is_cleared(folder: Path):
    folder.rename(folder.with_name(".board.before"))
    folder.with_name(".board.unfinished-01234567").mkdir()
    kept = folder.with_name(".board.unfinished-by-hand")
    kept.mkdir()
    clear_half_swaps(folder)
    assert (folder / "table.csv").read_text() == "old"
    assert {path.name for path in folder.parent.iterdir()} == {"board", kept.name}


def test_a_leaderboard_has_no_place_among_other_things(folder: Path, tmp_path: Path):
    with pytest.raises(MerbenchError, match=r"holds table\.csv and no leaderboard"):
        leaderboard_place(folder)
    with pytest.raises(MerbenchError, match="is a file"):
        leaderboard_place(folder / "table.csv")
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "new")
    assert leaderboard_place(link) == tmp_path / "new"
