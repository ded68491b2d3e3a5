"""Anything at all in a stranger's files: a sentence or nothing, never a traceback.

`MERBENCH_FUZZ=50` tries fifty times as much as the suite does.
"""

from __future__ import annotations

import contextlib
import copy
import csv
import io
import json
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml
from hypothesis import Phase, given
from hypothesis import strategies as st

from drawn import TIMES, drawn
from merbench import csv_text
from merbench.benchmark.document import read_document
from merbench.benchmark.resolving import resolve
from merbench.benchmark.schema import parse
from merbench.errors import MerbenchError
from merbench.plugins.registry import Registry
from merbench.runs import record
from merbench.runs.row_columns import metric_columns
from merbench.scoring.score_file import score_file
from merbench.verification.board_check import Verdict, verify_submission
from merbench_plugins.checkpoints.opening import SafetensorsCheckpoint
from merbench_plugins.datasets.archives import unpacked_to
from tinybench import SPEC


def tried(examples: int) -> Any:
    return drawn(
        examples,
        # The suite tries the same each time, and does not look for the smallest that fails.
        derandomize=TIMES == 1,
        phases=[Phase.generate] if TIMES == 1 else tuple(Phase),
    )


@contextlib.contextmanager
def ours() -> Iterator[None]:
    """Let nothing out but an error of ours, which is one sentence."""
    said = ""
    try:
        yield
    except MerbenchError as error:
        said = str(error)
    assert "\n" not in said


TEXTS = st.one_of(
    st.text(max_size=12),
    st.sampled_from(
        ["", "..", "../../x", "/tmp/x", "=1+1", "<script>", "\0", "a" * 300, "NaN", "{}", "é"]
    ),
)
VALUES = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(2**70), 2**70),
        st.floats(),
        TEXTS,
        st.sampled_from([10**9, -1, 0, 1e308]),
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(TEXTS, inner, max_size=3)),
    max_leaves=5,
)


