"""Histograms of KL and quartiles of levels, against what counting gives."""

from __future__ import annotations

import numpy as np
import pandas as pd

from merbench.leaderboard.distributions import BINS, kl_histogram, level_quantiles, one_loud_stem


def test_series_share_their_bins_and_every_clip_stands_in_one():
    a, b = np.linspace(0, 3, 40), np.linspace(1, 2, 7)
    found = kl_histogram({"a": a, "b": b})
    assert len(found.edges) == BINS + 1
    assert (found.edges[0], found.edges[-1], found.beyond) == (0, 3, 0)
    for name, values in (("a", a), ("b", b)):
        one = found.series[name]
        assert one.counts.sum() == one.n_clips == len(values)
        assert (one.mean, one.median, one.largest) == (
            values.mean(), np.median(values), values.max(),
        )  # fmt: skip


def test_what_is_far_off_is_counted_in_the_last_bin():
    values = np.append(np.linspace(0, 1, 200), 50.0)
    found = kl_histogram({"a": values})
    assert found.edges[-1] < 1.1
    assert found.beyond >= 1
    assert found.series["a"].counts.sum() == 201
    assert found.series["a"].counts[-1] >= found.beyond


def test_levels_of_a_stem():
    found = level_quantiles(np.array([-60.0, -60.0, -10.0, -6.0, -2.0]), -60.0)
    assert (found.low, found.middle, found.high, found.silent) == (-60, -10, -6, 2)


def test_clips_with_one_loud_stem_come_first():
    table = pd.DataFrame(
        {"bass": [-1.0, -3.0, -60.0], "drums": [-50.0, -3.5, -0.5], "vocals": [-60.0, -9.0, -20.0]},
        index=["x", "y", "z"],
    )
    assert one_loud_stem(table, 2) == [("x", "bass", -50.0), ("z", "drums", -20.0)]
