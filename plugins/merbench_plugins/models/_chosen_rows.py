"""Some rows of a table that stays on disk, as a table of their own."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


class ChosenRows:
    """Some rows of an array-like that may stay on disk, and made ones behind them.

    Parameters
    ----------
    rows
        Array-like.
    chosen
        Positions in it, shape (n,).
    made
        Rows that follow, shape (m, ...); none by default.
    """

    def __init__(
        self, rows: Any, chosen: NDArray[np.intp], made: NDArray[np.float32] | None = None
    ) -> None:
        self.rows, self.chosen = rows, chosen
        self.made: Any = [] if made is None else made

    def __len__(self) -> int:
        return len(self.chosen) + len(self.made)

    @property
    def shape(self) -> tuple[int, ...]:
        """(n + m, ...)."""
        return (len(self), *np.asarray(self[0]).shape)

    def __getitem__(self, item: Any) -> Any:
        if not isinstance(item, int | np.integer):
            return np.stack([self[int(i)] for i in np.arange(len(self))[item]])
        rest = int(item) - len(self.chosen)
        return self.made[rest] if rest >= 0 else self.rows[int(self.chosen[item])]
