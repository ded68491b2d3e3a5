"""Files that are there whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from merbench.whole_files import replacing


def test_a_file_takes_its_place_when_all_went_well_and_only_then(tmp_path: Path) -> None:
    target = tmp_path / "file"
    with replacing(target) as part:
        part.write_text("first")
        assert not target.exists()

    def broken_off() -> None:
        with replacing(target) as part:
            part.write_text("half of the sec")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        broken_off()
    assert target.read_text() == "first"
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
