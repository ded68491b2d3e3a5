"""Merging leaderboards."""

from __future__ import annotations

import json

import pytest
from published import contents

from merbench.errors import MerbenchError
from merbench.leaderboard import published_folder
from merbench.publishing.merge import merge
from merbench.publishing.publish import publish

pytestmark = pytest.mark.usefixtures("undrawn")


def own(folder):
    return {name: data for name, data in contents(folder).items() if not name.startswith("..")}


def test_two_collaborators_boards_become_one(two_runs, published, tmp_path):
    mine, theirs = tmp_path / "a" / "mine", tmp_path / "b" / "theirs"
    (theirs / "reported").mkdir(parents=True)
    (theirs / "reported" / "paper.csv").write_bytes(
        (published / "reported" / "paper.csv").read_bytes()
    )
    publish(two_runs[1], mine)
    publish(two_runs[2], theirs)
    kept = own(theirs)
    done = merge(mine, theirs)
    assert done.changed
    assert own(mine) == own(published)
    assert own(theirs) == kept
    assert not merge(mine, published).changed
    assert own(mine) == own(published)


def test_a_board_that_does_not_verify_is_not_merged_in_part(first_board, board):
    mine = first_board
    before = contents(mine)
    last = published_folder.submission_folders(board)[-1] / "manifest.json"
    document = json.loads(last.read_text())
    document["cells"][0]["id"] = "0" * 12
    last.write_text(json.dumps(document))
    with pytest.raises(MerbenchError, match=r"does not verify .*; nothing was changed"):
        merge(mine, board)
    assert contents(mine) == before


def test_reported_numbers_that_differ_are_named(two_runs, board, tmp_path):
    mine = tmp_path / "a" / "mine"
    (mine / "reported").mkdir(parents=True)
    text = (board / "reported" / "paper.csv").read_text()
    (mine / "reported" / "paper.csv").write_text(text.replace("0.5", "0.6"))
    publish(two_runs[1], mine)
    before = contents(mine)
    with pytest.raises(MerbenchError, match=r"paper.csv in reported/ differs .*nothing was"):
        merge(mine, board)
    assert contents(mine) == before
