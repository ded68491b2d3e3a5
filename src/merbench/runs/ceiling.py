"""What people reach on the clips of a run: rows that systems are held against."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from merbench.benchmark.names import NONE
from merbench.components import Clip
from merbench.planning.cell import LoadedDataset
from merbench.runs import row_columns
from merbench.runs.row_columns import HUMAN_CEILING
from merbench.runs.rows import Columns, data_columns, prediction_rows
from merbench.tasks import Task

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def human_ceiling_rows(data: LoadedDataset, seed: int) -> Iterator[tuple[dict[str, Any], Columns]]:
    """Yield the folds of the human ceilings: how well people predict what other people say."""
    import numpy as np

    if data.task is not Task.VA or data.origins:  # copies among the clips, which nobody rated
        return
    for estimate, kl in ceilings(data.clips, seed).items():
        names = dict.fromkeys(row_columns.AXES, NONE) | {
            "dataset": data.name,
            "model": f"{HUMAN_CEILING}({estimate})",
        }
        cell = f"{HUMAN_CEILING}-{estimate}-{data.data_hash[:8]}-{data.split_hash[:8]}"
        for split in data.splits:
            test = np.asarray(split.test)
            row: dict[str, Any] = {
                "cell": cell, **names, "parameters": "", "role": row_columns.PEOPLE,
                "fold": split.fold, "seed": seed,
                "n_train": len(split.train), "n_test": len(split.test), **data_columns(data),
                "seconds": 0.0, "fit_seconds": 0.0, "predict_seconds": 0.0, "cpu_seconds": 0.0,
                "peak_memory_mb": 0.0, "curve": "", "trials": "", "status": "ok", "error": "",
                **row_columns.ceiling_metrics(kl[test]),
            }  # fmt: skip
            truth = np.asarray([data.clips[i].label for i in split.test], dtype=np.float64)
            nothing = np.full(truth.shape, np.nan)
            yield row, prediction_rows(data, cell, names, split.fold, truth, nothing, kl[test])


def ceilings(clips: Sequence[Clip], seed: int) -> dict[str, NDArray[np.float64]]:
    """Return what people reach, by estimate: the KL expected of each clip, in nats.

    Parameters
    ----------
    clips
        All of a data set, with their ratings.
    seed
        That of the benchmark.
    """
    import numpy as np

    if not any(clip.ratings for clip in clips):
        return {}
    from merbench.evaluation import human_ceiling

    ratings = [np.reshape(np.asarray(clip.ratings, float), (-1, 2)) for clip in clips]
    ceiling = human_ceiling(ratings, seed=seed)
    estimates = {"split-half": ceiling.split_half, "panel": ceiling.panel}
    return {name: kl for name, kl in estimates.items() if np.isfinite(kl).any()}
