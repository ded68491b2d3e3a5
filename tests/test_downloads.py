from __future__ import annotations

import fcntl
import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from merbench.downloads import download, matches
from merbench.errors import MerbenchError
from served import Server, serving

CONTENT = bytes(range(256)) * 9000
SHA256 = f"sha256:{hashlib.sha256(CONTENT).hexdigest()}"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("MERBENCH_OFFLINE", "0")
    with serving() as served:
        served.files["w.pt"] = CONTENT
        yield served


def quiet(name: str, share: float) -> None:
    pass


def test_a_file_is_downloaded_once(server: Server, tmp_path: Path) -> None:
    seen: list[tuple[str, float]] = []
    for _ in range(2):
        target = download(
            server.url("w.pt"), SHA256, tmp_path / "a" / "w.pt", lambda *s: seen.append(s)
        )
    assert target.read_bytes() == CONTENT
    assert server.asked == [("w.pt", "")]
    assert [p.name for p in target.parent.iterdir()] == ["w.pt"]
    shares = [share for _, share in seen]
    assert shares[0] == 0.0
    assert shares[-1] == 1.0
    assert len({share for share in shares if 0 < share < 1}) >= 2


def test_one_that_broke_off_goes_on_where_it_was(server: Server, tmp_path: Path) -> None:
    target = tmp_path / "w.pt"
    server.breaks_after = 1_000_000
    with pytest.raises(MerbenchError, match=r"broke after 1,000,000 of 2,304,000 bytes.* is kept$"):
        download(server.url("w.pt"), SHA256, target, quiet)
    assert not target.exists()
    server.breaks_after = None
    download(server.url("w.pt"), SHA256, target, quiet)
    assert target.read_bytes() == CONTENT
    assert server.asked == [("w.pt", ""), ("w.pt", "bytes=1000000-")]


def test_a_server_without_ranges_sends_all_again(server: Server, tmp_path: Path) -> None:
    server.ranges = False
    (tmp_path / "w.pt.part").write_bytes(b"x" * 1000)
    download(server.url("w.pt"), SHA256, tmp_path / "w.pt", quiet)
    assert (tmp_path / "w.pt").read_bytes() == CONTENT


def test_all_had_arrived_but_was_not_renamed(server: Server, tmp_path: Path) -> None:
    (tmp_path / "w.pt.part").write_bytes(CONTENT)
    download(server.url("w.pt"), SHA256, tmp_path / "w.pt", quiet)
    assert (tmp_path / "w.pt").read_bytes() == CONTENT


def test_what_cannot_be_checked_begins_anew(server: Server, tmp_path: Path) -> None:
    (tmp_path / "w.pt.part").write_bytes(b"of another file")
    download(server.url("w.pt"), None, tmp_path / "w.pt", quiet)
    assert (tmp_path / "w.pt").read_bytes() == CONTENT


@pytest.mark.parametrize("start", [b"", b"half of another file"])
def test_another_file_is_not_kept(server: Server, tmp_path: Path, start: bytes) -> None:
    (tmp_path / "w.pt.part").write_bytes(start)
    with pytest.raises(MerbenchError, match="sent another file than the known one"):
        download(server.url("w.pt"), f"sha256:{'0' * 64}", tmp_path / "w.pt", quiet)
    assert not list(tmp_path.iterdir())


def test_a_damaged_file_is_downloaded_again(server: Server, tmp_path: Path) -> None:
    target = tmp_path / "w.pt"
    target.write_bytes(CONTENT[:-1])
    download(server.url("w.pt"), SHA256, target, quiet)
    assert target.read_bytes() == CONTENT


def test_what_the_server_does_not_have(server: Server, tmp_path: Path) -> None:
    with pytest.raises(MerbenchError, match=r"none cannot be downloaded \(Not Found\)"):
        download(server.url("none"), SHA256, tmp_path / "none", quiet)


def test_another_process_downloads_it(server: Server, tmp_path: Path) -> None:
    with (tmp_path / "w.pt.part").open("ab") as part:
        fcntl.flock(part, fcntl.LOCK_EX)
        with pytest.raises(MerbenchError, match="another process is downloading it"):
            download(server.url("w.pt"), SHA256, tmp_path / "w.pt", quiet)
    assert not server.asked


def test_downloads_can_be_forbidden(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MERBENCH_OFFLINE", "1")
    with pytest.raises(MerbenchError, match=r"from http.*/w.pt, which MERBENCH_OFFLINE forbids"):
        download(server.url("w.pt"), SHA256, tmp_path / "w.pt", quiet)
    assert not server.asked
    (tmp_path / "w.pt").write_bytes(CONTENT)
    download(server.url("w.pt"), SHA256, tmp_path / "w.pt", quiet)


def test_checksums_of_any_length_and_kind(tmp_path: Path) -> None:
    path = tmp_path / "f"
    assert not matches(path, SHA256)
    path.write_bytes(CONTENT)
    assert matches(path, SHA256)
    assert matches(path, SHA256[:15].upper().replace("SHA256", "sha256"))
    assert matches(path, f"md5:{hashlib.md5(CONTENT).hexdigest()}")
    assert not matches(path, "md5:0")
    assert not matches(path, "sha256:00000000")
