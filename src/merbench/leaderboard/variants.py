"""One model as it is, tuned, calibrated: variants that are read side by side."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from merbench.benchmark.names import NONE
from merbench.identity import canonical
from merbench.leaderboard.results import Row, finished
from merbench.runs.row_columns import AXES, SYSTEM, system_settings

__all__ = ["PLAIN", "Family", "model_families", "model_of"]

PLAIN = "as it is"
"""What a model is called that nothing is wrapped around."""

_WRAPPED = re.compile(r"([\w.-]+)\((.+)\)")


@dataclass(frozen=True)
class Family:
    """One model on one input in several variants.

    Parameters
    ----------
    model
        The innermost model's name.
    alike
        What the variants share: features, separator and the rest, as a name.
    rows
        By variant: its row, the best where several have other parameters.
    """

    model: str
    alike: str
    rows: dict[str, Row]


def model_of(title: str) -> tuple[str, str]:
    """Take a model's title apart: `calibrated(tuned(svc))` is svc, `calibrated tuned`.

    Returns
    -------
    tuple of str
        The innermost model, and what is wrapped around it, the outermost first; `PLAIN` for
        nothing.
    """
    wrappers = []
    while found := _WRAPPED.fullmatch(title):
        wrappers.append(found[1])
        title = found[2]
    return title, " ".join(wrappers) or PLAIN


def model_families(rows: Sequence[Row]) -> list[Family]:
    """Return the models of one table that stand in it in two variants or more, the best first."""
    found: dict[tuple[Any, ...], Family] = {}
    for row in finished(rows):
        if row["role"] != SYSTEM:
            continue
        model, variant = model_of(str(row["model"]))
        axes = [axis for axis in AXES[1:] if axis != "model"]
        # What differs on the other axes makes another input; what differs in the model, a variant.
        settings = row.get("parameters") or {}
        others = {axis: value for axis, value in settings.items() if axis != "model"}
        alike = " x ".join(str(row[axis]) for axis in axes if row[axis] != NONE)
        alike += system_settings({"parameters": others})
        key = (model, *(row[axis] for axis in axes), canonical(others))
        family = found.setdefault(key, Family(model, alike, {}))
        family.rows.setdefault(variant, row)
    several = [family for family in found.values() if len(family.rows) > 1]
    return sorted(several, key=lambda family: min(r["kl_mean"] for r in family.rows.values()))
