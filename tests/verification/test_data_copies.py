"""What a reader with a copy of the data can verify of a leaderboard beyond all others."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from tampered import manifest, refresh, secret, submission, table

from merbench.leaderboard import run_results
from merbench.publishing.publish import publish
from merbench.runs import record
from merbench.verification.board_check import Verdict, verify_board
from merbench.verification.data_copies import read_copies
from tinybench import TinyBench


def with_copy(board: Path, bench: TinyBench, root: Path) -> Verdict:
    return verify_board(board, read_copies(board, [f"noise={root}"], bench.registry()))


def test_with_the_readers_own_copy_everything_is_verified(board, two_runs):
    bench = two_runs[0]
    verdict = with_copy(board, bench, bench.folder / "data")
    assert (verdict.differences, verdict.unverified) == ([], [])


def test_a_secret_prediction_with_its_digest_is_found_by_who_has_the_labels(board, two_runs):
    bench = two_runs[0]

    def forge(frame: pd.DataFrame) -> None:
        frame.loc[secret(frame), "predicted_valence_mean"] += 1e-3

    table("predictions", forge)(board)
    assert not any("KL" in line for line in verify_board(board).differences)
    found = with_copy(board, bench, bench.folder / "data").differences
    assert any(re.search(r"clip c\d+: KL is stored as", line) for line in found), found


@pytest.fixture(scope="module")
def parroting(two_runs, tmp_path_factory) -> Path:
    """A leaderboard with a model whose predictions are labels of the training clips."""
    bench = two_runs[0]
    data = [{"noise": {"root": "data"}}, {"shown": {"root": "data"}}]
    run_results.write_results(
        bench.run(datasets=data, models=["average", "parrot"]), bench.folder / "parrot"
    )
    folder = tmp_path_factory.mktemp("parrot") / "leaderboard"
    publish(bench.folder / "parrot", folder)
    return folder


def test_predictions_that_are_secret_labels_are_left_out_and_said_to_be(parroting, two_runs):
    bench = two_runs[0]
    frame = pd.read_parquet(submission(parroting) / "predictions.parquet")
    predicted = frame[[c for c in frame if c.startswith("predicted_")]]
    left_out = (frame["dataset"] == "noise") & (frame["model"] == "parrot")
    assert predicted[left_out].isna().all(axis=None)
    assert predicted[~left_out].notna().all(axis=None)
    copies = read_copies(parroting, [f"noise={bench.folder / 'data'}"], bench.registry())
    verdict = verify_board(parroting, copies)
    assert verdict.differences == []
    (line,) = verdict.unverified
    assert (
        "KL, metrics and mark of parrot on noise are taken as stored, for its predictions" in line
    )


def test_whose_predictions_were_left_out_cannot_be_made_up(parroting, tmp_path):
    board = Path(shutil.copytree(parroting, tmp_path / "leaderboard"))
    document = json.loads((submission(board) / "manifest.json").read_text())
    others = [c["id"] for c in document["cells"] if c["model"] == "average"]
    manifest(lambda m: m["predictions_withheld"].append(others[0]))(board)
    found = verify_board(board).differences
    assert any("predictions that manifest.json calls left out are there" in line for line in found)
    manifest(lambda m: m["predictions_withheld"].clear())(board)
    found = verify_board(board).differences
    assert any("predictions not finite" in line for line in found), found


@pytest.fixture(scope="module")
def rated(two_runs, tmp_path_factory) -> Path:
    """A leaderboard with what people reach, on labels and ratings that are secret."""
    bench = two_runs[0]
    finished = bench.run(datasets=[{"rated": {"root": "data"}}], models=["average"], baselines=True)
    run_results.write_results(finished, bench.folder / "rated")
    folder = tmp_path_factory.mktemp("rated") / "leaderboard"
    publish(bench.folder / "rated", folder)
    return folder


def test_what_people_reach_follows_from_the_ratings_of_who_has_them(rated, two_runs, tmp_path):
    bench = two_runs[0]
    copies = read_copies(rated, [f"rated={bench.folder / 'data'}"], bench.registry())
    verdict = verify_board(rated, copies)
    assert (verdict.differences, verdict.unverified) == ([], [])
    board = Path(shutil.copytree(rated, tmp_path / "leaderboard"))
    path = submission(board) / "predictions.parquet"
    frame = pd.read_parquet(path)
    people = frame["model"].str.startswith("human-ceiling(panel")
    assert people.any()
    frame.loc[people, "kl"] *= 1.001
    record.write_parquet([frame], path)
    refresh(submission(board))
    found = verify_board(board, copies).differences
    assert any(
        re.search(r"clip c\d+: KL is stored as .*, the ratings give", line) for line in found
    )


def test_a_secret_mark_that_the_labels_do_not_give_is_found(board, two_runs):
    bench = two_runs[0]

    def forge(document: dict[str, Any]) -> None:
        marks = document["marks"]
        marks[next(iter(marks))] += "worse than nothing"

    manifest(forge)(board)
    found = with_copy(board, bench, bench.folder / "data").differences
    assert any("its mark is stored as" in line for line in found), found


@pytest.mark.parametrize("what", ["label", "audio", "clip"])
def test_a_copy_that_is_not_the_data_that_were_scored_is_said(board, two_runs, tmp_path, what):
    bench = two_runs[0]
    data = shutil.copytree(bench.folder / "data", tmp_path / "data")
    labels = data / "clips.csv"
    lines = labels.read_text().splitlines()
    if what == "label":
        lines[1] = lines[1].replace("0.8", "0.7", 1)
    elif what == "clip":
        del lines[1]
    else:
        (data / "c0.wav").write_bytes((data / "c1.wav").read_bytes())
    labels.write_text("\n".join(lines) + "\n")
    found = with_copy(board, bench, data).differences
    says = "is not in the copy given" if what == "clip" else "is not the one that was scored"
    assert any("clip c0 of noise" in line and says in line for line in found), found


def test_public_labels_are_checked_without_any_copy(published):
    """Nothing is left to take on trust: 12 clips' labels, files' digests, and hashes of both."""
    document = json.loads((submission(published) / "manifest.json").read_text())
    kinds = {entry["name"]: entry for entry in document["datasets"]}
    assert len(kinds["shown"]["clips"]["audio"]) == 12
    assert "audio" not in kinds["noise"]["clips"]
    frame = pd.read_parquet(submission(published) / "predictions.parquet")
    truth = frame[[c for c in frame if c.startswith("truth_")]]
    assert truth[frame["dataset"] == "noise"].isna().all(axis=None)
    assert np.isfinite(truth[frame["dataset"] == "shown"]).all(axis=None)
