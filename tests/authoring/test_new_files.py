"""Nothing of a user's is overwritten."""

from __future__ import annotations

from pathlib import Path

import pytest

from merbench.authoring.new_files import write_new
from merbench.errors import MerbenchError


def test_all_files_are_written_or_none(tmp_path: Path) -> None:
    first, second = tmp_path / "deep/first", tmp_path / "second"
    write_new({first: "one", second: "two"})
    assert (first.read_text(), second.read_text()) == ("one", "two")
    third = tmp_path / "third"
    with pytest.raises(MerbenchError, match="second is there already, and nothing is overwritten"):
        write_new({third: "", second: ""})
    assert not third.exists()
    assert second.read_text() == "two"


def test_a_link_to_nowhere_is_there_as_well(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    with pytest.raises(MerbenchError, match="is there already"):
        write_new({tmp_path / "link": ""})


def test_a_file_in_the_way_of_a_folder_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(MerbenchError, match=r"cannot be written \(.*\); choose another folder"):
        write_new({tmp_path / "file/inside": ""})
