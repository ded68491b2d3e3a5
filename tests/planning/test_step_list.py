"""The steps that cells need, and the cells that cannot have theirs."""

from __future__ import annotations

WRAPPED = '''
from merbench import FeatureKind, Model, ModelParameter, Task, hookimpl

class Needy(Model):
    """Needs what nobody has."""
    name = "needy"
    inputs = FeatureKind.VECTOR
    tasks = frozenset({Task.VA})
    requires = ("no-such-distribution",)

class Around(Model):
    """A model around a model."""
    name = "around"
    inputs = FeatureKind.VECTOR
    tasks = frozenset({Task.VA})
    model: ModelParameter

@hookimpl
def merbench_models():
    return [Needy, Around]
'''


def test_a_model_that_wraps_one_that_cannot_work_here_cannot_either(bench):
    bench.write_plugin("wrapped", WRAPPED)
    plan = bench.plan(
        separators=["plain"],
        models=["needy", {"around": {"model": "needy"}}, {"around": {"model": "linear"}}],
    )
    needy, around, sound = plan.cells
    assert "no-such-distribution" in plan.unready[needy.id]
    assert plan.unready[around.id] == plan.unready[needy.id]
    assert sound.id not in plan.unready
