"""The columns of the tables that a leaderboard derives, in their order."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeVar

from merbench.runs.parameter_text import read_parameters, written_parameters

if TYPE_CHECKING:
    import pandas as pd

Parameters = Mapping[str, Any]
"""Parameters of a system or a data set that differ from their defaults, by their names."""

R = TypeVar("R")

AGAINST_BEST = [
    "kl_difference_to_best", "corrected_p_holm", "clip_p_holm", "naive_wilcoxon_p",
    "rank_biserial", "detectable_difference", "groups_needed",
]  # fmt: skip
"""How a row is held against the best one of its table."""


@dataclass(frozen=True)
class LeaderboardRow:
    """One cell: a row of leaderboard.csv, and the one place where its columns are stated.

    Their order is that of the file, whose `metrics` are columns of their own. Numbers are NaN and
    texts empty where there is nothing; `dictionary` says what each column means.
    """

    table: str
    tier: float
    rank: float
    rank_low: float
    rank_high: float
    role: str
    dataset: str
    dataset_version: str
    task: str
    augmentation: str
    separator: str
    features: str
    model: str
    parameters: Parameters
    status: str
    n_clips: int
    n_groups: float
    n_folds: int
    n_failed: int
    kl_mean: float
    kl_mean_low: float
    kl_mean_high: float
    kl_median: float
    kl_median_low: float
    kl_median_high: float
    kl_difference_to_best: float
    corrected_p_holm: float
    clip_p_holm: float
    naive_wilcoxon_p: float
    rank_biserial: float
    detectable_difference: float
    groups_needed: float
    kl_difference_to_baseline: float
    baseline_p_holm: float
    kl_difference_to_people: float
    mark: str
    squared_error: float
    rank_by_squared_error: float
    tier_by_squared_error: float
    rank_by_zero_one: float
    tier_by_zero_one: float
    rank_by_macro_f1: float
    tier_by_macro_f1: float
    metrics: Mapping[str, float]
    n_runs: int
    kl_mean_least: float
    kl_mean_most: float
    seconds: float
    fit_seconds: float
    predict_seconds_per_clip: float
    cpu_seconds: float
    peak_memory_mb: float
    dataset_parameters: Parameters
    synthetic: bool
    provenance: str
    protocol: str
    spec_hash: str
    split_hash: str
    data_hash: str
    evaluator_version: str
    evaluator_hash: str
    versions: str
    hardware: str
    started: str
    withheld: str
    run: str
    cell: str
    error: str

    @classmethod
    def of(cls, values: Mapping[str, Any], metrics: Iterable[str]) -> LeaderboardRow:
        """Return a row from what is known of it; what is not known is NaN, or no text.

        Parameters
        ----------
        values
            By column.
        metrics
            Names of the columns that are metrics.
        """
        known: dict[str, Any] = {
            name: values[name] if values.get(name) is not None else _NOTHING.get(kind)
            for name, kind in _types(cls).items()
            if name != METRICS
        }
        found = {name: values[name] for name in metrics if values.get(name) is not None}
        return cls(metrics=found, **known)

    def columns(self, metrics: Sequence[str]) -> dict[str, Any]:
        """Return what the row's columns hold, in the order of the file: parameters as text.

        Parameters
        ----------
        metrics
            Of all rows of the file.
        """
        values = {
            name: written_parameters(value) if name in PARAMETERS else value
            for name, value in vars(self).items()
        }
        return (
            {name: values[name] for name in LEADING}
            | {name: self.metrics.get(name, math.nan) for name in metrics}
            | {name: values[name] for name in TRAILING}
        )


METRICS = "metrics"
_NOTHING: dict[str, Any] = {
    "float": math.nan, "str": "", "int": 0, "bool": False, "Parameters": MappingProxyType({}),
}  # fmt: skip
"""What stands in a row where nothing is known, by the column's type."""


def _types(row: type) -> dict[str, str]:
    """Return the columns of a file whose rows are of a class, and the names of their types."""
    return {field.name: str(field.type) for field in fields(row)}


def numbers_of(row: type) -> list[str]:
    """Return the columns of a file that hold numbers, or nothing."""
    return [name for name, kind in _types(row).items() if kind == "float"]


_STATED = list(_types(LeaderboardRow))
PARAMETERS = [name for name, kind in _types(LeaderboardRow).items() if kind == "Parameters"]
"""Columns that hold parameters: values in a row, a text in a file."""
LEADING = _STATED[: _STATED.index(METRICS)]
"""Columns of a leaderboard before the metrics of its tasks."""
TRAILING = _STATED[_STATED.index(METRICS) + 1 :]
"""Columns after them."""
BEHIND = {
    "accuracy": ("accuracy_low", "accuracy_high"),
    "macro_f1": ("macro_f1_low", "macro_f1_high", "auc", "pr_auc"),
}
"""Of tasks of classes: columns that follow from all folds together, each behind a fold's metric."""


