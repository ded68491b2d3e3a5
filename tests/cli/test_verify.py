"""`merbench verify` says what differs."""

from __future__ import annotations

import json

from rated_bench import add, parquet

from merbench.cli import app


def test_the_command_says_what_differs_and_exits_with_1(folder):
    from typer.testing import CliRunner

    assert CliRunner().invoke(app, ["verify", str(folder)]).exit_code == 0
    parquet("predictions")(add("predicted_valence_mean", 0, 0.1))(folder)
    done = CliRunner().invoke(app, ["verify", str(folder), "--json"])
    assert done.exit_code == 1
    document = json.loads(done.stdout)
    assert document["verified"] is False
    assert any("kl_mean is stored as" in line for line in document["differences"])
