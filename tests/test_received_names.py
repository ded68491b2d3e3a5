"""The grammar of names, and paths that stay inside."""

from __future__ import annotations

import pytest

from merbench.errors import MerbenchError
from merbench.received_names import inside, is_line, is_name


@pytest.mark.parametrize("name", ["a", "emopia-a01a10b2", "0f0a", "v1.2_x", "a" * 100, "a..b"])
def test_names(name, tmp_path):
    assert is_name(name)
    assert inside(tmp_path, name) == tmp_path / name


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "..",
        ".a",
        "-a",
        "_a",
        "a/b",
        "a\\b",
        "/a",
        "a\n",
        "a b",
        "é",
        "a" * 101,
        7,
        None,
        [],
    ],
)
def test_no_names(name):
    assert not is_name(name)


@pytest.mark.parametrize("name", ["", "..", "a/../b", "/a", "a//b", "a/", "~", "a\0"])
def test_no_path_leads_out(name, tmp_path):
    with pytest.raises(MerbenchError, match="cannot be the name of a file in"):
        inside(tmp_path, name)


def test_no_link_leads_out(tmp_path):
    (tmp_path / "board").mkdir()
    (tmp_path / "board" / "systems").symlink_to(tmp_path)
    with pytest.raises(MerbenchError, match="systems is a symbolic link"):
        inside(tmp_path / "board", "systems/a.html")
    assert inside(tmp_path / "board", "tables/a.html").name == "a.html"


def test_a_board_may_be_reached_by_a_link(tmp_path):
    (tmp_path / "board").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "board")
    assert inside(tmp_path / "link", "a.html") == tmp_path / "link" / "a.html"


def test_lines():
    assert is_line("mein Stück (k=3) + é")
    assert not any(map(is_line, ["a\nb", "\x1b[2J", "a\u202eb", "x" * 2001, 7]))