def places(document: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in a document of JSON values."""
    items: list[tuple[Any, Any]] = []
    if isinstance(document, dict):
        items = list(document.items())
    elif isinstance(document, list):
        items = list(enumerate(document[:3]))
    return [at] * bool(at) + [p for key, value in items for p in places(value, (*at, key))]


def changed(document: Any, at: tuple[Any, ...], value: Any) -> Any:
    """A document with another value in one of its places; without it for `...`."""
    document = copy.deepcopy(document)
    holder = document
    for key in at[:-1]:
        holder = holder[key]
    if value is ...:
        del holder[at[-1]]
    else:
        holder[at[-1]] = value
    return document


# --- submissions ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def given_submission(published: Path, tmp_path_factory) -> Path:
    """A submission in a folder of its own, to be changed and put right again."""
    source = min(
        (published / "submissions").iterdir(), key=lambda p: (p / "manifest.json").stat().st_size
    )
    return Path(shutil.copytree(source, tmp_path_factory.mktemp("fuzz") / source.name))


def faults(folder: Path) -> list[str]:
    """What verification says; never an error, and never a sentence of several lines."""
    verdict = Verdict()
    verify_submission(folder, {}, verdict, Registry())
    return verdict.differences


UNCHECKED = {"started", "seconds", "base", "bases", "skipped", "tasks", "failures", "errors",
             "packages", "git", "hardware", "schema", "merbench", "sources", "homepage", "licence",
             "citation", "authors", "version", "source", "tables", "error", "marks", "synthetic",
             "labels_public", "plugin", "plugins", "paper", "engine", "submission",
             "shift"}  # fmt: skip
"""What in a manifest nothing else in a submission follows from, or what another check is for."""


@tried(30)
@given(data=st.data())
def test_any_change_of_a_manifest_is_a_fault_or_no_matter(given_submission, data):
    path = given_submission / "manifest.json"
    text = path.read_text()
    document = json.loads(text)
    at = data.draw(st.sampled_from(places(document)))
    value = data.draw(st.one_of(VALUES, st.just(...)))
    try:
        path.write_text(json.dumps(changed(document, at, value)))
        before = {entry.name for entry in given_submission.parent.iterdir()}
        found = faults(given_submission)
        assert {entry.name for entry in given_submission.parent.iterdir()} == before
    finally:
        path.write_text(text)
    old, nothing = _at(document, at), ({}, [], None, "")
    # What is empty says the same as what is missing.
    if old in nothing:
        same = value is ... or value in nothing
    else:
        same = value is not ... and json.dumps(value) == json.dumps(old)
    if not found and not same:
        assert UNCHECKED & set(map(str, at)), (at, value)


def _at(document: Any, at: tuple[Any, ...]) -> Any:
    for key in at:
        document = document[key]
    return document


@tried(30)
@given(
    name=st.sampled_from(["manifest.json", "folds.parquet", "predictions.parquet"]),
    start=st.floats(0, 1),
    put=st.binary(max_size=8),
    take=st.integers(0, 200),
)
def test_any_damage_to_a_file_of_a_submission_is_a_fault(given_submission, name, start, put, take):
    path = given_submission / name
    held = path.read_bytes()
    at = int(start * len(held))
    damaged = held[:at] + put + held[at + take :]
    try:
        path.write_bytes(damaged)
        found = faults(given_submission)
    finally:
        path.write_bytes(held)
    assert found or damaged == held or name == "manifest.json"
    assert faults_of_text(found)


def faults_of_text(found: list[str]) -> bool:
    return all("\n" not in line for line in found)


@tried(25)
@given(data=st.data())
def test_any_value_in_a_table_of_a_submission_is_a_fault(given_submission, data):
    name = data.draw(st.sampled_from(["folds.parquet", "predictions.parquet"]))
    path = given_submission / name
    held, manifest = path.read_bytes(), (given_submission / "manifest.json").read_text()
    frame = pd.read_parquet(path)
    row = data.draw(st.integers(0, len(frame) - 1))
    free = {"seconds", "cpu_seconds", "fit_seconds", "predict_seconds", "peak_memory_mb", "host",
            "curve", "trials", "synthetic", "error"}  # fmt: skip
    if frame["dataset"].iloc[row] == "noise":  # without its labels nobody can tell
        metrics = metric_columns(frame) if name == "folds.parquet" else ["kl"]
        free |= {*metrics, *(c for c in frame.columns if c.startswith("predicted_"))}
    column = data.draw(st.sampled_from([c for c in frame.columns if c not in free]))
    old = frame[column].iloc[row]
    new = data.draw(TEXTS if isinstance(old, str) else st.floats(width=32))
    frame[column] = [new if i == row else v for i, v in enumerate(frame[column].tolist())]
    try:
        record.write_parquet([frame], path)
        from tampered import refresh

        refresh(given_submission)
        found = faults(given_submission)
    finally:
        path.write_bytes(held)
        (given_submission / "manifest.json").write_text(manifest)
    same = new == old or (pd.isna(new) and pd.isna(old))
    if isinstance(old, float) and isinstance(new, float):
        same = same or abs(new - old) <= 1e-9 * max(1.0, abs(old))
    assert found or same, (name, column, row, old, new)


# --- benchmark files ------------------------------------------------------------------------------

MARKS = st.lists(
    st.sampled_from(
        ["a", "b:", "- ", "\n", "  ", "[", "]", "{", "}", "&x ", "*x ", "<<: ", "!!int ", "'", '"',
         "|\n", "? ", "#", "1", "1:2", "0x", "~", "\t", "%YAML 9.9\n", "---\n", "é", "\x00", ",",
         "!!python/object:os.system "]
    ),
    max_size=25,
).map("".join)  # fmt: skip


@tried(250)
@given(text=st.one_of(MARKS, st.text(max_size=40), st.binary(max_size=40)))
def test_any_text_is_a_benchmark_file_or_an_error_of_ours(tmp_path_factory, text):
    path = tmp_path_factory.getbasetemp() / "fuzz.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass"))
    with ours():
        parse(read_document(path))


@tried(120)
@given(data=st.data())
def test_any_change_of_a_benchmark_file_is_one_or_an_error_of_ours(
    tmp_path_factory, two_runs, data
):
    path = tmp_path_factory.getbasetemp() / "fuzz.yaml"
    at = data.draw(st.sampled_from(places(SPEC)))
    value = data.draw(st.one_of(VALUES, st.just(...)))
    path.write_text(yaml.safe_dump(changed(SPEC, at, value), allow_unicode=True))
    if "registry" not in _known:
        _known["registry"] = two_runs[0].registry()
    try:
        document = read_document(path)
        resolve(document, parse(document), _known["registry"])
    except MerbenchError:
        pass


_known: dict[str, Registry] = {}


# --- CSV ------------------------------------------------------------------------------------------

RISKY = st.lists(st.sampled_from("'=+-@\t\r\n;,\"ab＝ "), max_size=10).map("".join)


@tried(400)
@given(text=st.one_of(RISKY, st.text()))
def test_any_text_comes_back_from_a_csv_file_and_starts_no_formula(text):
    safe = csv_text.harmless(text)
    assert csv_text.original(safe) == text
    assert not safe.startswith(tuple("=+-@\t\r"))
    (row,) = csv.reader(io.StringIO(csv_text.rows_text([text, "x"], []), newline=""))
    assert len(row) == 2
    assert csv_text.original(row[0]) == text


@tried(60)
@given(
    texts=st.lists(
        st.one_of(RISKY, st.text(st.characters(exclude_categories=["Cs"]))), min_size=1, max_size=4
    )
)
def test_any_table_comes_back_from_its_csv_file(tmp_path_factory, texts):
    path = tmp_path_factory.getbasetemp() / "fuzz.csv"
    table = pd.DataFrame({"number": -1.5, "=text": texts})
    path.write_text(csv_text.table_text(table), encoding="utf-8", newline="")
    back = csv_text.read_csv(path, {"'=text": str})
    assert list(back.columns) == ["number", "=text"]
    read = ["" if value != value else value for value in back["=text"]]
    lost = {"", "NA", "NaN", "nan", "null", "NULL", "None", "N/A", "n/a"}
    assert [t for t in read if t not in lost] == [t for t in texts if t not in lost]


@tried(120)
@given(text=st.one_of(st.text(max_size=60), st.binary(max_size=60), RISKY))
def test_any_file_of_predictions_is_scored_or_an_error_of_ours(tmp_path_factory, text):
    path = tmp_path_factory.getbasetemp() / "predictions.csv"
    head = b"id,gt_valence_mean,gt_arousal_mean,gt_valence_std,gt_arousal_std,"
    head += (
        b"a_valence_mean,a_arousal_mean,a_valence_std,a_arousal_std\n1,.5,.5,.1,.1,.4,.5,.1,.1\n"
    )
    path.write_bytes(head + (text if isinstance(text, bytes) else text.encode("utf-8", "replace")))
    with ours():
        score_file(path, id="id", truth="gt", predictions="a", task="va")


# --- weights and archives -------------------------------------------------------------------------


@tried(200)
@given(
    header=st.dictionaries(TEXTS, VALUES, max_size=2),
    body=st.binary(max_size=20),
    cut=st.integers(0, 12),
)
def test_any_safetensors_are_read_or_an_error_of_ours(tmp_path_factory, header, body, cut):
    path = tmp_path_factory.getbasetemp() / "fuzz.safetensors"
    text = json.dumps(header).encode()
    data = len(text).to_bytes(8, "little") + text + body
    path.write_bytes(data[: len(data) - cut])
    with ours():
        checkpoint = SafetensorsCheckpoint(path)
        for name in checkpoint.shapes:
            checkpoint.read(name)


@tried(120)
@given(start=st.floats(0, 1), put=st.binary(max_size=6), take=st.integers(0, 40))
def test_any_archive_is_unpacked_or_an_error_of_ours(tmp_path_factory, start, put, take):
    folder = tmp_path_factory.mktemp("archive")
    path = folder / "data.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("../labels.csv", bytes(range(100)) * 3)
        archive.writestr("b/c.txt", b"text")
    held = path.read_bytes()
    at = int(start * len(held))
    path.write_bytes(held[:at] + put + held[at + take :])
    with ours(), contextlib.suppress(OSError):  # of the disk, for a name that is none there
        unpacked_to(path, folder / "inside")
    assert {entry.name for entry in folder.iterdir()} <= {"data.zip", "inside"}
    shutil.rmtree(folder)
