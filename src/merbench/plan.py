"""From a benchmark to its cells, and from cells to the tasks that are still to do."""

from __future__ import annotations

import dataclasses
import itertools
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

from merbench import devices, plugins
from merbench.cells import Cell, LoadedDataset
from merbench.components import (
    Augmentation,
    Component,
    FeatureExtractor,
    FeatureKind,
    Model,
    Separator,
)
from merbench.digests import remembered
from merbench.errors import MerbenchError
from merbench.hashes import canonical, digest
from merbench.loading import leaking, load
from merbench.pipeline import (
    Assemble,
    Extract,
    Fit,
    Prepare,
    Separate,
    Work,
    extraction_key,
    files_of,
    makers,
    published_key,
    stems_key,
    stems_of,
)
from merbench.protocols import Drawn, Split
from merbench.spec import AXES, Benchmark, axis_of, joint_title, means
from merbench.stems import Described, StemLevels
from merbench.store import Store, artifact_key

STAGES = ("separate", "extract", "assemble", "prepare", "measure", "fit")
"""The stages of tasks in a sensible order: what fits wait for goes ahead of them all."""


@dataclass(frozen=True)
class Skipped:
    """A combination that makes no cell, and why."""

    cell: Cell
    reason: str

    @property
    def names(self) -> dict[str, str]:
        """The axes' names as tables show them."""
        return self.cell.names


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
        By cell id: the keys of its tables of features, one a feature extractor.
    fits
        By cell id: the keys of its folds' predictions.
    tasks
        Still to do, by key, in a sensible order.
    cached
        Number of needed artifacts that are in the store, by stage.
    described
        Clips whose stems are measured, by dataset and separator of several stems.
    """

    benchmark: Benchmark
    datasets: list[LoadedDataset] = field(default_factory=list)
    cells: list[Cell] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    unready: dict[str, str] = field(default_factory=dict)
    tables: dict[str, tuple[str, ...]] = field(default_factory=dict)
    fits: dict[str, list[str]] = field(default_factory=dict)
    tasks: dict[str, Work] = field(default_factory=dict)
    cached: Counter[str] = field(default_factory=Counter)
    described: list[Described] = field(default_factory=list)

    @property
    def warnings(self) -> list[str]:
        """What makes results doubtful, or keeps them from saying anything, a sentence each."""
        found = [data.too_few for data in self.datasets]
        if self.cells and self.skipped and all(cell.model.baseline for cell in self.cells):
            found.append("no system makes a cell: baselines alone are scored")
        found += [data.repeated_audio for data in self.datasets]
        return [warning for warning in dict.fromkeys(found) if warning]

    def to_do(self) -> Counter[str]:
        """Number of tasks still to do, by stage."""
        return Counter(work.stage for work in self.tasks.values())


def make_plan(
    benchmark: Benchmark,
    store: Store,
    only: Sequence[str] = (),
    again: Collection[tuple[str, int]] | None = None,
) -> Plan:
    """Expand a benchmark into cells and tasks.

    Parameters
    ----------
    benchmark
        From `spec.resolve`.
    store
        Looked into for what is already done.
    only
        `axis=name` filters; a cell is kept where it matches all of them. The name is that of a
        component, alone or with its parameters as tables show it.
    again
        Cell ids and folds to fit again, whether or not the store has them, and no others. All
        where not given, unless the store has them.

    Raises
    ------
    MerbenchError
        A dataset cannot be read or split, a filter names no axis, or the device is not there.
    """
    benchmark = _on_a_device(benchmark)
    with remembered(store.folder):
        return _made(benchmark, store, only, again)


def _made(
    benchmark: Benchmark,
    store: Store,
    only: Sequence[str],
    again: Collection[tuple[str, int]] | None,
) -> Plan:
    plan = Plan(benchmark)
    filters = [_filter(text) for text in only]
    wanted = [name for axis, name in filters if axis == "dataset"]
    for rooted in benchmark.datasets:
        # What no cell is left of need not be there.
        if all(means(name, *[rooted.dataset.title] * 2) for name in wanted):
            data = load(rooted, benchmark.protocol)
            plan.datasets += [data, *leaking(data, benchmark)]
    for data in plan.datasets:
        for cell in _candidates(data, benchmark, plan.skipped):
            if again is not None and all(cell.id != known for known, _ in again):
                continue
            names, full_names = cell.names, cell.full_names
            if all(means(name, names[axis], full_names[axis]) for axis, name in filters):
                plan.cells.append(cell)
    if filters and not plan.cells:
        raise MerbenchError(f"--only {' --only '.join(only)} leaves no cell; see `merbench plan`")
    _Tasks(plan, store, again).add_all()
    return plan


def _on_a_device(benchmark: Benchmark) -> Benchmark:
    """Return the benchmark with the device that `auto` means; what is recorded is what was used."""
    spec, document = benchmark.spec, benchmark.document
    try:
        device = devices.present(spec.device)
    except MerbenchError as error:
        raise document.error(("device",), str(error)) from None
    return dataclasses.replace(benchmark, spec=spec.model_copy(update={"device": device}))


def _filter(text: str) -> tuple[str, str]:
    given, sign, name = text.partition("=")
    axis = axis_of(given)
    if not sign or axis is None:
        raise MerbenchError(
            f"--only {text}: write AXIS=NAME, where AXIS is {', '.join(AXES[:-1])} or {AXES[-1]}"
        )
    return axis, name


# --- cells ---------------------------------------------------------------------------------------


def _candidates(data: LoadedDataset, benchmark: Benchmark, skipped: list[Skipped]) -> list[Cell]:
    """Return a dataset's cells; what is no cell goes to `skipped`."""
    cells: list[Cell] = []
    named = [(model, False) for model in benchmark.models]
    added = [(model, True) for model in benchmark.baselines if model not in benchmark.models]
    for model, silent in named + added:
        for augmentations, separator, features in _systems(data, model, benchmark):
            cell = Cell(
                data, augmentations, separator, features, model, benchmark.protocol,
                benchmark.spec.seed,
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
    if isinstance(benchmark.protocol, Drawn) and benchmark.protocol.split_after_augmenting:
        # Each choice has a dataset of its own, which the clips alone are scored on soundly.
        choices = tuple(choice for choice in choices if choice == data.augmentations)
    systems = itertools.product(choices, benchmark.separators, benchmark.features)
    alone = ((a, None if _published(f) else s, f) for a, s, f in systems)
    distinct: list[_System] = []
    for system in alone:
        if system not in distinct:
            distinct.append(system)
    return distinct


def _published(features: Sequence[FeatureExtractor]) -> bool:
    return all(feature.needs_published for feature in features)


def _mismatch(cell: Cell, benchmark: Benchmark) -> str:
    """Say why a combination is no cell, or nothing."""
    data, model = cell.data, cell.model
    if data.task not in model.tasks:
        return f"{model.title} cannot be fitted for the task {data.task}"
    kinds = tuple(feature.kind for feature in cell.features)
    if kinds != model.input_kinds:
        return (
            f"{model.title} takes {_kinds(model.input_kinds)}, "
            f"{joint_title(cell.features)} gives {_kinds(kinds)}"
        )
    published = [feature.title for feature in cell.features if feature.needs_published]
    if published and not all(clip.features for clip in data.clips):
        return f"{published[0]} takes features published with clips, which {data.name} has none of"
    if published and cell.augmentations:
        return f"{published[0]} takes features published with clips, of which there are no copies"
    if cell.separator and not data.dataset.has_audio:
        return f"{data.name} has no audio to extract {joint_title(cell.features)} from"
    if cell.separator and cell.separator.needs_true_stems and not data.dataset.has_true_stems:
        return f"{cell.separator.title} needs true stems, which {data.name} does not have"
    if cell.separator and cell.separator.needs_true_stems and cell.augmentations:
        return f"{cell.separator.title} needs true stems, which augmented copies do not have"
    names, full_names = cell.names, cell.full_names
    if any(exclusion.matches(names, full_names) for exclusion in benchmark.spec.exclude):
        return "excluded by the benchmark file"
    return ""


def _kinds(kinds: Sequence[FeatureKind]) -> str:
    return " + ".join(kind.value for kind in kinds) or "nothing"


# --- tasks ---------------------------------------------------------------------------------------


@dataclass
class _Tasks:
    """Adds to a plan what its cells need and the store does not have."""

    plan: Plan
    store: Store
    again: Collection[tuple[str, int]] | None = None
    _known: dict[str, bool] = field(default_factory=dict)
    _keys: dict[tuple[Any, ...], list[str]] = field(default_factory=dict)
    _reasons: dict[int, str] = field(default_factory=dict)

    def add_all(self) -> None:
        for cell in self.plan.cells:
            components = (*cell.augmentations, cell.separator, *cell.features, cell.model)
            reasons = [self._unready(component) for component in components if component]
            try:
                if not any(reasons):
                    self.plan.fits[cell.id] = self._fits(cell)
                    self._measure(cell)
                    continue
            except MerbenchError as error:
                reasons = [str(error)]
            except OSError as error:
                where = f"{error.filename} cannot be read ({error.strerror}); restore the file"
                reasons = [where]
            except Exception as error:
                reasons = [f"{type(error).__name__}: {error}"]
            self.plan.unready[cell.id] = next(reason for reason in reasons if reason)
        self.plan.tasks = dict(
            sorted(self.plan.tasks.items(), key=lambda item: STAGES.index(item[1].stage))
        )

    def _unready(self, component: Component) -> str:
        """Say why a component cannot work here; asked once of each, for it may try a download."""
        if id(component) not in self._reasons:
            try:
                plugins.ready(component)
                self._reasons[id(component)] = ""
            except MerbenchError as error:
                self._reasons[id(component)] = str(error)
        return self._reasons[id(component)]

    def _missing(self, key: str, stage: str) -> bool:
        """Tell whether an artifact is to be made; counts each one once."""
        if key not in self._known:
            self._known[key] = self.store.has(key)
            self.plan.cached[stage] += self._known[key]
        return not self._known[key]

    def _fits(self, cell: Cell) -> list[str]:
        tables = tuple(self._table_key(cell, feature) for feature in cell.features)
        self.plan.tables[cell.id] = tables
        prepares = type(cell.model).prepare is not Model.prepare and len(tables) == 1
        prepared = None
        # What is prepared is of the features as they are.
        prepares = prepares and not cell.scaled
        fingerprint = cell.model.fingerprint()
        if prepares and cell.features[0].kind is FeatureKind.VECTOR:
            prepared = artifact_key("prepare", model=fingerprint, of=tables[0])
        keys = []
        for split in cell.data.splits:
            device = self.plan.benchmark.spec.device
            fit = _fit(cell, split, device, tables, prepared, fingerprint)
            keys.append(fit.key)
            if self._wanted(cell, fit) and fit.key not in self.plan.tasks:
                self.plan.tasks[fit.key] = fit
                for feature, table in zip(cell.features, tables, strict=True):
                    self._table(cell, feature, table)
                if prepared and self._missing(prepared, "prepare"):
                    label = f"{cell.names['separator']} x {cell.names['features']}"
                    self.plan.tasks[prepared] = Prepare(
                        prepared, tables, cell.model, digest(fingerprint), label
                    )
        return keys

    def _wanted(self, cell: Cell, fit: Fit) -> bool:
        if self.again is not None:
            return (cell.id, fit.fold) in self.again
        return self._missing(fit.key, "fit")

    def _table(self, cell: Cell, feature: FeatureExtractor, key: str) -> None:
        if not self._missing(key, "assemble") or key in self.plan.tasks:
            return
        data = cell.data
        separator = None if feature.needs_published else cell.separator
        extractions = self._extractions(cell, feature)
        separations = self._separations(cell) if separator else extractions
        for (clip, copy), separation, extraction in zip(
            cell.rows, separations, extractions, strict=True
        ):
            if not self._missing(extraction, "extract") or extraction in self.plan.tasks:
                continue
            files = files_of(clip, separator, data.audio) if separator else {}
            self.plan.tasks[extraction] = Extract(
                extraction, data.dataset, clip, files, separator, separation, feature, copy
            )
            if separator and separator.stored and self._missing(separation, "separate"):
                self.plan.tasks[separation] = Separate(
                    separation, data.dataset, clip, files, separator, copy
                )
        self.plan.tasks[key] = Assemble(
            key,
            tuple(extractions),
            tuple(f"{clip.id} ({copy.title})" if copy else clip.id for clip, copy in cell.rows),
            stems_of(feature, separator),
            feature.kind,
            f"{data.name}: " + " x ".join(c.title for c in (separator, feature) if c),
            (*makers(data.dataset, separator), *(cell.augmentations if separator else ()), feature),
        )

    def _measure(self, cell: Cell) -> None:
        """Have the stems of a separator's clips measured, once a dataset."""
        data, separator = cell.data, cell.separator
        if separator is None or len(separator.stems) < 2 or cell.augmentations or data.origins:
            return
        # A dataset that is read as several tasks has the same clips each time.
        identities = canonical([data.dataset.identity(), separator.identity()])
        memo = (str(data.root), identities, "measure")
        if memo in self._keys:
            return
        tasks = [
            StemLevels.of(
                data.dataset, clip, files_of(clip, separator, data.audio), separator, separation
            )
            for clip, separation in zip(data.clips, self._separations(cell), strict=True)
        ]
        self._keys[memo] = [task.key for task in tasks]
        self.plan.described.append(
            Described(data.name, data.clips, separator, tuple(self._keys[memo]))
        )
        for task in tasks:
            if self._missing(task.key, task.stage):
                self.plan.tasks[task.key] = task
                if separator.stored and self._missing(task.separation, "separate"):
                    self.plan.tasks[task.separation] = Separate(
                        task.separation, data.dataset, task.clip, task.files, separator
                    )

    def _table_key(self, cell: Cell, feature: FeatureExtractor) -> str:
        rows, kind = self._extractions(cell, feature), feature.kind.value
        return artifact_key(
            "assemble", rows=rows, stems=stems_of(feature, cell.separator), kind=kind
        )

    def _separations(self, cell: Cell) -> list[str]:
        data, separator = cell.data, cell.separator
        assert separator is not None
        memo = (id(data), *map(canonical, (_identities(cell), separator.identity())))
        if memo not in self._keys:
            self._keys[memo] = [
                stems_key(
                    separator, data.dataset, clip, copy, files_of(clip, separator, data.audio)
                )
                for clip, copy in cell.rows
            ]
        return self._keys[memo]

    def _extractions(self, cell: Cell, feature: FeatureExtractor) -> list[str]:
        if feature.needs_published:
            return [extraction_key(feature, published_key(clip)) for clip, _ in cell.rows]
        assert cell.separator is not None
        identities = _identities(cell), cell.separator.identity(), feature.identity()
        memo = (id(cell.data), *map(canonical, identities))
        if memo not in self._keys:
            separations = self._separations(cell)
            self._keys[memo] = [extraction_key(feature, separation) for separation in separations]
        return self._keys[memo]


def _identities(cell: Cell) -> list[dict[str, Any]]:
    return [augmentation.identity() for augmentation in cell.augmentations]


def _fit(
    cell: Cell,
    split: Split,
    device: str,
    tables: tuple[str, ...],
    prepared: str | None,
    fingerprint: dict[str, Any],
) -> Fit:
    clips, task = cell.data.clips, cell.data.task
    train = cell.train_rows(split)
    labels = tuple(cell.rows[row][0].label for row in train)
    seed = cell.fold_seed(split.fold)
    key = artifact_key(
        "fit",
        model=fingerprint,
        task=task.value,
        seed=seed,
        device=device,
        tables=tables,
        n_clips=0 if tables else len(clips),
        train=train,
        test=split.test,
        labels=labels,
        **({"scaled": True} if cell.scaled else {}),
    )
    test_ids = tuple(clips[i].id for i in split.test)
    return Fit(
        key, cell.model, digest(fingerprint), task, seed, device, tables, prepared, train,
        split.test, labels, test_ids, cell.label, split.fold, cell.scaled,
    )  # fmt: skip
