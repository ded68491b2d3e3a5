"""Ranks and tiers of a table's rows, and how each stands against the best."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from merbench.leaderboard.columns import AGAINST_BEST
from merbench.runs.row_columns import BASELINE, SYSTEM

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from merbench.evaluation import AllPairs, Scores

__all__ = ["families_of", "ranks", "set_places", "tiers_of"]

Rows = Sequence[dict[str, Any]]


def has_tier(row: dict[str, Any]) -> bool:
    """Tell whether a row competes: a system that nothing speaks against.

    Baselines and people are there to be compared with, and what is marked is broken.
    """
    return row["role"] == SYSTEM and not row["mark"]


def families_of(rows: Rows) -> NDArray[np.intp]:
    """Return the family of each pair of rows, in the order of `numpy.triu_indices`.

    Pairs of systems that compete are one, and those systems against baselines another. Pairs with a
    marked row, and of two baselines, are the rest: whoever adds a broken row makes no verdict on
    another one harder to reach.
    """
    import numpy as np

    competes = np.array([has_tier(row) for row in rows], bool)
    baseline = np.array([row["role"] == BASELINE for row in rows], bool)
    a, b = np.triu_indices(len(rows), k=1)
    against = (competes[a] & baseline[b]) | (baseline[a] & competes[b])
    return np.where(competes[a] & competes[b], 0, np.where(against, 1, 2))


def set_places(rows: Rows, scores: Scores) -> None:
    """Set rank, tier, intervals and the comparison with the best of one table's ranked rows.

    Tiers and p-values come alike from all pairs of rows, in the families of `families_of`.

    Parameters
    ----------
    rows
        The best first, with their marks.
    scores
        Theirs, in the same order.
    """
    from merbench import evaluation

    drawn = evaluation.bootstrap(scores)
    pairs = evaluation.AllPairs.of(scores, families_of(rows))
    placed = zip(ranks([row["kl_mean"] for row in rows]), tiers_of(rows, pairs), strict=True)
    for i, (rank, tier) in enumerate(placed):
        rows[i] |= {
            "tier": tier,
            "rank": rank,
            "rank_low": int(drawn.rank_low[i]),
            "rank_high": int(drawn.rank_high[i]),
            "kl_mean_low": float(drawn.mean_low[i]),
            "kl_mean_high": float(drawn.mean_high[i]),
            "kl_median_low": float(drawn.median_low[i]),
            "kl_median_high": float(drawn.median_high[i]),
            "n_groups": len(scores.groups),
        }
    _against_best(rows, scores, pairs)
    _against_baseline(rows, pairs)


def ranks(values: Sequence[float]) -> list[int]:
    """Return the rank of each value, 1 for the least; equals share the better rank."""
    order = sorted(values)
    first: dict[float, int] = {}
    for place, value in enumerate(order, start=1):
        first.setdefault(value, place)
    return [first[value] for value in values]


def tiers_of(rows: Rows, pairs: AllPairs) -> list[int | None]:
    """Return the tier of each row, None for rows that have none.

    Where several systems compete and all of them would share one tier, the data cannot separate
    them, and none has any: `groups_needed` says what it would take.
    """
    import numpy as np

    from merbench import evaluation

    competing = np.flatnonzero([has_tier(row) for row in rows])
    found: list[int | None] = [None] * len(rows)
    better = pairs.better()[np.ix_(competing, competing)]
    tiers = evaluation.tiers(better, pairs.mean[competing]).tolist()
    if len(tiers) > 1 and max(tiers) == 1:
        return found
    for place, tier in zip(competing.tolist(), tiers, strict=True):
        found[place] = tier
    return found


def _against_best(rows: Rows, scores: Scores, pairs: AllPairs) -> None:
    """Hold every row against the best one."""
    import numpy as np

    from merbench import evaluation

    if len(rows) < 2:
        return
    others = np.arange(1, len(rows))
    best = np.zeros_like(others)
    paired = evaluation.compare_pairs(scores, np.stack([others, best], axis=1))
    families = families_of(rows)
    size = np.bincount(families)[families[: len(others)]]  # the first pairs are those of the best
    detectable = evaluation.two_sources(scores, others, best).detectable(
        alpha=evaluation.ALPHA / size
    )
    needed = evaluation.groups_needed(scores, others, best, size)
    told = pairs.p[0, 1:] < evaluation.ALPHA
    values = (
        paired.kl_difference, pairs.p[0, 1:],
        paired.clip_p_holm, paired.naive_p, paired.rank_biserial, detectable,
        np.where(told | ~np.isfinite(needed), np.nan, np.ceil(needed)),
    )  # fmt: skip
    for i, row in enumerate(rows[1:]):
        row |= {name: float(array[i]) for name, array in zip(AGAINST_BEST, values, strict=True)}
        if not math.isnan(row["groups_needed"]):
            # A larger effort than the present one, however chance may have it.
            row["groups_needed"] = max(row["groups_needed"], float(len(scores.groups) + 1))


def _against_baseline(rows: Rows, pairs: AllPairs) -> None:
    """Hold every system against the best row that never hears the music."""
    best = next((i for i, row in enumerate(rows) if row["role"] == BASELINE), None)
    if best is None:
        return
    for i, row in enumerate(rows):
        if row["role"] == SYSTEM:
            row |= {
                "kl_difference_to_baseline": float(pairs.mean[i] - pairs.mean[best]),
                "baseline_p_holm": float(pairs.p[i, best]),
            }
