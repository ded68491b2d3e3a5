"""From a benchmark to its cells, and from cells to the tasks that are still to do."""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from merbench import timings
from merbench.components import (
    Augmentation,
    Clip,
    Component,
    Dataset,
    FeatureExtractor,
    FeatureKind,
    Model,
    Separator,
    Task,
    file_digest,
)
from merbench.errors import MerbenchError, PluginError
from merbench.hashes import canonical, data_hash, digest, truth_hash
from merbench.pipeline import (
    Assemble,
    Copy,
    Extract,
    Fit,
    Prepare,
    Separate,
    Work,
    augmentation_key,
    decoding_key,
    extraction_key,
    published_key,
    separation_key,
    stems_of,
)
from merbench.protocols import Drawn, Protocol, Split, split_hash
from merbench.quadrants import MIDPOINT, one_hot, quadrant
from merbench.spec import AXES, NONE, Benchmark, RootedDataset, full_title, joint_title
from merbench.stems import Described, StemLevels
from merbench.store import Store, artifact_key, home

STAGES = ("separate", "extract", "assemble", "prepare", "measure", "fit")
"""The stages of tasks in a sensible order: what fits wait for goes ahead of them all."""

Row = tuple[Clip, Copy | None]
"""What a row of a table is made from: a clip, or a changed copy of one."""

_LEAKS = "split after augmenting, so that copies of one clip stand on both sides"


@dataclass(frozen=True)
class LoadedDataset:
    """A dataset with its clips read, and how the protocol splits them.

    Parameters
    ----------
    dataset, root
        Where the clips are from.
    task
        What their labels are: the dataset's own task, or what the benchmark file reads them as.
    clips
        What is split and scored.
    splits
        The folds.
    origins
        Where copies were dealt out as if they were clips of their own: what each of `clips` is
        made from. Else empty.
    augmentations
        What made the copies among `clips`. Else empty.
    """

    dataset: Dataset
    root: Path
    task: Task
    clips: tuple[Clip, ...]
    splits: tuple[Split, ...]
    origins: tuple[Row, ...] = ()
    augmentations: tuple[Augmentation, ...] = ()

    @property
    def name(self) -> str:
        """The dataset's name."""
        return self.dataset.name

    @property
    def identity(self) -> dict[str, Any]:
        """The dataset's identity, and what its labels are read as where that is not their own."""
        read_as = {"read_as": self.task.value} if self.task is not self.dataset.task else {}
        return {**self.dataset.identity(), **read_as}

    @property
    def settings(self) -> dict[str, Any]:
        """What the benchmark file sets of the dataset, as JSON values."""
        read_as = {"task": self.task.value} if self.task is not self.dataset.task else {}
        return {**self.dataset.settings, **read_as}

    @cached_property
    def split_hash(self) -> str:
        """Equal for cells that are tested on the same clips, fold by fold."""
        return split_hash(self.splits, [clip.id for clip in self.clips])

    @cached_property
    def truth_hashes(self) -> tuple[str, ...]:
        """Each clip's truth hash, from its label and its file."""
        return tuple(truth_hash(c.id, c.label, file_digest(c.audio)) for c in self.clips)

    @cached_property
    def data_hash(self) -> str:
        """Hash of every clip's id, group, label and audio."""
        ids, groups = [c.id for c in self.clips], [c.group for c in self.clips]
        return data_hash(ids, groups, self.truth_hashes)

    @property
    def provenance(self) -> str:
        """What was done to labels on the way in, with the number of clips it was done to."""
        notes = Counter(clip.provenance for clip in self.clips if clip.provenance)
        return "; ".join(f"{note} ({count} clips)" for note, count in sorted(notes.items()))


