"""What a model that chooses its parameters itself chose in each fold, as a table."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from merbench.pages.leaderboard_table import page_number
from merbench.wording import DASH

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["ChosenParameters", "chosen_parameters"]


@dataclass(frozen=True)
class ChosenParameters:
    """The table.

    Parameters
    ----------
    names
        The parameters chosen, a column each.
    rows
        (fold, a value for each of `names`, score, what was tried) of each fold.
    """

    names: tuple[str, ...]
    rows: tuple[tuple[str, tuple[str, ...], str, str], ...]


def chosen_parameters(folds: pd.DataFrame) -> ChosenParameters | None:
    """Return what was chosen in the folds of a system; None where nothing was.

    Parameters
    ----------
    folds
        Rows of a run's table of folds; those of earlier runs have no column `trials`.
    """
    found: list[tuple[str, Mapping[str, Any], Sequence[Mapping[str, Any]]]] = []
    if "trials" in folds:
        for fold, text in zip(folds["fold"], folds["trials"], strict=True):
            trials = json.loads(text) if isinstance(text, str) and text else []
            chosen = next((trial for trial in trials if trial.get("chosen")), None)
            if chosen is not None:
                found.append((str(fold), chosen, trials))
    if not found:
        return None
    names = tuple(dict.fromkeys(n for _, chosen, _ in found for n in chosen["parameters"]))
    return ChosenParameters(
        names,
        tuple(
            (
                fold,
                tuple(_value(chosen["parameters"].get(name)) for name in names),
                page_number(chosen.get("score")),
                _tried(trials),
            )
            for fold, chosen, trials in found
        ),
    )


def _value(value: Any) -> str:
    if value is None:
        return DASH
    if isinstance(value, float):
        return f"{value:.3g}".replace("-", "−")
    return value if isinstance(value, str) else json.dumps(value)


def _tried(trials: Sequence[Mapping[str, Any]]) -> str:
    failed = sum(trial.get("state") == "failed" for trial in trials)
    return f"{len(trials)}, {failed} of them failed" if failed else str(len(trials))
