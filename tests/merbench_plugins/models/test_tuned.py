"""A model whose parameters are chosen anew in every fold, as a benchmark file has it."""

from __future__ import annotations

import subprocess
import sys

import pytest
from pydantic import ValidationError

from merbench import FeatureKind, Task
from merbench.benchmark.names import full_title
from merbench.plugins import discovery
from merbench_plugins.models.calibrated import Calibrated
from merbench_plugins.models.neighbours import NearestNeighbours
from merbench_plugins.models.recurrent import RecurrentNetwork
from merbench_plugins.models.ridge import Ridge
from merbench_plugins.models.support_vectors import SupportVectorClassifier
from merbench_plugins.models.tuned import Tuned


def test_its_names_stay_readable():
    tuned = discovery.load_plugins().build(
        "model",
        "tuned",
        {
            "model": {"svc": {"kernel": "linear"}},
            "over": {"C": [0.1, 1], "gamma": {"log-uniform": [1e-6, 100]}},
            "trials": 30,
        },
    )
    assert tuned.title == "tuned(svc)"
    assert full_title((tuned,)) == (
        "tuned(svc) (kernel=linear, C=[0.1, 1.0], gamma=log-uniform 1e-06 to 100, trials=30)"
    )
    assert tuned.settings == {
        "model": {"kernel": "linear"},
        "over": {"C": [0.1, 1.0], "gamma": "log-uniform 1e-06 to 100"},
        "trials": 30,
    }
    assert Calibrated(model=tuned).title == "calibrated(tuned(svc))"


def test_takes_what_its_model_takes():
    tuned = Tuned(model=RecurrentNetwork(), over={"hidden": [8, 16]})
    assert tuned.input_kinds == (FeatureKind.SEQUENCE,)
    assert tuned.originals_only == ()
    assert tuned.tasks == set(Task)
    assert Tuned(model=Ridge(), over={"alpha": [1]}, metric="rmse").tasks == {Task.VA}
    assert Tuned(model=Ridge(), over={"alpha": [1]}, metric="macro-f1").tasks == {
        Task.QUADRANT,
        Task.CLASSES,
    }


@pytest.mark.parametrize(
    ("given", "candidates"),
    [
        ({"search": "grid"}, 6),
        ({"search": "grid", "trials": 4}, 4),
        ({"search": "grid", "trials": 100}, 6),
        ({"search": "random"}, 20),
        ({"trials": 7}, 7),
    ],
)
def test_how_many_are_tried_and_what_that_costs(given, candidates):
    over = {"n_neighbors": [1, 3, 5], "weights": ["uniform", "distance"]}
    tuned = Tuned(model=NearestNeighbours(), over=over, folds=4, **given)
    assert tuned.candidates == candidates
    one = NearestNeighbours.typical_cost.seconds
    assert tuned.typical_cost.seconds == pytest.approx((4 * candidates + 1) * one)


def test_two_ways_of_tuning_are_two_systems():
    ways = [
        Tuned(model=SupportVectorClassifier(), over=over)
        for over in ({"C": [1, 2]}, {"C": [1, 3]}, {"C": {"uniform": (1, 2)}})
    ]
    assert len({str(way.identity()) for way in ways}) == 3
    same = Tuned(model=SupportVectorClassifier(), over={"C": ["1", 2.0]})
    assert same.identity() == ways[0].identity()


@pytest.mark.parametrize("given", [{"trials": 0}, {"folds": 1}, {"metric": "kll"}, {"over": {}}])
def test_wrong_values_are_refused(given):
    with pytest.raises(ValidationError):
        Tuned(**{"model": Ridge(), "over": {"alpha": [1]}, **given})


def test_optuna_is_imported_when_it_searches():
    code = (
        "import sys\n"
        "from merbench_plugins.models.tuned import Tuned\n"
        "from merbench_plugins.models.ridge import Ridge\n"
        "Tuned(model=Ridge(), over={'alpha': [1, 2]}, search='grid').settings\n"
        "assert not {'optuna', 'sklearn', 'numpy'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