@dataclass(frozen=True)
class Cell:
    """One system on one dataset under one protocol."""

    data: LoadedDataset
    augmentations: tuple[Augmentation, ...]
    separator: Separator | None
    features: tuple[FeatureExtractor, ...]
    model: Model
    protocol: Protocol
    seed: int

    @property
    def names(self) -> dict[str, str]:
        """The axes' names as tables show them."""
        return {
            "dataset": self.data.name,
            "augmentation": joint_title(self.augmentations),
            "separator": self.separator.title if self.separator else NONE,
            "features": joint_title(self.features),
            "model": self.model.title,
        }

    @property
    def full_names(self) -> dict[str, str]:
        """The axes' names with the parameters that differ from their defaults."""
        return {
            "dataset": self.data.name,
            "augmentation": full_title(self.augmentations),
            "separator": full_title((self.separator,) if self.separator else ()),
            "features": full_title(self.features),
            "model": full_title((self.model,)),
        }

    @property
    def label(self) -> str:
        """One line that names the cell."""
        names = self.names
        parts = [names[axis] for axis in AXES[1:] if names[axis] != NONE]
        return f"{names['dataset']}: {' x '.join(parts)}"

    @property
    def settings(self) -> dict[str, Any]:
        """The system's parameters that differ from their defaults, by axis."""
        axes: dict[str, Any] = {
            "augmentation": {a.name: a.settings for a in self.augmentations if a.settings},
            "separator": self.separator.settings if self.separator else {},
            "features": {f.name: f.settings for f in self.features if f.settings},
            "model": self.model.settings,
        }
        return {axis: settings for axis, settings in axes.items() if settings}

    @cached_property
    def identity(self) -> dict[str, Any]:
        """Everything that says which cell this is, and nothing that says how it is computed."""
        augmentations = [augmentation.identity() for augmentation in self.augmentations]
        return {
            "dataset": self.data.identity,
            # Only where there are some: what is not augmented keeps its seeds.
            **({"augmentations": augmentations} if augmentations else {}),
            "separator": self.separator.identity() if self.separator else None,
            "features": [feature.identity() for feature in self.features],
            "model": self.model.identity(),
            "protocol": self.protocol.identity(),
            "seed": self.seed,
        }

    @cached_property
    def id(self) -> str:
        """Short hash of `identity` and the data, by which rows of one cell are joined.

        The data count because one dataset plugin may read several folders.
        """
        return cell_id(self.identity, self.data.data_hash)

    @cached_property
    def rows(self) -> tuple[Row, ...]:
        """Rows of the cell's tables: every clip, then the copies of those that are trained on.

        Copies of one augmentation and number stand together, in the clips' order.
        """
        if self.data.origins:
            return self.data.origins
        originals: list[Row] = [(clip, None) for clip in self.data.clips]
        return (*originals, *((self.data.clips[i], copy) for i, copy in self._copies))

    @cached_property
    def _copies(self) -> list[tuple[int, Copy]]:
        trained = sorted({i for split in self.data.splits for i in split.train})
        return [(i, copy) for copy in _copies(self.augmentations) for i in trained]

    def train_rows(self, split: Split) -> tuple[int, ...]:
        """Rows that a fold is trained on: its training clips, and their copies alone."""
        if self.data.origins or not self.augmentations:
            return split.train
        train, first = set(split.train), len(self.data.clips)
        copies = (row for row, (i, _) in enumerate(self._copies, first) if i in train)
        return (*split.train, *copies)

    def fold_seed(self, fold: int) -> int:
        """Seed of one fold: from the spec's seed and the cell's identity, and nothing else."""
        return fold_seed(self.identity, fold)


def cell_id(identity: Mapping[str, Any], data_hash: str) -> str:
    """Return the id of a cell of this identity on this data."""
    return digest([identity, data_hash])[:12]


def fold_seed(identity: Mapping[str, Any], fold: int) -> int:
    """Return the seed of one fold of a cell of this identity."""
    return int(digest([identity, fold])[:8], 16) % 2**31


@dataclass(frozen=True)
class Skipped:
    """A combination that makes no cell, and why."""

    names: dict[str, str]
    reason: str


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
    fits: dict[str, list[str]] = field(default_factory=dict)
    tasks: dict[str, Work] = field(default_factory=dict)
    cached: Counter[str] = field(default_factory=Counter)
    described: list[Described] = field(default_factory=list)

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
        A dataset cannot be read or split, or a filter names no axis.
    """
    plan = Plan(benchmark)
    filters = [_filter(text) for text in only]
    wanted = [name for axis, name in filters if axis == "dataset"]
    for rooted in benchmark.datasets:
        # What no cell is left of need not be there.
        if all(rooted.dataset.name == name for name in wanted):
            data = _load(rooted, benchmark.protocol)
            plan.datasets += [data, *_leaking(data, benchmark)]
    for data in plan.datasets:
        for cell in _candidates(data, benchmark, plan.skipped):
            if again is not None and all(cell.id != known for known, _ in again):
                continue
            names, full_names = cell.names, cell.full_names
            if all(name in (names[axis], full_names[axis]) for axis, name in filters):
                plan.cells.append(cell)
    if filters and not plan.cells:
        raise MerbenchError(f"--only {' --only '.join(only)} leaves no cell; see `merbench plan`")
    _Tasks(plan, store, again).add_all()
    return plan


def _filter(text: str) -> tuple[str, str]:
    axis, sign, name = text.partition("=")
    if not sign or axis not in AXES:
        raise MerbenchError(
            f"--only {text}: write AXIS=NAME, where AXIS is {', '.join(AXES[:-1])} or {AXES[-1]}"
        )
    return axis, name


# --- datasets ------------------------------------------------------------------------------------


def data_root(rooted: RootedDataset) -> Path:
    """Folder a dataset is read from: the user's, or a cache folder for one that needs none."""
    if rooted.root is not None:
        return rooted.root
    return home() / "data" / f"{rooted.dataset.name}-{digest(rooted.dataset.fingerprint())[:12]}"


