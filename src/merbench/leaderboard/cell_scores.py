"""Per-clip scores of cells, as arrays that statistics take."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from merbench.errors import MerbenchError
from merbench.runs.record import RunRecord
from merbench.runs.row_columns import PREDICTED, label_columns, predicted_columns, truth_columns

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from merbench.evaluation import Scores


@dataclass(frozen=True, eq=False)
class RunPredictions:
    """A run's predictions, and where each cell's rows stand among them.

    Parameters
    ----------
    predictions
        The run's table.
    at
        By cell: positions of its rows.
    fold, clip, group, kl
        Shape (rows,). Clips and groups are positions in the lists of their names.
    clips, groups
        Names.
    columns
        By the name and hash of its data: names of a label's columns.
    n_train
        By cell: number of training clips of each fold.
    """

    predictions: pd.DataFrame
    at: Mapping[str, NDArray[np.intp]]
    fold: NDArray[np.int64]
    clip: NDArray[np.int64]
    group: NDArray[np.int64]
    kl: NDArray[np.float64]
    clips: NDArray[np.object_]
    groups: NDArray[np.object_]
    columns: Mapping[tuple[str, str], tuple[str, ...]]
    n_train: Mapping[str, Mapping[int, int]]

    @classmethod
    def of(cls, run: RunRecord) -> RunPredictions:
        """Take a run's tables apart."""
        import numpy as np
        import pandas as pd

        predictions, folds = run.predictions, run.folds
        clip, clips = pd.factorize(predictions["clip"])
        group, groups = pd.factorize(predictions["group"])
        n_train: dict[str, dict[int, int]] = {}
        sizes = folds[["cell", "fold", "n_train"]] if len(folds) else folds
        for cell, fold, size in sizes.itertuples(index=False):
            n_train.setdefault(cell, {})[int(fold)] = int(size)
        return cls(
            predictions,
            places(predictions["cell"]),
            predictions["fold"].to_numpy(np.int64),
            clip,
            group,
            predictions["kl"].to_numpy(np.float64),
            np.asarray(clips, object),
            np.asarray(groups, object),
            {(d["name"], d["data_hash"]): label_columns(d) for d in run.manifest["datasets"]},
            n_train,
        )

    def place(self, row: Mapping[str, Any]) -> int:
        """Return which of the run's cells a leaderboard's row is of: 0 for its first."""
        return self._places[row["cell"]]

    @cached_property
    def _places(self) -> dict[str, int]:
        return {cell: place for place, cell in enumerate(self.n_train)}

    def truth(self, of: Mapping[str, Any], rows: NDArray[np.intp]) -> NDArray[np.float64]:
        """Return true labels in the data of a leaderboard's row: (rows, columns)."""
        return self._numbers(truth_columns(self.columns[of["dataset"], of["data_hash"]]), rows)

    def predicted(self, of: Mapping[str, Any], rows: NDArray[np.intp]) -> NDArray[np.float64]:
        """Return predicted labels in the data of a leaderboard's row: (rows, columns)."""
        return self._numbers(predicted_columns(self.columns[of["dataset"], of["data_hash"]]), rows)

    def is_whole(self, of: Mapping[str, Any], rows: NDArray[np.intp]) -> bool:
        """Tell whether neither labels nor predictions of a leaderboard's row were left out."""
        import numpy as np

        held = self.truth(of, rows), self.predicted(of, rows)
        return all(bool(np.isfinite(numbers).all()) for numbers in held)

    def content(self, cell: str) -> str:
        """Hash of what a cell predicted for which clip of which fold, and its KL."""
        import numpy as np

        rows = self.at.get(cell, np.empty(0, np.intp))
        digest = hashlib.sha256()
        columns = [c for c in self.predictions.columns if str(c).startswith(PREDICTED)]
        for name in [*sorted(columns), "fold", "kl"]:
            values = self.predictions[name].to_numpy()[rows]
            if not np.isnan(values).all():  # columns of another task
                digest.update(name.encode() + np.ascontiguousarray(values, np.float64).tobytes())
        digest.update("\n".join(self.clips[self.clip[rows]].tolist()).encode())
        return digest.hexdigest()

    def _numbers(self, names: Sequence[str], rows: NDArray[np.intp]) -> NDArray[np.float64]:
        import numpy as np

        return np.stack([self.predictions[n].to_numpy(np.float64)[rows] for n in names], axis=1)


def places(values: Any) -> dict[str, NDArray[np.intp]]:
    """Return where each value of a column stands, in the order of their first appearance."""
    import numpy as np
    import pandas as pd

    code, names = pd.factorize(values)
    order = np.argsort(code, kind="stable")
    if not len(names):
        return {}
    ends = np.cumsum(np.bincount(code)).tolist()
    starts = [0, *ends[:-1]]
    return {
        str(name): order[start:end] for name, start, end in zip(names, starts, ends, strict=True)
    }


@dataclass(frozen=True, eq=False)
class AlignedScores:
    """Cells of one table, scored on the same rows.

    Parameters
    ----------
    scores
        Their KL, sorted by fold and clip.
    rows
        Of each cell: where these rows stand in its run's predictions.
    """

    scores: Scores
    rows: tuple[NDArray[np.intp], ...]


def align(cells: Sequence[tuple[RunPredictions, Mapping[str, Any]]]) -> AlignedScores:
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

    run, first = cells[0]
    at = run.at.get(first["cell"], np.empty(0, np.intp))
    given = _Tested.of(run, at)
    order = given.order()
    reference = given.take(order)
    rows = []
    for other, row in cells:
        own = other.at.get(row["cell"], np.empty(0, np.intp))
        tested = _Tested.of(other, own)
        if tested.is_like(given):  # cells of one run come in one order: nothing to sort
            rows.append(own[order])
            continue
        sorted_rows = tested.order()
        if not tested.take(sorted_rows).is_like(reference):
            raise MerbenchError(
                f"the cells {first['cell']} and {row['cell']} of {row['dataset']} have one split "
                "hash and were not tested on the same clips; verify the runs they come from"
            )
        rows.append(own[sorted_rows])
    kl = np.stack([other.kl[at] for (other, _), at in zip(cells, rows, strict=True)])
    names = tuple(f"{row['cell']} of run {row['run'][:8]}" for _, row in cells)
    groups = run.groups[run.group[rows[0]]].astype(str)
    n_train = run.n_train[first["cell"]]
    scores = Scores(names, reference.fold, reference.clip.astype(str), groups, n_train, kl)
    return AlignedScores(scores, tuple(rows))


@dataclass(frozen=True)
class _Tested:
    """Which clip was tested in which fold, row by row."""

    fold: NDArray[np.int64]
    clip: NDArray[np.object_]

    @classmethod
    def of(cls, run: RunPredictions, rows: NDArray[np.intp]) -> _Tested:
        return cls(run.fold[rows], run.clips[run.clip[rows]])

    def order(self) -> NDArray[np.intp]:
        """Return the rows' places by fold and clip."""
        import numpy as np

        return np.lexsort((self.clip.astype(str), self.fold))

    def take(self, order: NDArray[np.intp]) -> _Tested:
        return _Tested(self.fold[order], self.clip[order])

    def is_like(self, other: _Tested) -> bool:
        """Tell whether both are of the same clips and folds, row by row."""
        import numpy as np

        return np.array_equal(self.fold, other.fold) and np.array_equal(self.clip, other.clip)
