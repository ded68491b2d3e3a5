"""`merbench weights`: list and fetch."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from served import Server, serving

CONTENT = bytes(range(256)) * 20_000
PLUGIN = '''
from merbench import KnownWeights, Separator, Weights, WeightsFile, hookimpl


class SmallWeights(Weights):
    known = (
        KnownWeights(
            "small-1",
            summary="a small network",
            licence="CC0",
            source="https://example.org/small",
            files=(WeightsFile("SHA256", "URL", size=5_120_000),),
        ),
    )


class Small(Separator):
    """Has weights."""

    name = "small"
    weights: SmallWeights = SmallWeights("small-1")

    def separate(self, waveform, sample_rate, *, device):
        return {stem: waveform for stem in self.stems}


@hookimpl
def merbench_separators():
    yield Small
'''


@pytest.fixture
def server(call, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A server with the weights of a plugin in the current folder."""
    monkeypatch.setenv("MERBENCH_OFFLINE", "0")
    with serving() as served:
        served.files["w.pt"] = CONTENT
        digest = hashlib.sha256(CONTENT).hexdigest()
        source = PLUGIN.replace("SHA256", digest).replace("URL", served.url("w.pt"))
        Path("plugins").mkdir()
        Path("plugins/small.py").write_text(source)
        yield served


def listed(call) -> dict[str, dict]:
    done = call("weights", "list", "--json")
    assert done.status == 0, done
    return {document["name"]: document for document in done.json}


def test_all_known_weights_are_listed(call, server: Server) -> None:
    small = listed(call)["small-1"]
    assert {k: small[k] for k in ("plugin", "size", "licence", "source", "state")} == {
        "plugin": "small",
        "size": 5_120_000,
        "licence": "CC0",
        "source": "https://example.org/small",
        "state": "missing",
    }
    shipped = listed(call)["merbench"]
    assert (shipped["plugin"], shipped["state"]) == ("wave-u-net", "here")
    assert {"htdemucs", "htdemucs_ft", "deezer-2stems"} <= set(listed(call))
    table = call("weights", "list").stdout
    (row,) = [line for line in table.splitlines() if "small-1" in line]
    assert "5 MB" in row
    assert "missing" in row
    assert not server.asked


def test_a_broken_download_is_resumed(call, server: Server) -> None:
    server.breaks_after = 3_000_000
    assert "3,000,000 of 5,120,000 bytes" in call("weights", "fetch", "small-1").stderr
    server.breaks_after = None
    done = call("weights", "fetch", "small/small-1")
    assert done.status == 0, done
    assert "100%  w.pt" in done.stderr
    path = Path(done.stdout.strip().removeprefix("small-1: "))
    assert path.read_bytes() == CONTENT
    assert server.asked[1:] == [("w.pt", "bytes=3000000-")]
    assert listed(call)["small-1"]["state"] == "here"
    path.write_bytes(b"")
    assert listed(call)["small-1"]["state"] == "damaged"


def test_taken_from_a_file(call, server: Server, tmp_path: Path) -> None:
    got = tmp_path / "by-post.bin"
    got.write_bytes(CONTENT[:-1])
    assert "is w.pt of small-1, whose SHA-256 is" in (
        call("weights", "fetch", "small-1", "--from", got).error
    )
    got.write_bytes(CONTENT)
    assert call("weights", "fetch", "small-1", "--from", got).status == 0
    assert listed(call)["small-1"]["state"] == "here"
    assert not server.asked


def test_names_that_nobody_knows(call, server: Server) -> None:
    assert call("weights", "fetch", "small-2").error == (
        "no plugin here knows weights 'small-2'; did you mean 'small-1'?"
    )


def test_two_plugins_with_other_weights_of_one_name(call, server: Server) -> None:
    source = Path("plugins/small.py").read_text()
    Path("plugins/same.py").write_text(source.replace('name = "small"', 'name = "same"'))
    assert call("weights", "fetch", "small-1").status == 0
    other = source.replace('name = "small"', 'name = "other"')
    Path("plugins/other.py").write_text(other.replace('WeightsFile("', 'WeightsFile("0'))
    assert call("weights", "fetch", "small-1").error.endswith(
        "know different weights small-1; say which, as in other/small-1"
    )
    assert call("weights", "fetch", "small/small-1").status == 0
