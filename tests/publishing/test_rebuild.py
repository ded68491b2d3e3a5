"""A leaderboard follows from its submissions alone."""

from __future__ import annotations

import shutil

from published import contents

from merbench.publishing.publish import publish


def test_two_orders_of_publishing_give_the_same_tables(two_runs, published, undrawn, tmp_path):
    folder = tmp_path / "board"
    shutil.copytree(published / "reported", folder / "reported")
    for run in reversed(two_runs[1:]):
        publish(run, folder)
    assert contents(folder).keys() >= {"leaderboard.csv", "predictions.parquet", "CITATION.cff"}
    ours = {k: v for k, v in contents(folder).items() if not k.startswith("..")}
    theirs = {k: v for k, v in contents(published).items() if not k.startswith("..")}
    assert ours == theirs
