"""Clips that are the same, byte for byte."""

from __future__ import annotations

import shutil

from in_process import call_merbench
from merbench.leaderboard import run_results
from merbench.verification import run_check


def test_the_same_audio_in_other_groups_is_said_in_plan_run_and_on_the_board(bench):
    data = bench.folder / "data"
    for one, other in (("c1", "c4"), ("c2", "c6")):
        shutil.copy(data / f"{one}.wav", data / f"{other}.wav")
    plan = bench.plan()
    assert plan.warnings[1:] == [  # the first says that they are few
        "noise: 4 clips have the audio of a clip in another group, byte for byte (c1 and c4, …): "
        "one may be trained on and the other tested; give them one group"
    ]
    note = "the same audio, byte for byte, as a clip of another group (4 clips)"
    assert {data.provenance for data in plan.datasets} == {note}
    out = bench.folder / "out"
    for arguments in (["plan", bench.spec], ["run", bench.spec, "--out", out]):
        done = call_merbench(*arguments, environment=bench.variables())
        assert done.returncode == 0, done.stderr
        assert f"warning: {plan.warnings[1]}" in " ".join(done.stderr.split())
    run = run_results.read_results(out)
    assert run.manifest["datasets"][0]["provenance"] == note
    assert set(run.leaderboard["provenance"]) == {note}
    assert run_check.verify_run(out) == []


def test_the_same_audio_within_a_group_is_nobodys_leak(bench):
    data = bench.folder / "data"
    shutil.copy(data / "c1.wav", data / "c4.wav")
    table = data / "clips.csv"
    table.write_text(table.read_text().replace("c4,g4,", "c4,g1,"))
    plan = bench.plan()
    assert not any("audio" in warning for warning in plan.warnings)
    assert plan.datasets[0].provenance == ""
