"""`publish --to` whatever lies there: refused or done, nothing lost, nothing left behind."""

from __future__ import annotations

from pathlib import Path

import pytest
from hostile import everything, write_no_pages
from published import contents

from merbench.errors import MerbenchError
from merbench.pages import site
from merbench.publishing import rebuild
from merbench.publishing.publish import publish

pytestmark = pytest.mark.usefixtures("undrawn")


@pytest.fixture(autouse=True)
def _quickly(monkeypatch):
    monkeypatch.setattr(site, "write", write_no_pages)


def test_a_file_is_refused_and_stays(short_runs, tmp_path):
    (tmp_path / "board").write_text("precious")
    with pytest.raises(MerbenchError, match="is a file, and a leaderboard is a folder"):
        publish(short_runs[0], tmp_path / "board")
    assert (tmp_path / "board").read_text() == "precious"
    assert everything(tmp_path) == {"board"}


def test_a_folder_of_something_else_is_refused_and_stays(short_runs, tmp_path):
    (tmp_path / "home" / "thesis").mkdir(parents=True)
    with pytest.raises(MerbenchError, match="holds thesis and no leaderboard"):
        publish(short_runs[0], tmp_path / "home")
    assert everything(tmp_path) == {"home", "home/thesis"}


def test_through_a_link_the_folder_it_points_to_is_written(short_runs, tmp_path):
    publish(short_runs[0], tmp_path / "real" / "board")
    (tmp_path / "link").symlink_to(tmp_path / "real" / "board")
    publish(short_runs[1], tmp_path / "link")
    assert (tmp_path / "link").is_symlink()
    assert len(list((tmp_path / "real" / "board" / "submissions").iterdir())) == 2
    assert {path.name for path in tmp_path.iterdir()} == {"real", "link"}
    assert {path.name for path in (tmp_path / "real").iterdir()} == {"board"}


@pytest.mark.parametrize("act", ["edited", "added", "removed"])
def test_a_folder_that_is_edited_meanwhile_keeps_the_edit(
    short_runs, first_board, monkeypatch, act
):
    folder = first_board
    genuine = rebuild.rebuild

    def meanwhile(copy: Path) -> object:
        if act == "edited":
            (folder / "README.md").write_text("mine")
        elif act == "added":
            (folder / "reported").mkdir()
        else:
            (folder / "index.html").unlink()
        return genuine(copy)

    monkeypatch.setattr(rebuild, "rebuild", meanwhile)
    with pytest.raises(MerbenchError, match="was edited by somebody else meanwhile; nothing was"):
        publish(short_runs[1], folder)
    assert len(list((folder / "submissions").iterdir())) == 1
    assert (folder / "README.md").exists() == (act == "edited")
    assert (folder / "reported").exists() == (act == "added")
    assert (folder / "index.html").exists() == (act != "removed")
    assert [path.name for path in folder.parent.iterdir()] == ["board"]


def test_what_killed_publishes_left_is_cleared_by_the_next_and_nothing_else(
    short_runs, first_board
):
    folder = first_board
    for name in (".board.unfinished-0123abcd", ".board.before"):
        (folder.parent / name / "submissions").mkdir(parents=True)
    (folder.parent / ".board.unfinished-of-mine").mkdir()
    (folder.parent / ".boards.unfinished-0123abcd").mkdir()
    publish(short_runs[1], folder)
    left = {path.name for path in folder.parent.iterdir()}
    assert left == {"board", ".board.unfinished-of-mine", ".boards.unfinished-0123abcd"}


def test_a_publish_killed_between_its_renames_is_undone_by_the_next(short_runs, first_board):
    folder = first_board
    before = {name: held for name, held in contents(folder).items() if not name.startswith("..")}
    folder.rename(folder.with_name(".board.before"))
    publish(short_runs[0], folder)  # again, which changes nothing
    assert contents(folder) == before
