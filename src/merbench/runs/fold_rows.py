"""One fold of a cell: a row of a run's table of folds, and the one statement of its columns."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

from merbench.runs.parameter_text import written_parameters

if TYPE_CHECKING:
    import pandas as pd

    from merbench.planning.cell import Cell, LoadedDataset

__all__ = ["FOLD_COLUMNS", "FoldRow", "fold_table"]


@dataclass(frozen=True)
class FoldRow:
    """What is known of one fold; `leaderboard.dictionary` says what each column means.

    The fields stand in the order of the file's columns, which its `metrics` follow. What was not
    measured is NaN.
    """

    cell: str
    dataset: str
    augmentation: str
    separator: str
    features: str
    model: str
    parameters: Mapping[str, Any]
    role: str
    fold: int
    seed: int
    n_train: int
    n_test: int
    task: str
    dataset_parameters: Mapping[str, Any]
    n_clips: int
    synthetic: bool
    provenance: str
    split_hash: str
    data_hash: str
    seconds: float = math.nan
    fit_seconds: float = math.nan
    predict_seconds: float = math.nan
    cpu_seconds: float = math.nan
    peak_memory_mb: float = math.nan
    host: str = ""
    curve: Sequence[Mapping[str, Any]] = ()
    trials: Sequence[Mapping[str, Any]] = ()
    status: str = "ok"
    error: str = ""
    metrics: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def of_fold(
        cls,
        data: LoadedDataset,
        fold: int,
        names: Mapping[str, str],
        parameters: Mapping[str, Any] | None = None,
        **known: Any,
    ) -> FoldRow:
        """Return the row of one fold of a data set.

        Parameters
        ----------
        data
            The data set.
        fold
            The fold's number.
        names
            What the cell has on each axis.
        parameters
            The system's parameters that differ from their defaults.
        **known
            Other fields.
        """
        split = data.splits[fold]
        of_data: dict[str, Any] = {
            **names,
            "n_train": len(split.train), "n_test": len(split.test), "task": data.task.value,
            "dataset_parameters": data.settings, "n_clips": len(data.clips),
            "synthetic": data.dataset.synthetic, "provenance": data.provenance,
            "split_hash": data.split_hash, "data_hash": data.data_hash,
        }  # fmt: skip
        return cls(fold=fold, parameters=parameters or {}, **(of_data | known))

    @classmethod
    def of_cell(cls, cell: Cell, fold: int, role: str) -> FoldRow:
        """Return the row of one fold of a cell, before anything of it is measured."""
        return cls.of_fold(
            cell.data, fold, cell.names, cell.settings, cell=cell.id, role=role,
            seed=cell.fold_seed(fold), provenance=cell.provenance,
        )  # fmt: skip

    def columns(self) -> dict[str, Any]:
        """Return what the row's columns hold: parameters, curve and trials as JSON text."""
        known = {name: getattr(self, name) for name in FOLD_COLUMNS}
        for name in ("parameters", "dataset_parameters"):
            known[name] = written_parameters(known[name])
        for name in ("curve", "trials"):
            known[name] = json.dumps(known[name]) if known[name] else ""
        return known | dict(self.metrics)


FOLD_COLUMNS = tuple(field.name for field in fields(FoldRow) if field.name != "metrics")
"""Columns of a run's folds, in their order; the metrics of its tasks follow."""


def fold_table(rows: Sequence[FoldRow]) -> pd.DataFrame:
    """Return rows as the table that a run keeps."""
    import pandas as pd

    return pd.DataFrame([row.columns() for row in rows])
