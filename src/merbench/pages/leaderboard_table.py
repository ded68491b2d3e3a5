"""A table of the leaderboard as its page shows it: columns, and a row's cells as text."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from merbench import wording
from merbench.benchmark.names import NONE, settings_text
from merbench.leaderboard.results import Row, is_synthetic, key_of
from merbench.leaderboard.variants import model_of
from merbench.runs import row_columns
from merbench.tasks import Task
from merbench.wording import DASH, counted, duration, p_text

__all__ = ["Line", "ShownCell", "ShownTable", "brief", "lay_out_table", "machine", "page_number"]

_WORST_SHOWN = 1.25
"""How far the scale of the interval column reaches beyond the systems' own intervals."""
_MOST = 0.75
"""Share of the systems whose intervals fit in any case."""


@dataclass(frozen=True)
class Column:
    """One column: its heading, what a reader is told about it, and a row's text."""

    key: str
    heading: str
    help: str
    text: Callable[[Row], str]
    sort: Callable[[Row], Any] | None = None
    numeric: bool = True
    phone: bool = False
    """Whether it stays where there is room for little."""
    way: str = ""
    """What rows are ranked by that are sorted by this column, as a reader may choose it."""


@dataclass(frozen=True)
class ShownCell:
    """One cell: its text, and what it is sorted by where the text does not say."""

    column: Column
    text: str
    sort: str


@dataclass(frozen=True)
class Line:
    """One row of the page's table."""

    row: Row
    key: str
    cells: tuple[ShownCell, ...]
    tags: tuple[tuple[str, str], ...]
    """(kind, text): what must be known about the row beside its numbers."""
    low: float | None
    middle: float | None
    high: float | None
    """The interval's ends and mean as shares of the column's width; None where it has none."""
    beyond: bool
    """Whether the mean itself lies beyond the column."""
    base: str
    """The model without what is wrapped around it, so that its variants sort together."""
    inputs: str
    """Features and separator, for where these have no columns."""


@dataclass(frozen=True)
class ShownTable:
    """Rows that may be ranked against each other."""

    id: str
    dataset: str
    version: str
    task: str
    rows: tuple[Row, ...]
    columns: tuple[Column, ...]
    lines: tuple[Line, ...]
    scale: float
    """KL, in nats, at the right edge of the interval column."""

    @property
    def synthetic(self) -> bool:
        """Whether music or ratings come from a program."""
        return is_synthetic(self.rows)

    @property
    def provenance(self) -> str:
        """What was done to the labels on the way in."""
        return "; ".join(dict.fromkeys(r["provenance"] for r in self.rows if r.get("provenance")))

    def value(self, key: str) -> str:
        """What all rows share of a column; the first row's."""
        return str(self.rows[0].get(key) or "")


def lay_out_table(identifier: str, rows: Sequence[Row]) -> ShownTable:
    """Lay out rows of one table; columns that would hold nothing are left out."""
    task = Task(rows[0]["task"]) if rows[0].get("task") else Task.VA
    columns = tuple(c for c in _columns(task) if _tells(c, rows))
    scale = _scale(rows)
    lines = tuple(_line(row, columns, scale) for row in rows)
    first = rows[0]
    return ShownTable(
        identifier,
        str(first["dataset"]) + settings_text(first.get("dataset_parameters") or {}),
        str(first.get("dataset_version") or ""),
        task.value,
        tuple(rows),
        columns,
        lines,
        scale,
    )


# --- columns -------------------------------------------------------------------------------------


