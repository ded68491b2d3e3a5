"""Tables of one run or of a whole board under one roof, as pages and exports read them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from merbench.benchmark.names import NONE
from merbench.errors import MerbenchError
from merbench.leaderboard import across_datasets, sources
from merbench.leaderboard.columns import (
    Comparison,
    SeparatorFold,
    leaderboard_rows,
    typed_rows,
)
from merbench.leaderboard.columns import records as records
from merbench.leaderboard.findings import TableFinding, findings
from merbench.runs import row_columns
from merbench.tasks import Task

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from merbench.leaderboard.run_results import RunResults

    Array = NDArray[np.float64]


Row = dict[str, Any]


@dataclass(frozen=True)
class Sources:
    """Where data sets, plugins and runs are from, a mapping a row of their files.

    Parameters
    ----------
    datasets, plugins, parts, submissions
        Rows of `columns.DatasetSource`, `PluginSource`, `SystemPart` and `Submission`.
    """

    datasets: Sequence[Row] = ()
    plugins: Sequence[Row] = ()
    parts: Sequence[Row] = ()
    submissions: Sequence[Row] = ()

    @classmethod
    def of_run(cls, run: RunResults) -> Sources:
        """Return those of one run; its rows name no run, for there is one."""
        identity = str(run.manifest["run"])
        cells = [(identity, str(cell)) for cell in run.leaderboard["cell"]]
        of_run = (
            sources.plugin_rows([run]),
            sources.system_parts([run], cells),
            sources.submissions([run]),
        )
        return cls([asdict(row) for row in sources.dataset_sources([run])],
                   *([asdict(row) | {"run": ""} for row in rows] for rows in of_run))  # fmt: skip


@dataclass(frozen=True)
class Results:
    """Tables of results, and what is known of how they came about.

    Parameters
    ----------
    name
        Of the run or board.
    rows
        The leaderboard, a mapping a row; a missing number is None, and parameters are values.
    comparisons
        Pairs of cells.
    separators
        Folds of pairs that differ in their separator alone.
    folds, predictions
        As a run keeps them; a board's have the column `run` as well.
    across
        Systems over several datasets, `across.COLUMNS`; empty where there is one.
    reported
        Rows printed elsewhere, which nobody here recomputed.
    sources
        What is known of where things are from, `Sources`.
    replications
        Runs of the cells that several runs have.
    stems
        Levels of a run's stems, `stems.COLUMNS`; a board has none.
    manifest
        Of the run; empty for a board.
    """

    name: str
    rows: list[Row]
    comparisons: list[Comparison]
    folds: pd.DataFrame
    predictions: pd.DataFrame
    separators: list[SeparatorFold] = field(default_factory=list)
    across: list[Row] = field(default_factory=list)
    reported: list[Row] = field(default_factory=list)
    sources: Sources = field(default_factory=lambda: Sources())
    replications: list[Row] = field(default_factory=list)
    stems: pd.DataFrame | None = None
    manifest: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of_run(cls, run: RunResults) -> Results:
        """Return the results of a run."""
        compared = across_datasets.systems_across(run.leaderboard)
        return cls(
            str(run.manifest["name"]),
            leaderboard_rows(run.leaderboard.drop(columns="run")),
            typed_rows(Comparison, run.comparisons),
            run.folds,
            run.predictions,
            typed_rows(SeparatorFold, run.separators),
            across=[] if compared is None else records(compared),
            sources=Sources.of_run(run),
            stems=run.stems,
            manifest=run.manifest,
        )

    def only(self, names: Sequence[str]) -> Results:
        """Return what is of some datasets, by their names without parameters; of all for none.

        Raises
        ------
        MerbenchError
            There is no such dataset.
        """
        if not names:
            return self
        known = {row_columns.bare_name(str(row["dataset"])) for row in self.rows}
        for name in names:
            if row_columns.bare_name(name) not in known:
                raise MerbenchError(
                    f"there is no dataset {name!r} here; there are {', '.join(sorted(known))}"
                )
        wanted = {row_columns.bare_name(name) for name in names}

        def kept(dataset: Any) -> bool:
            return row_columns.bare_name(str(dataset)) in wanted

        return replace(
            self,
            rows=[row for row in self.rows if kept(row["dataset"])],
            comparisons=[pair for pair in self.comparisons if kept(pair.dataset)],
            separators=[fold for fold in self.separators if kept(fold.dataset)],
            across=[],
        )

    @cached_property
    def tables(self) -> dict[str, list[Row]]:
        """Rows by the table in which they are ranked: real music before synthetic.

        Otherwise in the order of the leaderboard.
        """
        found: dict[str, list[Row]] = {}
        for row in self.rows:
            found.setdefault(str(row["table"]), []).append(row)
        return dict(sorted(found.items(), key=lambda item: is_synthetic(item[1])))

    @cached_property
    def findings(self) -> list[TableFinding]:
        """What the tables come to, in sentences."""
        return findings(self.rows, self.comparisons)

    def sides(self, pair: Comparison) -> tuple[Row, Row]:
        """Return the two rows that a pair compares."""
        return self.row(pair.cell_a, pair.run_a), self.row(pair.cell_b, pair.run_b)

    def row(self, cell: str, run: str) -> Row:
        """Return the row of a cell; the run tells rows apart on a board only."""
        several = bool(self.rows) and "run" in self.rows[0]
        return self._by_key[key_of({"cell": cell, "run": run if several else ""})]

    @cached_property
    def _by_key(self) -> dict[str, Row]:
        return {key_of(row): row for row in self.rows}

    @cached_property
    def _parts(self) -> tuple[dict[str, pd.DataFrame], dict[str, pd.DataFrame]]:
        return _by_row(self.folds), _by_row(self.predictions)

    def folds_of(self, row: Mapping[str, Any]) -> pd.DataFrame:
        """Return the folds of a row, in their order."""
        part = self._parts[0].get(key_of(row))
        return self.folds.iloc[:0] if part is None else part

    def predictions_of(self, row: Mapping[str, Any]) -> pd.DataFrame:
        """Return the predictions of a row, fold by fold."""
        part = self._parts[1].get(key_of(row))
        return self.predictions.iloc[:0] if part is None else part


def _by_row(table: pd.DataFrame) -> dict[str, pd.DataFrame]:
    keys = [key for key in ("run", "cell") if key in table.columns]
    parts = {}
    for _, part in table.groupby(keys, sort=False, observed=True):
        parts[key_of(part.iloc[0])] = part
    return parts


def key_of(row: Mapping[str, Any]) -> str:
    """Return what a row is called in links and ids: its cell and, on a board, its run."""
    run = str(row.get("run") or "")
    return f"{row['cell']}-{run[:8]}" if run else str(row["cell"])


def is_synthetic(rows: Iterable[Row]) -> bool:
    """Tell whether music or ratings of some rows come from a program."""
    return any(row.get("synthetic") in (True, "True") for row in rows)


def short_names(rows: Sequence[Row]) -> list[str]:
    """Name systems of one table without what all of them share, such as the separator."""
    heard = [row for row in rows if not row_columns.is_blind(row)]
    telling = [
        axis
        for axis in row_columns.AXES[1:]
        if axis == "model" or len({str(row.get(axis) or NONE) for row in heard}) > 1
    ]
    return [
        " x ".join(str(row[axis]) for axis in telling if (row.get(axis) or NONE) != NONE)
        + row_columns.system_settings(row)
        for row in rows
    ]


def finished(rows: Iterable[Row]) -> Iterator[Row]:
    """Yield the rows that have a mean KL."""
    return (row for row in rows if row["status"] == "ok" and row.get("kl_mean") is not None)


@dataclass(frozen=True)
class Clips:
    """A cell's tested clips, each once: averaged over the folds that tested it.

    Parameters
    ----------
    clip, group
        Shape (n,).
    kl
        Shape (n,), nats, ascending: the best clip comes first.
    columns
        Names of a label's columns.
    truth, predicted
        Shape (n, columns); None where the table does not hold them.
    """

    clip: list[str]
    group: list[str]
    kl: Array
    columns: tuple[str, ...]
    truth: Array | None
    predicted: Array | None


def columns_held(task: Task, predictions: pd.DataFrame) -> tuple[str, ...]:
    """Return the names of a label's columns: of classes those that a cell has probabilities of."""
    if task.columns:
        return task.columns
    start = row_columns.PREDICTED
    known = [str(c) for c in predictions.columns if str(c).startswith(start)]
    return tuple(c.removeprefix(start) for c in known if predictions[c].notna().any())


def clips_of(task: Task, predictions: pd.DataFrame) -> Clips | None:
    """Average a cell's predictions clip by clip; None where there are none with a KL."""
    known = predictions[predictions["kl"].notna()]
    if known.empty:
        return None
    names = columns_held(task, known)
    truth, predicted = row_columns.truth_columns(names), row_columns.predicted_columns(names)
    there = [c for c in (*truth, *predicted) if c in known and known[c].notna().all()]
    grouped = known.groupby("clip", sort=True, observed=True)
    table = grouped[["kl", *there]].mean()
    table["group"] = grouped["group"].first() if "group" in known else ""
    table = table.sort_values("kl", kind="stable")

    def columns(names: list[str]) -> Array | None:
        return table[names].to_numpy(float) if set(names) <= set(there) else None

    return Clips(
        [str(clip) for clip in table.index],
        [str(group) for group in table["group"]],
        table["kl"].to_numpy(float),
        names,
        columns(truth),
        columns(predicted),
    )
