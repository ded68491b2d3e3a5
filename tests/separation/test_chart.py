"""The table and chart of a separation's scores."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from multitrack_files import write_track
from scored_music import Whole, scored

from merbench.separation import chart


def test_files_are_the_same_for_the_same_scores(tmp_path: Path) -> None:
    write_track(tmp_path / "data" / "a", ("bass", "vocals"))
    scores = list(scored(tmp_path / "data", Whole()).values())
    for name in ("one", "two"):
        chart.write_csv(tmp_path / f"{name}.csv", scores)
        chart.plot(tmp_path / f"{name}.svg", scores, "whole, data")
    for kind in ("csv", "svg"):
        one, two = (tmp_path / f"{name}.{kind}" for name in ("one", "two"))
        assert one.read_bytes() == two.read_bytes()
    with (tmp_path / "one.csv").open(newline="") as handle:
        rows = list(csv.DictReader(handle))
    assert [(r["stem"], r["method"]) for r in rows] == [(s.stem, s.method) for s in scores]
    assert float(rows[0]["si_sdr"]) == pytest.approx(scores[0].si_sdr, abs=1e-4)
    drawing = (tmp_path / "one.svg").read_text()
    for word in ("ideal-ratio-mask", "mixture", "vocals", "SI-SDR"):
        assert f">{word}" in drawing
