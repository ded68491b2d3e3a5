"""Whatever is changed in a published leaderboard is found."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from tampered import Tamper, manifest, secret, submission, table

from merbench.benchmark.protocols import split_hash, splits_of
from merbench.runs import record
from merbench.verification.board_check import verify_board


def cell(frame: pd.DataFrame, name: str, row: int, change: Callable[[Any], Any]) -> None:
    frame.loc[row, name] = change(frame.loc[row, name])


def shown(frame: pd.DataFrame) -> int:
    """The first row of the data set whose labels are public."""
    return int(frame.index[(frame["dataset"] == "shown") & (frame["model"] == "linear")][0])


def plus(name: str, amount: float, where: Callable[[pd.DataFrame], int] = shown) -> Tamper:
    def change(frame: pd.DataFrame) -> None:
        frame.loc[where(frame), name] += amount

    return table("predictions", change)


def leak(document: dict[str, Any]) -> None:
    """Put a clip on both sides' groups, with every hash that follows computed anew."""
    entry = document["datasets"][0]
    first = entry["sides"][0]
    trained, tested = first.index("r"), first.index("t")
    entry["clips"]["group"][trained] = entry["clips"]["group"][tested]
    entry["split_hash"] = split_hash(splits_of(entry["sides"]), entry["clips"]["id"])


def other_sides(document: dict[str, Any]) -> None:
    entry = document["datasets"][0]
    entry["sides"][0] = entry["sides"][0].translate(str.maketrans("rt", "tr"))


