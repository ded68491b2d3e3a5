"""Publishing a run: what is in a submission, and that a failure leaves nothing behind."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest
from published import contents

from merbench.errors import MerbenchError
from merbench.leaderboard import published_folder, run_results, submission
from merbench.leaderboard.columns import leaderboard_rows
from merbench.publishing import folder_swap, rebuild
from merbench.publishing import publish as publishing
from merbench.publishing.publish import publish
from merbench.runs import record
from merbench.runs.row_columns import joined, told_apart
from merbench.verification.board_check import verify_board

# --- a submission --------------------------------------------------------------------------------

pytestmark = pytest.mark.usefixtures("undrawn")


def test_what_is_published_again_is_the_same(published):
    for path in published_folder.submission_folders(published):
        once = record.read_record(path)
        twice = submission.of_run(once)
        assert {**twice.manifest, "marks": 0} == {**once.manifest, "marks": 0}
        pd.testing.assert_frame_equal(twice.folds, once.folds)
        pd.testing.assert_frame_equal(twice.predictions, once.predictions)


# --- what publishing says ------------------------------------------------------------------------


def test_publishing_says_which_places_changed(two_runs, tmp_path):
    _, first, second = two_runs
    folder = tmp_path / "made" / "board"
    done = publish(first, folder)
    assert all(move.before == 0 for move in done.moves)
    assert done.submission.is_dir()
    assert len(done.unverified) == 1
    before = {(m.dataset, m.system): m.after for m in done.moves}
    done = publish(second, folder)
    after = done.board.leaderboard
    listed = leaderboard_rows(after)
    ranks = {
        (row["dataset"], joined(texts), row["run"]): row["rank"]
        for row, texts in zip(listed, told_apart(listed), strict=True)
    }
    assert any(move.before == 0 and "penalty=9" in move.system for move in done.moves)
    for move in done.moves:
        if move.before:
            assert before[move.dataset, move.system] == move.before
            assert move.after in [
                rank for (d, s, _), rank in ranks.items() if (d, s) == (move.dataset, move.system)
            ]
    assert verify_board(folder).differences == []


# --- all or nothing ------------------------------------------------------------------------------


def test_publishing_twice_changes_nothing(board, two_runs):
    before = contents(board)
    done = publish(two_runs[1], board)
    assert not done.changed
    assert done.moves == ()
    assert contents(board) == before
    (name,) = [
        n.split("/")[1] for n in before if n.endswith(f"{done.submission.name}/folds.parquet")
    ]
    submission_again = publish(board / "submissions" / name, board)
    assert not submission_again.changed
    assert contents(board) == before


def test_a_submitter_is_named_and_stays_named(board, two_runs):
    done = publish(two_runs[1], board, submitter=" Ann  Researcher ")
    assert done.changed
    assert done.moves == ()
    manifest = json.loads((done.submission / "manifest.json").read_text())
    assert manifest["submission"]["submitter"] == "Ann Researcher"
    day = manifest["submission"]["published"]
    assert len(day) == len("2026-01-01")
    assert not publish(two_runs[1], board).changed
    assert verify_board(board).differences == []


def test_a_submission_of_another_leaderboard_is_published_as_the_run_is(first_board, tmp_path):
    (path,) = published_folder.submission_folders(first_board)
    carried = Path(shutil.copytree(path, tmp_path / "downloads" / "any name"))
    done = publish(carried, tmp_path / "another" / "board")
    assert done.submission.name == path.name
    assert contents(tmp_path / "another" / "board") == contents(first_board)


def test_a_run_that_repeats_what_is_there_confirms_it(board, two_runs, tmp_path):
    copy = Path(shutil.copytree(two_runs[1], tmp_path / "copy"))
    path = copy / "manifest.json"
    document = json.loads(path.read_text()) | {"run": "f" * 32, "started": "2999-01-01T00:00:00"}
    path.write_text(json.dumps(document))
    for name, text in run_results.derived_texts(run_results.read_results(copy)).items():
        (copy / name).write_text(text)
    done = publish(copy, board)
    assert done.changed
    assert done.moves == ()
    assert any("ranked is" in line for line in done.again)
    rows = done.board.leaderboard
    assert "f" * 32 not in set(rows["run"])
    assert set(rows.loc[rows["model"] == "average", "n_runs"]) == {2}
    assert verify_board(board).differences == []


def test_a_run_that_does_not_verify_is_refused(board, two_runs, tmp_path):
    copy = Path(shutil.copytree(two_runs[1], tmp_path / "copy"))
    frame = pd.read_parquet(copy / "predictions.parquet")
    frame.loc[0, "predicted_valence_mean"] += 0.1
    frame.to_parquet(copy / "predictions.parquet", index=False)
    before = contents(board)
    with pytest.raises(MerbenchError, match=r"does not verify .*; see `merbench verify"):
        publish(copy, board)
    assert contents(board) == before


def test_nothing_is_added_to_a_leaderboard_that_does_not_verify(short_runs, first_board):
    (first_board / "leaderboard.csv").write_text("tampered\n")
    before = contents(first_board)
    with pytest.raises(MerbenchError, match=r"does not verify as it is .*nothing was changed"):
        publish(short_runs[1], first_board)
    assert contents(first_board) == before


@pytest.mark.parametrize(
    ("step", "error"),
    zip(
        ["write", "rebuild", "verify_board", "swap", "exchange", "rename"],
        3 * [KeyboardInterrupt(), OSError(28, "No space left on device")],
        strict=True,
    ),
)
def test_whatever_stops_it_the_folder_stays_as_it_was(
    short_runs, first_board, monkeypatch, step, error
):
    folder = first_board
    before = contents(folder)

    def stop(*_, **__):
        raise error

    if step == "swap":
        monkeypatch.setattr(publishing, "swap_in", stop)
    elif step == "exchange":
        monkeypatch.setattr(folder_swap, "exchanged", stop)
    elif step == "write":
        monkeypatch.setattr(submission, "write_submission", stop)
    elif step == "rebuild":
        monkeypatch.setattr(rebuild, "rebuild", stop)
    elif step == "rename":
        genuine = Path.rename

        def second(path: Path, target: Path) -> Path:
            """Fail in the middle of the swap, with the old folder already moved away."""
            taking_its_place = target == folder and not path.name.endswith(".before")
            return stop() if taking_its_place else genuine(path, target)

        monkeypatch.setattr(folder_swap, "exchanged", lambda *_: False)  # as on some drives
        monkeypatch.setattr(Path, "rename", second)
    else:
        calls = []

        def later(*arguments, **named):
            calls.append(1)
            return stop() if len(calls) > 1 else genuine_step(*arguments, **named)

        genuine_step = getattr(publishing, step)
        monkeypatch.setattr(publishing, step, later)
    interrupted = isinstance(error, KeyboardInterrupt)
    with pytest.raises(KeyboardInterrupt if interrupted else MerbenchError) as raised:
        publish(short_runs[1], folder)
    assert interrupted or "nothing was changed" in str(raised.value)
    monkeypatch.undo()
    assert contents(folder) == before
    assert publish(short_runs[1], folder).moves


def test_a_check_that_fails_afterwards_leaves_nothing(short_runs, first_board, monkeypatch):
    folder = first_board
    before = contents(folder)
    genuine = rebuild.rebuild

    def wrongly(path: Path) -> object:
        composed = genuine(path)
        (path / "stray.txt").write_text("")
        return composed

    monkeypatch.setattr(rebuild, "rebuild", wrongly)
    with pytest.raises(MerbenchError, match=r"would not verify \(the file stray.txt .*nothing was"):
        publish(short_runs[1], folder)
    assert contents(folder) == before


def test_ctrl_c_leaves_the_folder_as_it_was(short_runs, first_board):
    """The real signal, sent while the tables are rebuilt."""
    second, folder = short_runs[1], first_board
    before = contents(folder)
    program = (
        "import sys, time; from pathlib import Path\n"
        "from merbench.publishing import rebuild as folders\n"
        "from merbench.publishing.publish import publish\n"
        "genuine = folders.rebuild\n"
        "def slow(path):\n"
        "    print('rebuilding', flush=True); time.sleep(60); return genuine(path)\n"
        "folders.rebuild = slow\n"
        f"publish(Path({str(second)!r}), Path({str(folder)!r}))\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline().strip() == "rebuilding"
        os.kill(process.pid, signal.SIGINT)
        started = time.monotonic()
        process.wait(timeout=30)
        assert time.monotonic() - started < 30
    assert process.returncode != 0
    assert contents(folder) == before
