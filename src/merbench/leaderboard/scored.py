"""Per-clip scores of cells, as arrays that statistics take."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from merbench.errors import MerbenchError
from merbench.results import PREDICTED, Recorded

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from merbench.evaluation import Scores


@dataclass(frozen=True)
class ScoredRows:
    """A run's predictions by column, and where each cell's rows stand.

    Parameters
    ----------
    at
        By cell: its rows, as a slice where they stand together.
    fold, clip, group, kl
        Shape (rows,). Clips and groups are positions in the lists of their names.
    predicted
        Shape (rows, columns of all tasks).
    clips, groups
        Names.
    n_train
        By cell: number of training clips of each fold.
    """

    at: Mapping[str, slice | NDArray[np.intp]]
    fold: NDArray[np.int64]
    clip: NDArray[np.int64]
    group: NDArray[np.int64]
    kl: NDArray[np.float64]
    predicted: NDArray[np.float64]
    clips: NDArray[np.object_]
    groups: NDArray[np.object_]
    n_train: Mapping[str, Mapping[int, int]]

    @classmethod
    def of(cls, run: Recorded) -> ScoredRows:
        """Take a run's tables apart."""
        import numpy as np
        import pandas as pd

        predictions, folds = run.predictions, run.folds
        columns = [c for c in predictions.columns if str(c).startswith(PREDICTED)]
        clip, clips = pd.factorize(predictions["clip"])
        group, groups = pd.factorize(predictions["group"])
        n_train: dict[str, dict[int, int]] = {}
        if len(folds):
            for cell, fold, size in zip(
                folds["cell"].tolist(), folds["fold"].tolist(), folds["n_train"].tolist(),
                strict=True,
            ):  # fmt: skip
                n_train.setdefault(cell, {})[int(fold)] = int(size)
        return cls(
            _places(predictions["cell"]),
            predictions["fold"].to_numpy(np.int64),
            clip,
            group,
            predictions["kl"].to_numpy(np.float64),
            predictions[columns].to_numpy(np.float64),
            np.asarray(clips, object),
            np.asarray(groups, object),
            n_train,
        )

    def content(self, cell: str) -> str:
        """Hash of what a cell predicted for which clip of which fold, and its KL."""
        at = self.at.get(cell, slice(0, 0))
        digest = hashlib.sha256()
        for array in (self.fold[at], self.predicted[at], self.kl[at]):
            digest.update(array.tobytes())
        digest.update("\n".join(map(str, self.clips[self.clip[at]])).encode())
        return digest.hexdigest()


def _places(cells: Any) -> dict[str, slice | NDArray[np.intp]]:
    import numpy as np
    import pandas as pd

    code, names = pd.factorize(cells)
    order = np.argsort(code, kind="stable")
    ends = np.cumsum(np.bincount(code, minlength=len(names))) if len(names) else []
    places: dict[str, slice | NDArray[np.intp]] = {}
    start = 0
    for name, end in zip(names, ends, strict=True):
        rows = order[start:end]
        together = rows[-1] - rows[0] + 1 == len(rows)
        places[str(name)] = slice(int(rows[0]), int(rows[-1]) + 1) if together else rows
        start = int(end)
    return places


def scores_of(cells: Sequence[tuple[ScoredRows, Mapping[str, Any]]]) -> Scores:
    """Put the scores of one table's cells side by side.

    Parameters
    ----------
    cells
        Each cell's run and its row; complete cells only.

    Raises
    ------
    MerbenchError
        They were not tested on the same clips of the same folds.
    """
    import numpy as np

    from merbench.evaluation import Scores

    rows, first = cells[0]
    reference = _Tested.of(rows, first["cell"])
    order = reference.order()
    kl = np.empty((len(cells), len(order)))
    for i, (run, row) in enumerate(cells):
        tested = _Tested.of(run, row["cell"])
        if tested.is_like(reference):  # as good as always
            kl[i] = tested.kl[order]
            continue
        own = tested.order()
        if not tested.take(own).is_like(reference.take(order)):
            raise MerbenchError(
                f"the cells {first['cell']} and {row['cell']} of {row['dataset']} have one split "
                "hash and were not tested on the same clips; verify the runs they come from"
            )
        kl[i] = tested.kl[own]
    names = tuple(f"{row['cell']} of run {row['run'][:8]}" for _, row in cells)
    clips, groups = reference.clip[order].astype(str), reference.group[order].astype(str)
    n_train = rows.n_train[first["cell"]]
    return Scores(names, reference.fold[order], clips, groups, n_train, kl)


@dataclass(frozen=True)
class _Tested:
    """One cell's rows."""

    fold: NDArray[np.int64]
    clip: NDArray[np.object_]
    group: NDArray[np.object_]
    kl: NDArray[np.float64]

    @classmethod
    def of(cls, rows: ScoredRows, cell: str) -> _Tested:
        at = rows.at.get(cell, slice(0, 0))
        clip, group = rows.clips[rows.clip[at]], rows.groups[rows.group[at]]
        return cls(rows.fold[at], clip, group, rows.kl[at])

    def order(self) -> NDArray[np.intp]:
        """Return the rows' places by fold and clip."""
        import numpy as np

        return np.lexsort((self.clip.astype(str), self.fold))

    def take(self, order: NDArray[np.intp]) -> _Tested:
        return _Tested(self.fold[order], self.clip[order], self.group[order], self.kl[order])

    def is_like(self, other: _Tested) -> bool:
        """Tell whether both are of the same clips and folds, row by row."""
        import numpy as np

        return np.array_equal(self.fold, other.fold) and np.array_equal(self.clip, other.clip)
