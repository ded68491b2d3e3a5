"""What is tuned over, and what a benchmark file is told of mistakes in it."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from merbench.benchmark.document import read_document
from merbench.benchmark.resolving import resolve
from merbench.benchmark.schema import parse
from merbench.errors import SpecError
from merbench.plugins import discovery
from merbench_plugins.models._search_space import (
    checked_space,
    grid_of,
    grid_size,
    range_of,
    text_of,
    with_parameters,
)
from merbench_plugins.models.calibrated import Calibrated
from merbench_plugins.models.neighbours import NearestNeighbours
from merbench_plugins.models.perceptron import Perceptron
from merbench_plugins.models.ridge import Ridge
from merbench_plugins.models.support_vectors import SupportVectorClassifier

SVC = SupportVectorClassifier(kernel="linear")
NESTED = Calibrated(model=Calibrated(model=Ridge(scaling="standard")), folds=3)


def test_parameters_are_set_anew_and_others_stay():
    changed = with_parameters(SVC, {"C": 3, "gamma": "scale"})
    assert (changed.C, changed.gamma, changed.kernel, SVC.C) == (3.0, "scale", "linear", 1.0)
    deep = with_parameters(NESTED, {"model.model.alpha": 2, "model.folds": 4, "method": "scale"})
    assert deep == Calibrated(
        model=Calibrated(model=Ridge(scaling="standard", alpha=2), folds=4),
        folds=3,
        method="scale",
    )


def test_values_are_as_the_model_takes_them():
    space = checked_space(SVC, {"C": ["1e-3", 1], "gamma": {"log-uniform": ["1e-6", 100]}}, None)
    assert space == {"C": [0.001, 1.0], "gamma": {"log-uniform": (1e-6, 100.0)}}
    layers = {"hidden_layers": [[], [64], [64, 32]], "batch_size": [None, 16]}
    assert checked_space(Perceptron(), layers, None) == {
        "hidden_layers": [(), (64,), (64, 32)],
        "batch_size": [None, 16],
    }
    assert checked_space(NESTED, {"model.model.alpha": [1]}, None) == {"model.model.alpha": [1.0]}
    again = checked_space(SVC, space, None)
    assert again == space


def test_lists_and_whole_numbers_make_a_grid():
    space = checked_space(
        NearestNeighbours(),
        {"n_neighbors": {"integers": [2, 5]}, "weights": ["uniform", "distance"]},
        None,
    )
    assert grid_size(space) == 8
    assert grid_of(space["n_neighbors"]) == [2, 3, 4, 5]
    assert range_of(space["n_neighbors"]) == ("integers", 2.0, 5.0)
    assert range_of(space["weights"]) is None
    assert text_of(space["n_neighbors"]) == "integers 2 to 5"
    assert text_of(space["weights"]) == ["uniform", "distance"]
    assert text_of({"log-uniform": (1e-6, 100.0)}) == "log-uniform 1e-06 to 100"
    assert text_of([Ridge(), Ridge(alpha=2)]) == ["ridge", {"ridge": {"alpha": 2.0}}]


MISTAKES = {
    "name": ("{over: {gama: [1]}}", "svc has no parameter 'gama'; did you mean 'gamma'?"),
    "name of the wrapper": (
        "{over: {alpha: [1]}, model: {calibrated: {model: ridge}}}",
        "calibrated(ridge) has no parameter 'alpha'; did you mean 'model.alpha'?",
    ),
    "value": ("{over: {C: [1, -1]}}", "over.C.1: input should be greater than 0, not -1"),
    "value of a wrapped model": (
        "{model: {calibrated: {model: ridge}}, over: {model.scaling: [rank, ranks]}}",
        "over.model.scaling.1: input should be 'rank', 'standard' or 'none', not 'ranks'",
    ),
    "end": (
        "{over: {C: {uniform: [0, 1]}}}", "over.C.uniform.0: input should be greater than 0"
    ),
    "between its ends": (
        "{model: knn, over: {n_neighbors: {uniform: [1, 9]}}}",
        "over.n_neighbors.uniform: input should be a valid integer",
    ),
    "range": (
        "{over: {C: {log_uniform: [1, 2]}}}",
        "C: there is no range 'log_uniform'; did you mean 'log-uniform'?",
    ),
    "order": (
        "{over: {C: {uniform: [2, 1]}}}",
        "over.C.uniform: expected two numbers, the smaller one first, not [2, 1]",
    ),
    "zero": ("{over: {C: {log-uniform: [0, 1]}}}", "expected two numbers above 0"),
    "not whole": ("{over: {folds: {integers: [2, 4.5]}}}", "expected two whole numbers"),
    "endless": ("{over: {C: {uniform: [1, .inf]}}}", "expected two numbers"),
    "three ends": ("{over: {C: {uniform: [1, 2, 3]}}}", "expected two numbers"),
    "one value": ("{over: {C: 1}}", "over.C: expected a list of values, or a range as in"),
    "no value": ("{over: {C: []}}", "over.C: expected a list of values"),
    "nothing": ("{over: {}}", "over: name at least one parameter of svc"),
    "no mapping": ("{over: [C]}", "over: input should be a valid dictionary"),
    "missing": ("{folds: 3}", "over is missing; add it"),
    "a grid without end": (
        "{over: {C: {uniform: [1, 2]}}, search: grid}",
        "search: a grid has no end of values of C, which is uniform",
    ),
    "metric of another task": (
        "{over: {C: [1]}, metric: rmse}", "metric: rmse is no metric of classes and quadrant"
    ),
    "other features": (
        "{model: {calibrated: {model: svc}}, over: {model: [svc, lstm]}}",
        "with lstm calibrated(svc) takes other features or tasks",
    ),
    "no such model": (
        "{model: {calibrated: {model: svc}}, over: {model: [svc, svcc]}}",
        "there is no model 'svcc'; did you mean 'svc'?",
    ),
    "parameter of a model among the values": (
        "{model: {calibrated: {model: svc}}, over: {model: [{svc: {c: 1}}]}}", "svc.c"
    ),
}  # fmt: skip


@pytest.mark.parametrize(("written", "says"), MISTAKES.values(), ids=MISTAKES.keys())
def test_a_mistake_is_named_with_its_line(tmp_path: Path, written: str, says: str):
    if "model:" not in written:
        written = written.replace("{", "{model: svc, ", 1)
    path = tmp_path / "spec.yaml"
    path.write_text(
        "name: x\ndatasets: [demo]\nmodels:\n"
        f"- tuned: {written}\nfeatures: [compare-2016]\nseparators: [mixed]\n"
    )
    document = read_document(path)
    with pytest.raises(SpecError) as caught:
        resolve(document, parse(document), discovery.load_plugins())
    assert says in str(caught.value)
    assert str(caught.value).startswith(f"{path}:4: ")


def test_the_line_is_that_of_the_value(tmp_path: Path):
    path = tmp_path / "spec.yaml"
    path.write_text(
        "name: x\ndatasets: [demo]\nfeatures: [compare-2016]\nseparators: [mixed]\nmodels:\n"
        "- calibrated:\n    model:\n      tuned:\n        model: svc\n        over:\n"
        "          C:\n          - 1\n          - -2\n"
    )
    document = read_document(path)
    with pytest.raises(SpecError, match=r"spec\.yaml:13: .*greater than 0, not -2"):
        resolve(document, parse(document), discovery.load_plugins())


def test_lists_are_no_grid_of_the_benchmark(tmp_path: Path):
    path = tmp_path / "spec.yaml"
    path.write_text(
        "name: x\ndatasets: [demo]\nfeatures: [compare-2016]\nseparators: [mixed]\nmodels:\n"
        "- tuned: {model: {svc: {kernel: [rbf, linear]}}, over: {C: [1, 2]}, trials: [3, 4]}\n"
    )
    document = read_document(path)
    models = resolve(document, parse(document), discovery.load_plugins()).models
    assert [(m.model.kernel, m.trials) for m in models] == [
        ("rbf", 3), ("rbf", 4), ("linear", 3), ("linear", 4),
    ]  # fmt: skip
    assert all(m.over == {"C": [1.0, 2.0]} for m in models)


def test_models_can_be_values_too():
    built = discovery.load_plugins().build(
        "model",
        "tuned",
        {"model": {"calibrated": {"model": "ridge"}}, "over": {"model": ["ridge", "knn"]}},
    )
    assert built.over == {"model": [Ridge(), NearestNeighbours()]}
    assert built.title == "tuned(calibrated(ridge))"
    assert built.settings == {"over": {"model": ["ridge", "knn"]}}
    with pytest.raises(ValidationError, match="a model is named here"):
        checked_space(Calibrated(model=Ridge()), {"model": ["knn"]}, None)
