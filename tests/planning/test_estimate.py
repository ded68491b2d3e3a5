"""What a plan will cost, as far as it is known."""

from __future__ import annotations

from merbench.planning.estimate import estimate


def test_the_estimate_is_what_plugins_declare_until_something_was_measured(bench):
    bench.write_spec(features=["levels", "frames"], models=["average", "linear"])
    plan = bench.plan()
    expected = estimate(plan, bench.store)
    # halves: 8 x 2 s; levels: 8 x 1 stem and 8 x 2 stems of 3 s; average 3 x 5 s, linear 6 x 7 s.
    assert expected.seconds == 8 * 2 + (8 + 16) * 3 + 3 * 5 + 6 * 7
    assert expected.megabytes == 8 * 1 + (8 + 16) * 0.5 + 3 * 0.25 + 6 * 0.25
    assert expected.unknown == ()
    bench.run()
    assert estimate(bench.plan(), bench.store).seconds == 0
    bench.write_spec(seed=9)
    after = estimate(bench.plan(), bench.store)
    assert 0 < after.seconds < 5
    assert 0 < after.megabytes < 0.1


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
