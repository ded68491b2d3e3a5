"""What people reach on the clips of a run: rows that systems are held against."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from merbench.benchmark.names import NONE
from merbench.components import Clip
from merbench.digests import module_digest
from merbench.errors import StoreError
from merbench.planning.cell import LoadedDataset
from merbench.runs import row_columns
from merbench.runs.fold_rows import FoldRow
from merbench.runs.prediction_rows import Columns, prediction_rows
from merbench.runs.row_columns import HUMAN_CEILING
from merbench.steps.artifact_keys import artifact_key
from merbench.steps.step import Step
from merbench.steps.store import Store
from merbench.tasks import Task

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


ESTIMATES = ("split-half", "panel")


@dataclass(frozen=True)
class Ceilings(Step):
    """Estimate what people reach on each clip of a data set, once for all runs."""

    stage: ClassVar[str] = "ceiling"
    key: str
    clips: tuple[Clip, ...]
    seed: int
    needs: tuple[str, ...] = ()

    @classmethod
    def of(cls, clips: tuple[Clip, ...], seed: int) -> Ceilings:
        """Return the step for clips with their ratings, and a benchmark's seed."""
        from merbench import evaluation
        from merbench.evaluation import ceiling

        sources = [evaluation.source_hash(), module_digest(ceiling.__name__)]
        ratings = [clip.ratings for clip in clips]
        return cls(artifact_key("ceiling", of=ratings, seed=seed, sources=sources), clips, seed)

    @property
    def title(self) -> str:
        return "human ceiling"

    def run(self, store: Store) -> None:
        store.put(self.key, ceilings(self.clips, self.seed), {})


def human_ceiling_rows(
    data: LoadedDataset, seed: int, store: Store
) -> Iterator[tuple[FoldRow, Columns]]:
    """Yield the folds of the human ceilings: how well people predict what other people say."""
    import numpy as np

    if data.task is not Task.VA or data.origins:  # copies among the clips, which nobody rated
        return
    if not any(clip.ratings for clip in data.clips):
        return
    reached = _reached(Ceilings.of(data.clips, seed), store)
    for estimate in ESTIMATES:
        if estimate not in reached:
            continue
        kl = reached[estimate]
        names = dict.fromkeys(row_columns.AXES, NONE) | {
            "dataset": data.name,
            "model": f"{HUMAN_CEILING}({estimate})",
        }
        cell = f"{HUMAN_CEILING}-{estimate}-{data.data_hash[:8]}-{data.split_hash[:8]}"
        for split in data.splits:
            test = np.asarray(split.test)
            row = FoldRow.of_fold(
                data, split.fold, names, cell=cell, role=row_columns.PEOPLE, seed=seed,
                seconds=0.0, fit_seconds=0.0, predict_seconds=0.0, cpu_seconds=0.0,
                peak_memory_mb=0.0, metrics=row_columns.ceiling_metrics(kl[test]),
            )  # fmt: skip
            truth = np.asarray([data.clips[i].label for i in split.test], dtype=np.float64)
            nothing = np.full(truth.shape, np.nan)
            yield row, prediction_rows(data, cell, names, split.fold, truth, nothing, kl[test])


def _reached(step: Ceilings, store: Store) -> Mapping[str, NDArray[np.float64]]:
    try:
        if not store.has(step.key):
            step.run(store)
        return store.get(step.key).arrays
    except StoreError:
        return ceilings(step.clips, step.seed)  # no finished run is lost for a full disk


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
    estimates = zip(ESTIMATES, (ceiling.split_half, ceiling.panel), strict=True)
    return {name: kl for name, kl in estimates if np.isfinite(kl).any()}