def _columns(task: Task) -> list[Column]:
    columns = [
        Column("tier", "Tier", "A run of ranks, none significantly worse than its first.",
               lambda r: _whole(r.get("tier")), _by("tier")),
        Column("rank", "Rank", "Place by mean KL, with its 95 % interval.", _rank, _by("rank"),
               phone=True),
        Column("model", "Model", "Model, and parameters that differ from defaults.",
               lambda r: str(r["model"]), numeric=False, phone=True),
    ]  # fmt: skip
    for axis in ("features", "separator", "augmentation"):
        columns.append(
            Column(axis, axis.capitalize(), f"The system's {axis}.", _choice(axis), numeric=False)
        )
    columns.append(
        _number("kl_mean", "KL mean",
                "Mean over folds of the mean KL of test clips, nats; less is better.", phone=True,
                way="KL")
    )  # fmt: skip
    if task is not Task.VA:
        columns += [
            _number("macro_f1", "Macro F1", "Mean of the classes' F1, over folds."),
            _number("accuracy", "Accuracy", "Share of clips in the right class, mean over folds."),
        ]
    columns += [
        Column("interval", "95 % interval", "Of the mean KL, nats: groups drawn with replacement.",
               _interval, _by("kl_mean_low")),
        _number("kl_difference_to_best", "Δ best", "KL mean less that of the best row, nats.",
                signed=True),
        Column("corrected_p_holm", "p",
               "Against the best row, corrected for the family: all pairs of competing systems, "
               "those with a baseline, or those with a marked row.",
               lambda r: p_text(r.get("corrected_p_holm")), _by("corrected_p_holm")),
    ]  # fmt: skip
    if task is Task.VA:
        for name, heading in (("ccc", "CCC"), ("r2", "R²")):
            for dimension in ("valence", "arousal"):
                key = f"{name}_{dimension}_mean"
                says = f"{_METRICS[name]} of the mean {dimension}, mean over folds."
                columns.append(_number(key, f"{heading} {dimension}", says, 2))
        columns.append(_number("rmse", "RMSE", "Root mean squared error over all four columns."))
    else:
        columns.append(_number("balanced_accuracy", "Balanced", "Mean of the classes' recalls."))
    return [
        *columns,
        *(Column(f"rank_by_{way}", heading, f"Place by {what}, and its tier, tested as KL is.",
                 _other_rank(way), _by(f"rank_by_{way}"), way=what)
          for way, heading, what in _OTHER_WAYS),
        _number("kl_difference_to_people", "Δ people",
                "KL mean less the best that people reach, nats.", signed=True),
        _number("kl_median", "KL median", "Mean over folds of the median KL, nats."),
        Column("fit_seconds", "Fit", "Seconds of fitting, all folds, features given.",
               lambda r: duration(r.get("fit_seconds") or None), _by("fit_seconds")),
        Column("predict_seconds_per_clip", "Predict",
               "Seconds of predicting one clip, features given.",
               lambda r: brief(r.get("predict_seconds_per_clip") or None),
               _by("predict_seconds_per_clip")),
        Column("seconds", "Time", "Fitting and predicting, all folds.",
               lambda r: duration(r.get("seconds") or None), _by("seconds")),
        Column("peak_memory_mb", "Memory", "Peak while fitting, MB.",
               lambda r: _whole(r.get("peak_memory_mb")), _by("peak_memory_mb")),
        Column("n_folds", "Folds", "Folds of the protocol.", lambda r: _whole(r.get("n_folds"))),
        Column("hardware", "Hardware", "What times were taken on.",
               lambda r: machine(r.get("hardware")), numeric=False),
    ]  # fmt: skip


_OTHER_WAYS = (
    ("squared_error", "By sq. error", "squared error"),
    ("zero_one", "By accuracy", "accuracy"),
    ("macro_f1", "By F1", "macro F1"),
)
"""What rows have ranks by beside KL: in their columns' names, in headings, in words."""
ALIKE = ("features", "separator", "augmentation")
"""Columns that are left out where all systems of a table have the same."""
_METRICS = {"ccc": "Lin's concordance", "r2": "Coefficient of determination"}


def _number(
    key: str,
    heading: str,
    help: str,
    digits: int = 3,
    *,
    signed: bool = False,
    phone: bool = False,
    way: str = "",
) -> Column:
    return Column(
        key,
        heading,
        help,
        lambda row: page_number(row.get(key), digits, signed=signed),
        _by(key),
        phone=phone,
        way=way,
    )


def machine(hardware: Any) -> str:
    """Say what a row's times were taken on, from the manifest's JSON."""
    known = json.loads(hardware) if hardware else {}
    if not known:
        return DASH
    cores = known.get("cores")
    parts = [str(known.get("cpu") or known.get("machine") or "")]
    parts += [counted(cores, "core")] if cores else []
    return ", ".join(part for part in parts if part) or DASH


def _by(key: str) -> Callable[[Row], Any]:
    return lambda row: row.get(key)


def _choice(axis: str) -> Callable[[Row], str]:
    return lambda row: DASH if (row.get(axis) or NONE) == NONE else str(row[axis])


def _rank(row: Row) -> str:
    if row.get("rank") is None:
        return DASH
    low, high = _whole(row.get("rank_low")), _whole(row.get("rank_high"))
    return f"{row['rank']:.0f} ({low}–{high})" if low != high else _whole(row["rank"])


