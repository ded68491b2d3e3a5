"""Levels of separated stems are kept with a run."""

from __future__ import annotations

from merbench.leaderboard import run_results


def test_levels_of_stems_and_the_shift_are_kept(written):
    run, _ = written
    # Two datasets of eight clips each, which `halves` takes apart into two stems.
    assert run.stems.groupby("dataset").size().to_dict() == {"noise": 16, "rated": 16}
    assert run.stems["level_db"].between(-60, 10).all()
    shift = {(row["dataset"], row["separator"]): row for row in run.manifest["shift"]}
    assert set(shift) == {("noise", "halves"), ("rated", "halves")}
    assert all("not described" in row["reason"] for row in shift.values())


def test_without_separated_clips_there_is_no_table_of_stems(bench, tmp_path):
    finished = bench.run(separators=["plain"])
    assert finished.stems is None or finished.stems.empty
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "stems.parquet").write_text("of an earlier run")
    run_results.write_results(finished, tmp_path / "out")
    assert not (tmp_path / "out" / "stems.parquet").exists()
    assert run_results.read_results(tmp_path / "out").stems is None
