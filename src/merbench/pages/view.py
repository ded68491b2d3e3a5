"""What a page's sections are made from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from merbench.leaderboard.results import Results

if TYPE_CHECKING:
    from merbench.leaderboard.embedding import Layout

__all__ = ["View"]


@dataclass(frozen=True)
class View:
    """What a page is made from.

    Parameters
    ----------
    content
        The tables.
    hrefs
        By row key: where more of a system is shown.
    systems
        Of each system with something to show: `id`, `name`, `dataset`, `kl`, and either `html` or,
        where that stands on a page of its own, `href`.
    tables
        Of each table that has a page of its own: `href`, `dataset`, `version`, `n_rows`, `best`
        (names and KL), `n_best`, `synthetic`.
    layouts
        Clips on a plane, from `embedding.layouts`; a board has none.
    datasets
        By a dataset's name: where its page is.
    """

    content: Results
    hrefs: Mapping[str, str] = field(default_factory=dict)
    systems: Sequence[Mapping[str, Any]] = ()
    tables: Sequence[Mapping[str, Any]] = ()
    layouts: Sequence[Layout] = ()
    datasets: Mapping[str, str] = field(default_factory=dict)

    @property
    def board(self) -> bool:
        """Whether the page is a leaderboard's, to which runs are submitted, and no run's report."""
        return not self.content.manifest
