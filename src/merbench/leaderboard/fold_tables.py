"""Two separators fold by fold, as pages and exports show them: from `columns.SEPARATORS`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from merbench.leaderboard.columns import SeparatorFold
from merbench.leaderboard.results import Results, Row

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

__all__ = ["FoldTable", "fold_tables", "n_pairs"]


@dataclass(frozen=True)
class FoldTable:
    """Two systems that differ in their separator alone.

    Parameters
    ----------
    dataset, system
        The dataset, and the rest of the system, that the two share.
    separators
        Names of the two: the first is what the second is held against.
    rows
        Leaderboard rows of the two.
    folds
        Their comparison in each fold, as `separators.csv` has it.
    kl
        KL of the clips by separator, one array a fold: the same clips in the same order for both.
    """

    dataset: str
    system: str
    separators: tuple[str, str]
    rows: tuple[Row, Row]
    folds: tuple[SeparatorFold, ...]
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


def _by_pair(content: Results) -> dict[tuple[str, str, str], list[SeparatorFold]]:
    found: dict[tuple[str, str, str], list[SeparatorFold]] = {}
    for fold in content.separators:
        found.setdefault((fold.run, fold.cell_a, fold.cell_b), []).append(fold)
    return found


def _fold_table(content: Results, folds: Sequence[SeparatorFold]) -> FoldTable:
    pair = folds[0]
    sides = content.row(pair.cell_a, pair.run), content.row(pair.cell_b, pair.run)
    clips = [dict(iter(content.predictions_of(row).groupby("fold"))) for row in sides]
    kl = []
    for one in folds:
        a, b = (part[one.fold].set_index("clip")["kl"] for part in clips)
        kl.append((a.to_numpy(float), b.reindex(a.index).to_numpy(float)))
    return FoldTable(
        pair.dataset,
        pair.system,
        (pair.separator_a, pair.separator_b),
        sides,
        tuple(folds),
        (tuple(a for a, _ in kl), tuple(b for _, b in kl)),
    )
