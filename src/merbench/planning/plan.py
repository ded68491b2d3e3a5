"""What a run will do: its cells, and the steps that are still to do."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from merbench.benchmark.resolving import Benchmark
from merbench.planning.cell import Cell, LoadedDataset
from merbench.planning.cell_list import Skipped
from merbench.steps.measuring import SeparatedClips
from merbench.steps.step import Step
from merbench.steps.uses import Use

STAGES = ("separate", "extract", "assemble", "measure", "fit")
"""The stages of tasks in a sensible order: what fits wait for goes ahead of them all."""


@dataclass
class Plan:
    """What a run will do.

    Parameters
    ----------
    benchmark
        What was asked for.
    datasets
        Each with clips and splits.
    cells
        What will be scored, in the order of the benchmark file.
    skipped
        Combinations that are none, with the reason.
    unready
        By cell id: why a cell cannot be computed here (missing weights, missing package).
    tables
        By cell id: the keys of its tables of features, one for each input of its model.
    fits
        By cell id: the keys of its folds' predictions.
    tasks
        Still to do, by key, in a sensible order.
    cached
        Number of needed artifacts that are in the store, by stage.
    described
        Clips whose stems are measured, by dataset and separator of several stems.
    uses
        Keys of all artifacts that the cells follow from, by the dataset's title.
    claim
        What keeps them in the store until the run is over; None where nothing is to be run.
    """

    benchmark: Benchmark
    datasets: list[LoadedDataset] = field(default_factory=list)
    cells: list[Cell] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    unready: dict[str, str] = field(default_factory=dict)
    tables: dict[str, tuple[str, ...]] = field(default_factory=dict)
    fits: dict[str, list[str]] = field(default_factory=dict)
    tasks: dict[str, Step] = field(default_factory=dict)
    cached: Counter[str] = field(default_factory=Counter)
    described: list[SeparatedClips] = field(default_factory=list)
    uses: dict[str, set[str]] = field(default_factory=dict)
    claim: Use | None = None

    @property
    def warnings(self) -> list[str]:
        """What makes results doubtful, or keeps them from saying anything, a sentence each."""
        found = [f"{data.name}: {data.unsplit}" for data in self.datasets if data.unsplit]
        found += [data.too_few for data in self.datasets]
        if self.cells and self.skipped and all(cell.model.baseline for cell in self.cells):
            found.append("no system makes a cell: baselines alone are scored")
        found += [data.repeated_audio for data in self.datasets]
        return [warning for warning in dict.fromkeys(found) if warning]

    def to_do(self) -> Counter[str]:
        """Number of tasks still to do, by stage."""
        return Counter(work.stage for work in self.tasks.values())