def drop(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.drop(index=shown(frame))


def twice(frame: pd.DataFrame) -> pd.DataFrame:
    return pd.concat([frame, frame.loc[[shown(frame)]]])


def passed_off(frame: pd.DataFrame) -> None:
    row = shown(frame)
    frame.loc[row, "clip"] = frame.loc[row + 1, "clip"]


def other_label(frame: pd.DataFrame) -> None:
    clip = frame["clip"] == frame.loc[shown(frame), "clip"]
    frame.loc[clip & (frame["dataset"] == "shown"), "truth_arousal_mean"] += 1e-4


def hidden_labels(frame: pd.DataFrame) -> None:
    row = secret(frame)
    frame.loc[row, [c for c in frame if c.startswith("truth_")]] = 0.5


def written(name: str, old: str, new: str) -> Tamper:
    def tamper(board: Path) -> None:
        text = (board / name).read_text()
        assert old in text
        (board / name).write_text(text.replace(old, new, 1))

    return tamper


def one_cell(name: str, column: str, row: int = 0) -> Tamper:
    """Raise one number of a CSV file by a millionth."""

    def tamper(board: Path) -> None:
        frame = pd.read_csv(board / name, dtype=str, keep_default_na=False)
        frame.loc[row, column] = repr(float(frame.loc[row, column]) * (1 + 1e-6))
        frame.to_csv(board / name, index=False, lineterminator="\n")

    return tamper


HASH = "0" * 64

TAMPERINGS: dict[str, tuple[Tamper, str]] = {
    "a prediction": (plus("predicted_valence_mean", 1e-4), r"cell \w+, fold \d: kl_mean is stored"),
    "a prediction without its digest": (
        lambda b: record.write_parquet(
            [pd.read_parquet(submission(b) / "predictions.parquet").assign(
                predicted_valence_mean=0.5)], submission(b) / "predictions.parquet"),
        r"predictions.parquet is not the file whose SHA-256 manifest.json has",
    ),
    "a KL": (plus("kl", 1e-4), r"cell \w+, fold \d, clip c\d+: KL is stored"),
    "a KL whose label is secret": (
        plus("kl", 1e-4, secret), r"cell \w+, fold \d: kl_mean is stored",
    ),
    "a label": (
        plus("truth_arousal_mean", 1e-4), r"clip c\d+ of shown has several labels",
    ),
    "a label in all its rows": (
        table("predictions", other_label),
        r"the label of clip c\d+ of shown does not have its hash",
    ),
    "a secret label made up": (
        table("predictions", hidden_labels), r"labels of noise are there, which may not be republ",
    ),
    "a clip missing": (table("predictions", drop), r"clip c\d+, which the fold tests, is missing"),
    "a clip twice": (table("predictions", twice), r"clip c\d+ stands there twice"),
    "a clip passed off as another": (table("predictions", passed_off), r"stands there twice"),
    "a group": (
        table("predictions", lambda f: cell(f, "group", shown(f), lambda g: g + "x")),
        r"clip c\d+ is of group 'g\d+x', which manifest.json does not say",
    ),
    "a cell's name": (
        table("predictions", lambda f: cell(f, "model", shown(f), lambda m: "average")),
        r"model is not 'linear' in every row",
    ),
    "a metric": (
        table("folds", lambda f: cell(f, "r2_arousal_mean", shown(f), lambda v: v + 0.01)),
        r"r2_arousal_mean is stored as",
    ),
    "a baseline called a system": (
        table("folds", lambda f: f.assign(role="baseline")), r"role is 'baseline' where manifest",
    ),
    "a failed fold": (
        table("folds", lambda f: cell(f, "status", shown(f), lambda s: "failed")),
        r"there are predictions of a fold that failed",
    ),
    "a fold's row missing": (table("folds", lambda f: f.drop(index=shown(f))), "row is missing"),
    "a fold's row twice": (
        table("folds", lambda f: pd.concat([f, f.iloc[[0]]])), "a fold stands twice",
    ),
    "the spec's hash": (
        manifest(lambda m: m.update(spec_hash=HASH)), "spec_hash is not the hash of the benchmark",
    ),
    "the spec": (
        manifest(lambda m: m["spec"].update(seed=2)), "spec_hash is not the hash of the benchmark",
    ),
    "the protocol": (
        manifest(lambda m: m["protocol"]["parameters"].update(grouped=False)),
        "protocol is not the one of the benchmark in it",
    ),
    "the split's hash": (
        manifest(lambda m: m["datasets"][0].update(split_hash=HASH)),
        "noise: split_hash is not the hash of the sides listed",
    ),
    "the sides of a fold": (
        manifest(other_sides), "noise: split_hash is not the hash of the sides listed",
    ),
    "the data's hash": (
        manifest(lambda m: m["datasets"][0].update(data_hash=HASH)),
        "noise: data_hash is not the hash of the clips listed",
    ),
    "a truth's hash": (
        manifest(lambda m: m["datasets"][0]["clips"]["truth"].__setitem__(0, HASH)),
        "noise: data_hash is not the hash of the clips listed",
    ),
    "a public file's hash": (
        manifest(lambda m: m["datasets"][1]["clips"]["audio"].__setitem__(0, HASH)),
        "the label of clip c0 of shown does not have its hash",
    ),
    "the evaluator's hash": (
        manifest(lambda m: m["evaluator"].update(hash=HASH)),
        "it was scored by evaluator 1 of source 000000000000; this merbench has",
    ),
    "the evaluator's version": (
        manifest(lambda m: m["evaluator"].update(version="0")), "it was scored by evaluator 0",
    ),
    "a group on both sides": (manifest(leak), r"noise: fold \d has group 'g\d+' on both sides"),
    "a seed": (
        manifest(lambda m: m["cells"][0]["seeds"].__setitem__(0, 1)), "its seeds do not follow",
    ),
    "a parameter of a cell": (
        manifest(lambda m: m["cells"][1]["identity"]["model"]["parameters"].update(penalty=8.0)),
        "its id is not the hash of its identity and data",
    ),
    "the name of a cell's model": (
        manifest(lambda m: m["cells"][1].update(model="average-2")), "model is 'average-2', which",
    ),
    "a manifest of nothing": (
        lambda b: (submission(b) / "manifest.json").write_text('{"evaluator": {}, "run": "x"}'),
        "is no run: its files do not hold what a run's do",
    ),
    "a CSV's number": (
        one_cell("leaderboard.csv", "kl_mean"), r"^leaderboard.csv, line 2, kl_mean: '.*' stands",
    ),
    "a fold's CSV": (one_cell("folds.csv", "kl_mean", 3), r"^folds.csv, line 5, kl_mean"),
    "a verdict": (
        written("comparisons.csv", "False", "True"), r"^comparisons.csv, line \d+, significant: ",
    ),
    "a test of two separators": (
        one_cell("separators.csv", "wilcoxon_p"), r"^separators.csv, line 2, wilcoxon_p: '.*' sta",
    ),
    "a reported number": (one_cell("reported.csv", "value"), r"^reported.csv, line 2, value"),
    "a CSV's line": (
        lambda b: (b / "leaderboard.csv").write_text(
            "".join((b / "leaderboard.csv").read_text().splitlines(keepends=True)[:-1])
        ),
        r"^leaderboard.csv has \d+ rows where the predictions give \d+",
    ),
    "the dictionary": (
        written("dictionary.csv", "nats", "bits"), r"^dictionary.csv, line \d+, unit",
    ),
    "the citation": (written("CITATION.cff", "noise", "silence"), r"^CITATION.cff, line"),
    "the joined predictions": (
        lambda b: record.write_parquet(
            [pd.read_parquet(b / "predictions.parquet").assign(kl=1.0)], b / "predictions.parquet"),
        r"^predictions.parquet: kl is not that of the submissions",
    ),
    "a file removed": (
        lambda b: (b / "comparisons.csv").unlink(), "^comparisons.csv is missing$",
    ),
    "a file of a submission removed": (
        lambda b: (submission(b) / "folds.parquet").unlink(), "the file folds.parquet is missing",
    ),
    "a file added": (
        lambda b: (b / "more.csv").write_text(""), "^the file more.csv does not belong there$",
    ),
    "a file added to a submission": (
        lambda b: (submission(b) / "x.py").write_text(""), "the file x.py does not belong there",
    ),
    "a page changed": (
        written("index.html", "Leaderboard", "Leadersboard"),
        r"^the page index.html is not what the tables give; write the pages anew with",
    ),
    "a page removed": (
        lambda b: (b / "index.html").unlink(), r"^the page index.html is missing;",
    ),
    "a page added": (
        lambda b: (b / "systems" / "x.html").write_text(""),
        r"^the page systems/x.html does not belong there;",
    ),
    "a submission removed": (
        lambda b: shutil.rmtree(submission(b)), r"^leaderboard.csv has \d+ rows where",
    ),
    "a submission twice": (
        lambda b: shutil.copytree(submission(b), b / "submissions" / "again"),
        "its folder must be called tiny-",
    ),
    "a submission renamed": (
        lambda b: submission(b).rename(b / "submissions" / "again"),
        "submissions/again: its folder must be called tiny-",
    ),
}  # fmt: skip


def test_an_honest_leaderboard_verifies_but_for_what_nobody_can_see(published, undrawn):
    verdict = verify_board(published)
    assert verdict.differences == []
    assert len(verdict.unverified) == 2
    assert all("rows of noise are taken as stored" in line for line in verdict.unverified)


@pytest.mark.parametrize(("tamper", "says"), TAMPERINGS.values(), ids=TAMPERINGS.keys())
def test_what_was_changed_is_found(board, tamper, says):
    tamper(board)
    found = verify_board(board, pages="page" in says).differences
    assert any(re.search(says, line) for line in found), found
    assert all("\n" not in line for line in found)
