"""A published folder changes whole or not at all."""

from __future__ import annotations

import pytest

from merbench.leaderboard import published_folder
from merbench.publishing.publish import publish

pytestmark = pytest.mark.usefixtures("undrawn")


def test_a_swap_that_was_killed_half_way_is_undone_by_the_next_publication(short_runs, first_board):
    folder = first_board
    folder.rename(folder.with_name(".board.before"))
    assert publish(short_runs[1], folder).moves
    assert len(published_folder.submission_folders(folder)) == 2
    assert [path.name for path in folder.parent.iterdir()] == ["board"]
