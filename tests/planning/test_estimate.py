"""What a plan will cost, as far as it is known."""

from __future__ import annotations

import pytest
import soundfile

from merbench.components import Cost
from merbench.planning.estimate import estimate
from merbench.steps import timings
from tinybench import TinyBench


def test_the_estimate_is_what_plugins_declare_until_something_was_measured(bench):
    bench.write_spec(features=["levels", "frames"], models=["average", "linear"])
    plan = bench.plan()
    expected = estimate(plan, bench.store)
    # halves: 8 x 2 s; levels: 8 x 1 stem and 8 x 2 stems of 3 s; average 3 x 5 s, linear 6 x 7 s.
    # They are declared of clips of 30 s, and of folds of 600 training clips; here there are 6.
    clip, fold = seconds_of_a_clip(bench) / 30, 6 / 600
    assert expected.seconds == pytest.approx((8 * 2 + (8 + 16) * 3) * clip + (3 * 5 + 6 * 7) * fold)
    assert expected.megabytes == pytest.approx(
        8 * 1 * clip + (8 + 16) * 0.5 * 2 + (3 + 6) * 0.25 * fold
    )
    assert expected.unknown == ()
    bench.run()
    assert estimate(bench.plan(), bench.store).seconds == 0
    bench.write_spec(seed=9)
    after = estimate(bench.plan(), bench.store)
    assert 0 < after.seconds < 5
    assert 0 < after.megabytes < 0.1


def seconds_of_a_clip(bench: TinyBench) -> float:
    """Of the median of those that are decoded: the first, third and sixth of eight."""
    waveform, rate = soundfile.read(bench.folder / "data" / "c2.wav")
    return len(waveform) / rate


def test_what_was_measured_is_taken_in_proportion(bench):
    bench.write_spec(models=["linear"])
    bench.store.prepare()
    timings.record(bench.store.folder, "separate", "halves", Cost(5.0))
    timings.record(bench.store.folder, "extract", "levels", Cost(0.0))
    timings.record(bench.store.folder, "fit", "linear", Cost(600.0))
    expected = estimate(bench.plan(), bench.store)
    separating = 8 * 5.0 * seconds_of_a_clip(bench) / 30
    assert expected.seconds == pytest.approx(separating + 6 * 600.0 * 6 / 600)


def test_clips_that_cannot_be_decoded_fail_no_estimate(bench, monkeypatch):
    plan = bench.plan()

    def fail(*_: object) -> None:
        raise SystemExit(3)

    monkeypatch.setattr("merbench.planning.estimate.decode_clip", fail)
    assert estimate(plan, bench.store).seconds > 8 * 2  # clips of 30 s are taken for granted


def test_the_estimate_says_of_what_it_knows_nothing(bench):
    plan = bench.plan(features=["frames"], models=["average"])
    assert estimate(plan, bench.store).unknown == ()
    bench.write_plugin(
        "image",
        """
from merbench import FeatureKind, Model, Task, hookimpl

class Looker(Model):
    "Takes images."
    name = "looker"
    inputs = FeatureKind.IMAGE
    tasks = frozenset({Task.VA})

@hookimpl
def merbench_models():
    yield Looker
""",
    )
    plan = bench.plan(features=["frames"], models=["looker"])
    assert estimate(plan, bench.store).unknown == ("frames", "looker")