@dataclass(frozen=True)
class Comparison:
    """Two cells of one table compared: a row of comparisons.csv.

    The numbers are those of `evaluation.Paired`; `dictionary` says what each column means.
    """

    table: str
    dataset: str
    across: str
    a: str
    b: str
    cell_a: str
    cell_b: str
    run_a: str
    run_b: str
    n_folds: int
    n_clips: int
    n_groups: int
    given: str
    kl_difference: float
    kl_low: float
    kl_high: float
    corrected_t: float
    corrected_df: float
    corrected_p: float
    corrected_p_holm: float
    resampled_p: float
    clip_p: float
    clip_p_holm: float
    group_p: float
    naive_wilcoxon_p: float
    n_folds_p_below_05: int
    rank_biserial: float
    group_rank_biserial: float
    p_a_better: float
    p_equal: float
    p_b_better: float
    detectable_difference: float
    significant: bool
    better: str


COMPARED = [field.name for field in fields(Comparison)]
"""Columns of the comparisons."""


@dataclass(frozen=True)
class SeparatorFold:
    """One fold of two cells that differ in their separator alone: a row of separators.csv.

    `a` is the separator that comes first in the run; `dictionary` says what each column means.
    """

    table: str
    dataset: str
    system: str
    separator_a: str
    separator_b: str
    run: str
    cell_a: str
    cell_b: str
    fold: int
    kl_mean_a: float
    kl_mean_b: float
    kl_median_upper_a: float
    kl_median_upper_b: float
    wilcoxon_p: float


@dataclass(frozen=True)
class Replication:
    """One run of a cell that several runs have: a row of replications.csv."""

    table: str
    dataset: str
    system: str
    cell: str
    run: str
    listed: bool
    status: str
    kl_mean: float
    kl_median: float
    seconds: float
    started: str
    hardware: str


@dataclass(frozen=True)
class DatasetSource:
    """Where a data set is from: a row of datasets.csv."""

    dataset: str
    dataset_version: str
    task: str
    n_clips: int
    n_groups: int
    synthetic: bool
    labels_public: bool
    provenance: str
    licence: str
    homepage: str
    paper: str
    citation: str
    authors: str
    data_hash: str


@dataclass(frozen=True)
class PluginSource:
    """What a plugin of a run is, and where it can be had: a row of plugins.csv."""

    run: str
    plugin_kind: str
    name: str
    version: str
    summary: str
    description: str
    authors: str
    citation: str
    paper: str
    distribution: str
    distribution_version: str
    repository: str
    commit: str
    changed: bool


@dataclass(frozen=True)
class SystemPart:
    """One component of a cell with all its parameters: a row of systems.csv."""

    run: str
    cell: str
    plugin_kind: str
    name: str
    version: str
    all_parameters: str
    source: str


@dataclass(frozen=True)
class Submission:
    """Who submitted a run, and what it ran with: a row of submissions.csv."""

    run: str
    name: str
    submitter: str
    published: str
    started: str
    merbench: str
    commit: str
    changed: bool
    hardware: str


def columns_of(row: type) -> list[str]:
    """Return the columns of a file whose rows are of a class."""
    return [field.name for field in fields(row)]


REPLICATIONS = [field.name for field in fields(Replication)]
"""Columns of cells that several runs have, run by run."""
SEPARATORS = [field.name for field in fields(SeparatorFold)]
"""Columns of one separator against another, fold by fold."""


def typed_rows(row: type[R], table: pd.DataFrame) -> list[R]:
    """Return the rows of a file, in the class that states its columns.

    Parameters
    ----------
    row
        `Comparison`, or another class whose fields are the file's columns.
    table
        The file's table. A number that is missing is NaN, a text empty; so are the columns that a
        file of an earlier merbench lacks.
    """
    kinds = list(_types(row).values())
    known = table.reindex(columns=columns_of(row)).itertuples(index=False, name=None)
    return [row(*map(_typed, values, kinds)) for values in known]


def _typed(value: Any, kind: str) -> Any:
    present = _present(value)
    if present is None:
        return _NOTHING[kind]
    return _TYPES[kind](present)


_TYPES: dict[str, type] = {"float": float, "str": str, "int": int, "bool": bool}


def with_classes(metrics: Iterable[str]) -> list[str]:
    """Return the metrics' columns, with those of `BEHIND` in their places."""
    return [column for metric in metrics for column in (metric, *BEHIND.get(metric, ()))]


def leaderboard_rows(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return a leaderboard's rows as mappings: parameters as values, None for what is missing."""
    return [
        {name: read_parameters(value) if name in PARAMETERS else value
         for name, value in row.items()}
        for row in records(table)
    ]  # fmt: skip


def records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return a table's rows as mappings, with None for what is missing."""
    return [
        {str(key): _present(value) for key, value in row.items()}
        for row in table.to_dict("records")
    ]


def _present(value: Any) -> Any:
    if value is None or value == "" or (isinstance(value, float) and math.isnan(value)):
        return None
    return value.item() if hasattr(value, "item") else value


TEXTS: dict[str, type] = {
    name: str
    for row in (
        LeaderboardRow, Comparison, SeparatorFold, Replication, DatasetSource, PluginSource,
        SystemPart, Submission,
    )
    for name, kind in _types(row).items()
    if kind in ("str", "Parameters")
}  # fmt: skip
"""Columns that hold texts even where all of them look like numbers, in whatever file."""
