"""Two separators fold by fold, as pages and exports show them: from `columns.SEPARATORS`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from merbench.leaderboard.results import Results, Row

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

__all__ = ["FoldTable", "Iteration", "fold_tables", "n_pairs"]


@dataclass(frozen=True)
class Iteration:
    """One fold of two systems: mean and median KL of each, and Wilcoxon's p between them."""

    fold: int
    mean: tuple[float, float]
    median: tuple[float, float]
    p: float


@dataclass(frozen=True)
class FoldTable:
    """Two systems that differ in their separator alone.

    Parameters
    ----------
    dataset, system
        What they share.
    separators
        Names of the two: the first is what the second is held against.
    rows
        Leaderboard rows of the two.
    iterations
        One a fold.
    kl
        By separator, one array a fold: the clips' KL, the same clips in the same order for both.
    """

    dataset: str
    system: str
    separators: tuple[str, str]
    rows: tuple[Row, Row]
    iterations: tuple[Iteration, ...]
    kl: tuple[tuple[Array, ...], tuple[Array, ...]]

    @property
    def average(self) -> tuple[float, float, float, float]:
        """Means over folds: E of both, M of both; as the leaderboard has them."""
        a, b = self.rows
        return a["kl_mean"], b["kl_mean"], a["kl_median_upper"], b["kl_median_upper"]


def n_pairs(content: Results) -> int:
    """Count the pairs of systems that differ in their separator alone."""
    return len(_by_pair(content))


def fold_tables(content: Results, most: int | None = None) -> list[FoldTable]:
    """Return a table for each of the first `most` pairs, or for all."""
    return [_fold_table(content, rows) for rows in islice(_by_pair(content).values(), most)]


def _by_pair(content: Results) -> dict[tuple[str, str, str], list[Row]]:
    found: dict[tuple[str, str, str], list[Row]] = {}
    for row in content.separators:
        found.setdefault((row["run"], row["cell_a"], row["cell_b"]), []).append(row)
    return found


def _fold_table(content: Results, rows: Sequence[Row]) -> FoldTable:
    first = rows[0]
    sides = (content.row(first["cell_a"], first["run"]), content.row(first["cell_b"], first["run"]))
    of_folds = [dict(iter(content.predictions_of(row).groupby("fold"))) for row in sides]
    kl = []
    for row in rows:
        a, b = (part[row["fold"]].set_index("clip")["kl"] for part in of_folds)
        kl.append((a.to_numpy(float), b.reindex(a.index).to_numpy(float)))
    iterations = [
        Iteration(
            int(row["fold"]),
            (row["kl_mean_a"], row["kl_mean_b"]),
            (row["kl_median_upper_a"], row["kl_median_upper_b"]),
            row["wilcoxon_p"],
        )
        for row in rows
    ]
    return FoldTable(
        str(first["dataset"]),
        str(first["system"]),
        (str(first["separator_a"]), str(first["separator_b"])),
        sides,
        tuple(iterations),
        (tuple(a for a, _ in kl), tuple(b for _, b in kl)),
    )
