"""Taking a submission back."""

from __future__ import annotations

import pytest
from published import contents

from merbench.errors import MerbenchError
from merbench.leaderboard import published_folder
from merbench.publishing import rebuild
from merbench.publishing.publish import publish
from merbench.publishing.unpublish import unpublish
from merbench.runs import record
from merbench.verification.board_check import verify_board

pytestmark = pytest.mark.usefixtures("undrawn")


def test_what_is_taken_back_leaves_the_leaderboard_as_it_was(short_runs, first_board):
    folder = first_board
    before = contents(folder)
    second = publish(short_runs[1], folder).submission
    run = record.read_record(second).manifest["run"]
    done = unpublish(run[:8], folder)
    assert contents(folder) == before
    assert any(move.after == 0 for move in done.moves)
    assert verify_board(folder).differences == []


def test_mistakes_change_nothing(board, first_board, monkeypatch):
    before = contents(board)
    names = [path.name for path in published_folder.submission_folders(board)]
    with pytest.raises(MerbenchError, match=r"has no submission 'tiny-1'; .*tiny-"):
        unpublish("tiny-1", board)

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(rebuild, "rebuild", stop)
    with pytest.raises(KeyboardInterrupt):
        unpublish(names[0], board)
    assert contents(board) == before
    monkeypatch.undo()
    (only,) = published_folder.submission_folders(first_board)
    with pytest.raises(MerbenchError, match="the only submission"):
        unpublish(only.name, first_board)
