"""What a run's two tables hold, the fold metrics that follow from predictions, and rows' names."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from merbench.benchmark.names import AXES as AXES
from merbench.benchmark.names import NONE, leaves, parameters_text
from merbench.benchmark.names import Parameter as Parameter
from merbench.components import Model
from merbench.tasks import Task

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

TRUTH, PREDICTED = "truth_", "predicted_"
PREDICTION_COLUMNS = ("cell", *AXES, "fold", "clip", "group")
"""Columns of a run's predictions, in their order; labels, predictions and `kl` follow."""
SYSTEM, BASELINE, PEOPLE = "system", "baseline", "people"
HUMAN_CEILING = "human-ceiling"
"""Model in the rows of what people reach; they hold an expectation, and no predictions."""


def role(model: Model) -> str:
    """Return what a model's rows are: a system's, or a baseline's."""
    return BASELINE if model.baseline else SYSTEM


def label_columns(dataset: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the names of a label's columns, from a dataset's entry in a manifest."""
    return Task(dataset["task"]).columns or tuple(dataset["classes"])


def truth_columns(columns: Sequence[str]) -> list[str]:
    """Return the columns of the true label in the table of predictions."""
    return [TRUTH + column for column in columns]


def predicted_columns(columns: Sequence[str]) -> list[str]:
    """Return the columns of the predicted label in the table of predictions."""
    return [PREDICTED + column for column in columns]


def score_fold(
    task: Task, truth: NDArray[np.float64], predicted: NDArray[np.float64], clips: Sequence[str]
) -> tuple[NDArray[np.float64], dict[str, float]]:
    """Score one fold: return the KL of each clip, in nats, and the fold's metrics."""
    from merbench import evaluation

    scored = evaluation.evaluate(task, truth, predicted, ids=clips)
    return scored.kl, scored.metrics


def is_ceiling(model: str) -> bool:
    """Tell whether a row's model is a human ceiling."""
    return model.startswith(f"{HUMAN_CEILING}(")


def kl_metrics(kl: NDArray[np.float64]) -> dict[str, float]:
    """Return the fold metrics that follow from the clips' KL alone."""
    import numpy as np

    from merbench.evaluation.metrics import median_upper

    return {
        "kl_mean": float(kl.mean()),
        "kl_median": float(np.median(kl)),
        "kl_median_upper": median_upper(kl),
    }


OF_PREDICTIONS = ("n_nonpositive_std", "n_floored_std", "n_floored_probability")
"""Fold metrics that follow from predictions alone."""


def ceiling_metrics(kl: NDArray[np.float64]) -> dict[str, float]:
    """Return the fold metrics of a human ceiling, from those clips that have an expected KL."""
    import numpy as np

    known = kl[np.isfinite(kl)]
    if not len(known):
        return {}
    return {name: kl_metrics(known)[name] for name in ("kl_mean", "kl_median")}


# --- what rows say -------------------------------------------------------------------------------


def metric_columns(folds: pd.DataFrame) -> list[str]:
    """Return the columns of a table of folds that are metrics: those that stand after `error`."""
    columns = list(folds.columns)
    return columns[columns.index("error") + 1 :]


def bare_name(title: str) -> str:
    """Return a dataset's name without its parameters: `my-songs` of `my-songs (fixed_std=0.1)`."""
    return title.partition(" (")[0]


def system_name(row: Mapping[str, Any]) -> str:
    """Return the name of a row's system: what it has on each axis, and parameters that differ."""
    parts = [str(row[axis]) for axis in AXES[1:] if row[axis] != NONE]
    return " x ".join(parts) + system_settings(row)


def system_settings(row: Mapping[str, Any]) -> str:
    """Return the parameters of a row's system that differ, as they stand behind its name."""
    return parameters_text(system_parameters(row))


def system_parameters(row: Mapping[str, Any]) -> list[tuple[Parameter, Any]]:
    """Return the parameters of a row's system that differ, without the names of their axes."""
    found = leaves(row.get("parameters") or {})
    return [(parameter[1:], value) for parameter, value in found.items()]


def parameters(row: Mapping[str, Any]) -> dict[Parameter, Any]:
    """Return the parameters of a row's data set and system that are not at their defaults.

    The names of each begin with that of its axis.
    """
    of_dataset = row.get("dataset_parameters") or {}
    return leaves({"dataset": of_dataset, **(row.get("parameters") or {})})


def told_apart(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    """Return what each row has on each axis, with the parameters that tell it from other rows.

    Of a name that stands with one choice of parameters, all that are no defaults are shown; of one
    that stands with several, those in which they differ.

    Parameters
    ----------
    rows
        Each with the axes' names, `parameters`, and `dataset_parameters` where it has some.
    """
    known = [parameters(row) for row in rows]
    texts: list[dict[str, str]] = [{} for _ in rows]
    for axis in AXES:
        own = [{p: value for p, value in found.items() if p[0] == axis} for found in known]
        written = [{p: json.dumps(value) for p, value in choice.items()} for choice in own]
        choices: dict[str, set[tuple[tuple[Parameter, str], ...]]] = {}
        for row, values in zip(rows, written, strict=True):
            choices.setdefault(str(row[axis]), set()).add(tuple(sorted(values.items())))
        # Of each name: how many choices share a value. What all of them share tells none apart.
        shared = {name: Counter(v for c in found for v in c) for name, found in choices.items()}
        for text, row, choice, values in zip(texts, rows, own, written, strict=True):
            name = str(row[axis])
            count = len(choices[name])
            differing = {
                parameter: value
                for parameter, value in choice.items()
                if count == 1 or shared[name][parameter, values[parameter]] < count
            }
            text[axis] = name + parameters_text([(p[1:], value) for p, value in differing.items()])
    return texts


def joined(texts: Mapping[str, str]) -> str:
    """Return one name for a system from what it has on each axis, as `told_apart` says it."""
    return " x ".join(texts[axis] for axis in AXES[1:] if texts[axis] != NONE)


def choice(row: Mapping[str, Any], axis: str) -> tuple[str, Any]:
    """Return what a row has on an axis: a name, and the parameters that differ from defaults."""
    return row[axis], (row.get("parameters") or {}).get(axis)


def is_blind(row: Mapping[str, Any]) -> bool:
    """Tell whether a row's model never looks at the music."""
    return bool(row["features"] == NONE and row["role"] != PEOPLE)