def _other_rank(way: str) -> Callable[[Row], str]:
    def text(row: Row) -> str:
        rank, tier = row.get(f"rank_by_{way}"), row.get(f"tier_by_{way}")
        return _whole(rank) + ("" if tier is None else f", tier {_whole(tier)}")

    return text


def _interval(row: Row) -> str:
    low, high = interval_of(row)
    return DASH if low is None or high is None else f"{page_number(low)} to {page_number(high)}"


def interval_of(row: Row) -> tuple[float | None, float | None]:
    """Return the ends of a row's interval of the mean KL, where it has one."""
    return row.get("kl_mean_low"), row.get("kl_mean_high")


def _tells(column: Column, rows: Sequence[Row]) -> bool:
    texts = {column.text(row) for row in rows}
    if column.key == "seconds":  # where both parts stand, their sum says nothing new
        return any(row.get("seconds") and not row.get("fit_seconds") for row in rows)
    if column.key == "hardware":
        return len(texts - {DASH}) > 1  # of one machine, the line above the table tells
    if column.key in ALIKE and len(rows) > 1:
        return len(texts - {DASH}) > 1  # and so of what all systems share
    return column.key == "model" or texts != {DASH}


# --- rows ----------------------------------------------------------------------------------------


def _line(row: Row, columns: Sequence[Column], scale: float) -> Line:
    low, high = interval_of(row)
    mean = row.get("kl_mean")
    return Line(
        row=row,
        key=key_of(row),
        cells=tuple(ShownCell(c, c.text(row), _sort(c, row)) for c in columns),
        tags=_tags(row),
        low=_share(low, scale),
        middle=_share(mean, scale),
        high=_share(high, scale),
        beyond=(mean or 0) > scale,
        base=model_of(str(row["model"]))[0] if row["role"] == row_columns.SYSTEM else "",
        inputs=_inputs(row),
    )


def _inputs(row: Row) -> str:
    axes = ("features", "separator", "augmentation")
    return ", ".join(str(row[axis]) for axis in axes if (row.get(axis) or NONE) != NONE)


def _share(value: float | None, scale: float) -> float | None:
    return None if value is None else round(min(1.0, max(0.0, value / scale)), 4)


def _sort(column: Column, row: Row) -> str:
    value = column.sort(row) if column.sort else None
    return f"{value:.6g}" if isinstance(value, (int, float)) and math.isfinite(value) else ""


def _tags(row: Row) -> tuple[tuple[str, str], ...]:
    found = [("role", str(row["role"]))] if row["role"] != row_columns.SYSTEM else []
    found += [("mark", mark) for mark in str(row.get("mark") or "").split("; ") if mark]
    if row["status"] != "ok":
        found.append(("failed", str(row["status"])))
    if (row.get("n_runs") or 1) > 1:
        least, most = page_number(row.get("kl_mean_least")), page_number(row.get("kl_mean_most"))
        spread = f", KL {least if least == most else f'{least} to {most}'}" if least != DASH else ""
        found.append(("runs", f"{row['n_runs']:.0f} runs{spread}"))
    return tuple(found)


def _scale(rows: Sequence[Row]) -> float:
    """KL at the right edge: systems' intervals fit, where some are far off those of the better.

    A few systems, or a baseline, would else leave no room to tell the others apart.
    """
    systems = [r for r in rows if r["role"] == row_columns.SYSTEM] or list(rows)
    ends = sorted(max(interval_of(r)[1] or 0.0, r.get("kl_mean") or 0.0) for r in systems)
    ends = [end for end in ends if end > 0]
    if not ends:
        return 1.0
    far, most = ends[math.ceil(_MOST * len(ends)) - 1], ends[-1]
    return _WORST_SHOWN * (most if most <= 2 * far else far)


# --- numbers -------------------------------------------------------------------------------------


def page_number(value: Any, digits: int = 3, *, signed: bool = False) -> str:
    """Write a number as tables everywhere have it, with a true minus, as print has it."""
    return wording.number_text(value, digits, signed=signed).replace("-", "−")


def brief(seconds: Any) -> str:
    """Write a short time with a unit that leaves two digits at least."""
    if seconds is None or math.isnan(seconds):
        return DASH
    if seconds < 1e-3:
        return f"{1e6 * seconds:.0f} µs"
    return f"{1e3 * seconds:.1f} ms" if seconds < 1 else duration(seconds)


def _whole(value: Any) -> str:
    return DASH if value is None else f"{float(value):.0f}"
