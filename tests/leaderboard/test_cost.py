"""Which systems no other beats in time and KL."""

from __future__ import annotations

from merbench.leaderboard.cost import costs


def row(seconds, kl, **changes):
    return {"role": "system", "status": "ok", "seconds": seconds, "kl_mean": kl} | changes


def test_the_front_is_numbered_from_the_fastest():
    rows = [row(9.0, 0.1), row(1.0, 0.5), row(2.0, 0.6), row(2.0, 0.3), row(9.0, 0.2)]
    assert [cost.place for cost in costs(rows)] == [3, 1, None, 2, None]


def test_equals_do_not_beat_each_other():
    assert [cost.place for cost in costs([row(1.0, 0.5), row(1.0, 0.5)])] == [1, 2]


def test_baselines_and_what_has_no_time_or_kl_are_left_out():
    rows = [row(1.0, 0.5), row(1.0, 0.1, role="baseline"), row(None, 0.1), row(1.0, None),
            row(0.1, 0.1, status="failed"), row(0.1, 0.1, mark="worse")]  # fmt: skip
    assert [(cost.seconds, cost.kl, cost.place) for cost in costs(rows)] == [(1.0, 0.5, 1)]
