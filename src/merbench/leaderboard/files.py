"""The files of a leaderboard of many runs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from merbench.csv_text import table_text
from merbench.errors import MerbenchError
from merbench.leaderboard import across_datasets, columns, dictionary, sources
from merbench.leaderboard.building import Board, build_board
from merbench.leaderboard.citation import citation
from merbench.leaderboard.columns import Comparison, leaderboard_rows, typed_rows
from merbench.leaderboard.findings import FILE as FINDINGS
from merbench.leaderboard.findings import findings_table
from merbench.runs.parameter_text import portable_text
from merbench.runs.record import PREDICTIONS, RunRecord, write_parquet
from merbench.runs.row_columns import metric_columns
from merbench.whole_files import replacing

if TYPE_CHECKING:
    import pandas as pd

LEADERBOARD, FOLDS, COMPARISONS = "leaderboard.csv", "folds.csv", "comparisons.csv"
SEPARATORS = "separators.csv"
ACROSS, REPORTED = "across-datasets.csv", "reported.csv"
REPLICATIONS = "replications.csv"
DATASETS, PLUGINS = "datasets.csv", "plugins.csv"
SYSTEMS, SUBMISSIONS = "systems.csv", "submissions.csv"
DICTIONARY, CITATION = "dictionary.csv", "CITATION.cff"


@dataclass(frozen=True)
class Files:
    """A leaderboard's files.

    Parameters
    ----------
    texts
        Name to content of those that are text.
    predictions
        The table of predictions, run by run.
    board
        What they were written from.
    """

    texts: dict[str, str]
    predictions: tuple[pd.DataFrame, ...]
    board: Board

    @property
    def names(self) -> set[str]:
        """Names of all files."""
        return {*self.texts, PREDICTIONS}


def compose_board(runs: Sequence[RunRecord], reported: pd.DataFrame | None = None) -> Files:
    """Derive a leaderboard's files from runs, in whatever order these are named.

    Parameters
    ----------
    runs
        What was recorded of each.
    reported
        Numbers that papers print, which are kept apart from what was computed.
    """
    import pandas as pd

    board = build_board(runs)
    folds = _folds(board)
    predictions = tuple(_predictions(board))
    csv = {
        LEADERBOARD: board.leaderboard,
        FOLDS: folds,
        COMPARISONS: board.comparisons,
        SEPARATORS: board.separators,
        FINDINGS: findings_table(
            leaderboard_rows(board.leaderboard), typed_rows(Comparison, board.comparisons)
        ),
    }
    rows = board.leaderboard[["run", "cell"]].itertuples(index=False, name=None)
    for name, kind, found in (
        (DATASETS, columns.DatasetSource, sources.dataset_sources(board.runs)),
        (PLUGINS, columns.PluginSource, sources.plugin_rows(board.runs)),
        (SYSTEMS, columns.SystemPart, sources.system_parts(board.runs, rows)),
        (SUBMISSIONS, columns.Submission, sources.submissions(board.runs)),
    ):
        csv[name] = pd.DataFrame(found, columns=columns.columns_of(kind))
    if len(board.replications):
        csv[REPLICATIONS] = board.replications
    compared = across_datasets.systems_across(board.leaderboard)
    if compared is not None:
        csv[ACROSS] = compared
    if reported is not None:
        csv[REPORTED] = reported
    stated = {name: list(table.columns) for name, table in csv.items()}
    stated[PREDICTIONS] = list(dict.fromkeys(c for part in predictions for c in part.columns))
    stated[DICTIONARY] = ["file", "column", "unit", "meaning"]
    texts = {name: table_text(table) for name, table in csv.items()}
    texts[DICTIONARY] = _dictionary(stated)
    texts[CITATION] = citation(board.runs)
    return Files(texts, predictions, board)


def write_board(files: Files, folder: Path) -> None:
    """Write a leaderboard's files; each appears whole.

    Raises
    ------
    MerbenchError
        The folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, writes in _writers(files):
            with replacing(folder / name) as temporary:
                writes(temporary)
        for name in (ACROSS, REPORTED, REPLICATIONS):
            if name not in files.texts:
                (folder / name).unlink(missing_ok=True)  # an earlier leaderboard's
    except OSError as error:
        raise MerbenchError(
            f"the leaderboard cannot be written to {folder} ({error.strerror or error}); make "
            "room, or name another folder"
        ) from error


def _writers(files: Files) -> Iterable[tuple[str, Callable[[Path], Any]]]:
    for name, text in files.texts.items():
        yield name, partial(_write_text, text)
    yield PREDICTIONS, partial(write_parquet, list(files.predictions))


def _write_text(text: str, path: Path) -> None:
    path.write_text(text, encoding="utf-8", newline="")


def _dictionary(stated: dict[str, list[str]]) -> str:
    import pandas as pd

    return table_text(pd.DataFrame(dictionary.rows(stated), columns=stated[DICTIONARY]))


def _folds(board: Board) -> pd.DataFrame:
    """Return the folds of the cells in the leaderboard, with their table and run."""
    import pandas as pd

    parts = [
        part.assign(
            parameters=[portable_text(text) for text in part["parameters"]],
            dataset_parameters=[portable_text(text) for text in part["dataset_parameters"]],
        )
        for part in _listed(board, "folds")
    ]
    if not parts:
        return pd.DataFrame(columns=["table", "run", "cell"])
    metrics = dict.fromkeys(name for part in parts for name in metric_columns(part))
    # A run of an earlier merbench has fewer columns, and none that later ones lack.
    fixed = max(([c for c in part.columns if c not in metrics] for part in parts), key=len)
    return pd.concat(parts, ignore_index=True)[[*fixed, *metrics]]


def _predictions(board: Board) -> Iterable[pd.DataFrame]:
    yield from _listed(board, "predictions")


def _listed(board: Board, which: str) -> Iterable[pd.DataFrame]:
    """Yield each run's rows of the cells that the leaderboard lists from it."""
    import pandas as pd

    table = board.leaderboard
    for run in board.runs:
        rows: pd.DataFrame = getattr(run, which)
        own = table[table["run"] == run.manifest["run"]]
        tables = dict(zip(own["cell"], own["table"], strict=True))
        cells = rows["cell"].astype(str) if len(rows) else pd.Series([], dtype=str)
        listed = rows[cells.isin(tables).to_numpy()] if len(rows) else rows
        if not len(listed):
            continue
        named = listed["cell"].astype(str).map(tables)
        frame = listed.reset_index(drop=True)
        frame.insert(0, "table", pd.Categorical(named) if which == "predictions" else list(named))
        identity = run.manifest["run"]
        names = pd.Categorical([identity]).repeat(len(frame))
        frame.insert(1, "run", names if which == "predictions" else identity)
        yield frame