def _load(rooted: RootedDataset, protocol: Protocol) -> LoadedDataset:
    dataset, root = rooted.dataset, data_root(rooted)
    if dataset.needs_root and not root.is_dir():
        raise MerbenchError(
            f"{dataset.name}: the folder {root} does not exist; set datasets.{dataset.name}.root "
            f"to where the data lies{_whence(dataset)}"
        )
    dataset.ready()
    try:
        clips = tuple(dataset.clips(root))
        check_clips(dataset, clips)
        if rooted.task is not None:
            clips = tuple(_as_quadrant(clip) for clip in clips)
        task = rooted.task or dataset.task
        loaded = LoadedDataset(dataset, root, task, clips, tuple(protocol.splits(clips)))
        _ = loaded.data_hash  # reads every file: one that cannot be read shows now
    except MerbenchError as error:
        raise type(error)(f"{dataset.name}: {error}") from error
    except OSError as error:
        raise MerbenchError(f"{dataset.name}: {error}") from error
    except Exception as error:
        raise PluginError(
            f"{dataset.name}: its plugin failed on {root} ({type(error).__name__}: {error}); "
            "correct the plugin or the data"
        ) from error
    return loaded


def _as_quadrant(clip: Clip) -> Clip:
    """Read a clip's mean valence and arousal as the quadrant they lie in.

    What raters disagree on is lost, and so are they.
    """
    label = one_hot(quadrant(*clip.label[:2]))
    note = f"quadrant of mean valence and arousal, cut at {MIDPOINT:g}"
    provenance = "; ".join(filter(None, [clip.provenance, note]))
    return dataclasses.replace(clip, label=label, ratings=(), provenance=provenance)


def _copies(augmentations: Sequence[Augmentation]) -> list[Copy]:
    return [Copy(a, number) for a in augmentations for number in range(a.copies)]


def _leaking(data: LoadedDataset, benchmark: Benchmark) -> list[LoadedDataset]:
    """Return what a protocol splits that deals copies out as if they were clips of their own.

    One dataset for each choice of augmentations, its splits its own, and a note with every clip:
    nothing that is scored on it can stand in one table with what is scored soundly.
    """
    protocol, leaking = benchmark.protocol, []
    if not isinstance(protocol, Drawn) or not protocol.split_after_augmenting:
        return []
    for augmentations in filter(None, benchmark.augmentations):
        copies: list[Copy | None] = [None, *_copies(augmentations)]
        origins: list[Row] = [(clip, copy) for copy in copies for clip in data.clips]
        clips = tuple(
            dataclasses.replace(
                clip,
                id=f"{clip.id} ({copy.title})" if copy else clip.id,
                provenance="; ".join(filter(None, [clip.provenance, _LEAKS])),
            )
            for clip, copy in origins
        )
        splits = tuple(protocol.splits(clips))
        leaking.append(
            dataclasses.replace(
                data,
                clips=clips,
                splits=splits,
                origins=tuple(origins),
                augmentations=augmentations,
            )
        )
    return leaking


def _whence(dataset: Dataset) -> str:
    return f" (it comes from {dataset.homepage})" if dataset.homepage else ""


def check_clips(dataset: Dataset, clips: Sequence[Clip]) -> None:
    """Hold a dataset's clips to the contract.

    Raises
    ------
    MerbenchError
        Names the first clip that breaks it.
    """
    if len(clips) < 2:
        raise MerbenchError(f"it has {len(clips)} labelled clips; a benchmark needs two at least")
    seen: set[str] = set()
    for clip in clips:
        fault = _clip_fault(dataset, clip)
        if clip.id in seen:
            fault = "its id stands twice"
        if fault:
            raise MerbenchError(f"clip {clip.id}: {fault}; correct the dataset")
        seen.add(clip.id)


