"""The cells of a benchmark: which combinations make one, and why others do not."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from merbench.benchmark.names import joint_title
from merbench.benchmark.protocols import DrawnProtocol
from merbench.benchmark.resolving import Benchmark
from merbench.components import Augmentation, FeatureExtractor, FeatureKind, Model, Separator
from merbench.planning.cell import Cell, LoadedDataset
from merbench.planning.reported_figure import figures_of


@dataclass(frozen=True)
class Skipped:
    """A combination that makes no cell, and why."""

    cell: Cell
    reason: str

    @property
    def names(self) -> dict[str, str]:
        """The axes' names as tables show them."""
        return self.cell.names


# --- cells ---------------------------------------------------------------------------------------


def candidates(data: LoadedDataset, benchmark: Benchmark, skipped: list[Skipped]) -> list[Cell]:
    """Return a dataset's cells; what is no cell goes to `skipped`."""
    cells: list[Cell] = []
    named = [(model, False) for model in benchmark.models]
    added = [(model, True) for model in benchmark.baselines if model not in benchmark.models]
    for model, silent in named + added:
        for augmentations, separator, features in _systems(data, model, benchmark):
            cell = Cell(
                data, augmentations, separator, features, model, benchmark.protocol,
                benchmark.spec.seed, benchmark.spec.device,
            )  # fmt: skip
            reason = _mismatch(cell, benchmark)
            if not reason:
                cells.append(cell)
            elif not silent:
                skipped.append(Skipped(cell, reason))
    return cells


_System = tuple[tuple[Augmentation, ...], Separator | None, tuple[FeatureExtractor, ...]]


def _systems(data: LoadedDataset, model: Model, benchmark: Benchmark) -> list[_System]:
    """Return what a model is combined with on a dataset, whether it fits or not.

    What is published with the clips is combined once: no separator has a part in it.
    """
    if not model.input_kinds:
        return [((), None, ())]
    choices = benchmark.augmentations
    if isinstance(benchmark.protocol, DrawnProtocol) and benchmark.protocol.split_after_augmenting:
        # Each choice has a dataset of its own, which the clips alone are scored on soundly.
        choices = tuple(choice for choice in choices if choice == data.augmentations)
    systems = itertools.product(choices, benchmark.separators, benchmark.features)
    alone = ((a, None if _published(f) else s, f) for a, s, f in systems)
    # The benchmark names no component twice, so that one is told from another by where it is.
    distinct: dict[tuple[Any, ...], _System] = {}
    for a, s, f in alone:
        distinct.setdefault((tuple(map(id, a)), id(s), tuple(map(id, f))), (a, s, f))
    return list(distinct.values())


def _published(features: Sequence[FeatureExtractor]) -> bool:
    return all(feature.needs_published for feature in features)


def _mismatch(cell: Cell, benchmark: Benchmark) -> str:
    """Say why a combination is no cell, or nothing."""
    data, model = cell.data, cell.model
    if data.task not in model.tasks:
        return f"{model.title} cannot be fitted for the task {data.task}"
    kinds = cell.kinds
    if kinds != model.input_kinds:
        return (
            f"{model.title} takes {_kinds(model.input_kinds)}, "
            f"{joint_title(cell.features)} gives {_kinds(kinds)}"
        )
    if model.originals_only and len(model.originals_only) != len(kinds):
        return (
            f"{model.title} has {len(model.originals_only)} entries in `originals_only` and "
            f"{len(kinds)} inputs; correct its plugin"
        )
    published = [feature.title for feature in cell.features if feature.needs_published]
    if published and not all(clip.features for clip in data.clips):
        return f"{published[0]} takes features published with clips, which {data.name} has none of"
    if published and _published(cell.features) and cell.augmentations:
        return f"{published[0]} takes features published with clips, of which there are no copies"
    if cell.augmentations and all(cell.of_originals):
        return f"{model.title} takes {joint_title(cell.features)} of clips alone, and of no copies"
    if cell.separator and not data.dataset.has_audio:
        return f"{data.name} has no audio to extract {joint_title(cell.features)} from"
    if cell.separator and cell.separator.needs_true_stems and not data.dataset.has_true_stems:
        return f"{cell.separator.title} needs true stems, which {data.name} does not have"
    if cell.separator and cell.separator.needs_true_stems and cell.augmentations:
        return f"{cell.separator.title} needs true stems, which augmented copies do not have"
    excluded = benchmark.spec.exclude
    if any(exclusion.matches(cell.names, cell.full_names) for exclusion in excluded):
        return "excluded by the benchmark file"
    included = benchmark.spec.include
    if included and not (
        model.baseline or any(entry.matches(cell.names, cell.full_names) for entry in included)
    ):
        return "not among what the benchmark file includes"
    reported = benchmark.spec.reported
    if reported and reported.only and not model.baseline and not figures_of(cell, reported):
        return "none of the systems that the benchmark file reproduces"
    return ""


def _kinds(kinds: Sequence[FeatureKind]) -> str:
    return " + ".join(kind.value for kind in kinds) or "nothing"
