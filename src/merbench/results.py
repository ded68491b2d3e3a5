"""What a run's two tables hold, the fold metrics that follow from predictions, and rows' names."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from merbench.components import Model, Task
from merbench.spec import AXES as AXES
from merbench.spec import NONE, settings_text

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

TRUTH, PREDICTED = "truth_", "predicted_"
SYSTEM, BASELINE, PEOPLE = "system", "baseline", "people"
HUMAN_CEILING = "human-ceiling"
"""Model in the rows of what people reach; they hold an expectation, and no predictions."""


def role(model: Model) -> str:
    """Return what a model's rows are: a system's, or a baseline's."""
    return BASELINE if model.baseline else SYSTEM


def label_columns(dataset: Mapping[str, Any]) -> tuple[str, ...]:
    """Names of a label's columns, from a dataset's entry in a manifest."""
    return Task(dataset["task"]).columns or tuple(dataset["classes"])


def truth_columns(columns: Sequence[str]) -> list[str]:
    """Columns of the true label in the table of predictions."""
    return [TRUTH + column for column in columns]


def predicted_columns(columns: Sequence[str]) -> list[str]:
    """Columns of the predicted label in the table of predictions."""
    return [PREDICTED + column for column in columns]


def score_fold(
    task: Task, truth: NDArray[np.float64], predicted: NDArray[np.float64], clips: Sequence[str]
) -> tuple[NDArray[np.float64], dict[str, float]]:
    """Score one fold: KL of each clip, and the fold's metrics."""
    from merbench import evaluation

    scored = evaluation.evaluate(task, truth, predicted, ids=clips)
    return scored.kl, scored.metrics


def is_ceiling(model: str) -> bool:
    """Tell whether a row's model is a human ceiling."""
    return model.startswith(f"{HUMAN_CEILING}(")


def kl_metrics(kl: NDArray[np.float64]) -> dict[str, float]:
    """Fold metrics that follow from the clips' KL alone."""
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
    """Fold metrics of a human ceiling, from each clip's expected KL; clips without it are out."""
    import numpy as np

    known = kl[np.isfinite(kl)]
    if not len(known):
        return {}
    return {name: kl_metrics(known)[name] for name in ("kl_mean", "kl_median")}


# --- what rows say -------------------------------------------------------------------------------


def metric_columns(folds: pd.DataFrame) -> list[str]:
    """Columns of a table of folds that are metrics: what stands after `error`."""
    columns = list(folds.columns)
    return columns[columns.index("error") + 1 :]


def bare_name(title: str) -> str:
    """Name of a dataset without what its title says of parameters: `my-songs (fixed_std=0.1)`."""
    return title.partition(" (")[0]


def system_name(row: Mapping[str, Any]) -> str:
    """Name of a row's system: what it has on each axis, with parameters that differ."""
    parts = [str(row[axis]) for axis in AXES[1:] if row[axis] != NONE]
    return " x ".join(parts) + parameter_text(row["parameters"])


def parameter_text(parameters: str) -> str:
    """A system's parameters as a name shows them: ` (k=3)`; nothing where all are defaults."""
    return settings_text(json.loads(parameters)) if parameters else ""


def choice(row: Mapping[str, Any], axis: str) -> tuple[str, Any]:
    """What a row has on an axis: the name, and the parameters that differ from defaults."""
    settings = json.loads(row["parameters"]) if row["parameters"] else {}
    return row[axis], settings.get(axis)


def is_blind(row: Mapping[str, Any]) -> bool:
    """Tell whether a row's model never looks at the music."""
    return bool(row["features"] == NONE and row["role"] != PEOPLE)