def _clip_fault(dataset: Dataset, clip: Clip) -> str:
    columns = dataset.task.columns
    if len(clip.label) != len(columns):
        return f"its label has {len(clip.label)} numbers where {dataset.task} has {len(columns)}"
    for column, value in zip(columns, clip.label, strict=True):
        if not math.isfinite(value):
            return f"{column} is {value}"
        if not 0 <= value <= 1:
            return f"{column} is {value:g}, outside [0, 1]"
        if column.endswith("_std") and value == 0:
            return f"{column} is 0, so that its raters have no distribution"
    if dataset.task is Task.QUADRANT and not math.isclose(sum(clip.label), 1.0, abs_tol=1e-6):
        return f"its quadrants' shares sum to {sum(clip.label):g}, not 1"
    for rating in clip.ratings:
        if len(rating) != 2 or not all(0 <= value <= 1 for value in rating):
            return f"the rating {tuple(rating)} is no valence and arousal on [0, 1]"
    if not all(math.isfinite(number) for number in clip.features):
        return "a number among its features is not finite"
    if not clip.group:
        return "it has no group"
    if not clip.audio.is_file():
        return f"its file {clip.audio} is missing"
    return ""


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
                skipped.append(Skipped(cell.names, reason))
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
                component.ready()
                self._reasons[id(component)] = ""
            except MerbenchError as error:
                self._reasons[id(component)] = str(error)
            except Exception as error:
                self._reasons[id(component)] = (
                    f"{component.name} is not ready: {type(error).__name__}: {error}"
                )
        return self._reasons[id(component)]

    def _missing(self, key: str, stage: str) -> bool:
        """Tell whether an artifact is to be made; counts each one once."""
        if key not in self._known:
            self._known[key] = self.store.has(key)
            self.plan.cached[stage] += self._known[key]
        return not self._known[key]

    def _fits(self, cell: Cell) -> list[str]:
        tables = tuple(self._table_key(cell, feature) for feature in cell.features)
        prepares = type(cell.model).prepare is not Model.prepare and len(tables) == 1
        prepared = None
        if prepares and cell.features[0].kind is FeatureKind.VECTOR:
            fingerprint = cell.model.fingerprint()
            prepared = artifact_key("prepare", model=fingerprint, of=tables[0])
        keys = []
        for split in cell.data.splits:
            fit = _fit(cell, split, self.plan.benchmark.spec.device, tables, prepared)
            keys.append(fit.key)
            if self._wanted(cell, fit) and fit.key not in self.plan.tasks:
                self.plan.tasks[fit.key] = fit
                for feature, table in zip(cell.features, tables, strict=True):
                    self._table(cell, feature, table)
                if prepared and self._missing(prepared, "prepare"):
                    label = f"{cell.names['separator']} x {cell.names['features']}"
                    self.plan.tasks[prepared] = Prepare(prepared, tables, cell.model, label)
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
            self.plan.tasks[extraction] = Extract(
                extraction, data.dataset, clip, separator, separation, feature, copy
            )
            if separator and separator.stored and self._missing(separation, "separate"):
                self.plan.tasks[separation] = Separate(
                    separation, data.dataset, clip, separator, copy
                )
        self.plan.tasks[key] = Assemble(
            key,
            tuple(extractions),
            tuple(f"{clip.id} ({copy.title})" if copy else clip.id for clip, copy in cell.rows),
            stems_of(feature, separator),
            feature.kind,
            f"{data.name}: " + " x ".join(c.title for c in (separator, feature) if c),
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
            StemLevels.of(data.dataset, clip, separator, separation)
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
                        task.separation, data.dataset, task.clip, separator
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
                separation_key(
                    separator,
                    data.dataset,
                    clip,
                    augmentation_key(copy, decoding_key(data.dataset, clip)),
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
    cell: Cell, split: Split, device: str, tables: tuple[str, ...], prepared: str | None
) -> Fit:
    clips, task = cell.data.clips, cell.data.task
    train = cell.train_rows(split)
    labels = tuple(cell.rows[row][0].label for row in train)
    seed = cell.fold_seed(split.fold)
    key = artifact_key(
        "fit",
        model=cell.model.fingerprint(),
        task=task.value,
        seed=seed,
        device=device,
        tables=tables,
        n_clips=0 if tables else len(clips),
        train=train,
        test=split.test,
        labels=labels,
    )
    test_ids = tuple(clips[i].id for i in split.test)
    return Fit(
        key, cell.model, task, seed, device, tables, prepared, train, split.test, labels,
        test_ids, cell.label, split.fold,
    )  # fmt: skip


# --- estimates -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Estimate:
    """What the tasks still to do will take.

    Parameters
    ----------
    seconds
        Of one core, together.
    megabytes
        Added to the store.
    unknown
        Components of whose cost nothing is known.
    """

    seconds: float
    megabytes: float
    unknown: tuple[str, ...]


def estimate(plan: Plan, store: Store) -> Estimate:
    """Estimate from what tasks of the same component took in this store, else from its plugin."""
    measured = timings.read(store.folder)
    seconds = megabytes = 0.0
    unknown: set[str] = set()
    for work in plan.tasks.values():
        component = work.component
        if component is None:
            continue
        cost = measured.get((work.stage, component.title)) or _declared(work, component)
        if cost is None:
            unknown.add(component.title)
        else:
            seconds += cost.seconds
            megabytes += cost.megabytes
    return Estimate(seconds, megabytes, tuple(sorted(unknown)))


def _declared(work: Work, component: Component) -> Any:
    cost = component.typical_cost
    if cost is not None and isinstance(work, Extract) and work.separator:
        stems = len(work.separator.stems)
        return cost._replace(seconds=cost.seconds * stems, megabytes=cost.megabytes * stems)
    return cost
