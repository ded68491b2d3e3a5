"""A cell: one system on one dataset under one protocol, and what tells it from all others."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from merbench import devices
from merbench.benchmark.names import AXES, NONE, full_title, joint_title
from merbench.benchmark.protocols import DrawnProtocol, split_hash
from merbench.components import (
    Augmentation,
    Clip,
    Component,
    Dataset,
    FeatureExtractor,
    FeatureKind,
    Model,
    Protocol,
    Separator,
    Split,
)
from merbench.components.base import once
from merbench.devices import CPU
from merbench.digests import file_digest
from merbench.identity import canonical, data_hash, truth_hash
from merbench.planning.repeated_audio import audio_of_several_groups
from merbench.steps.decoding import AugmentedCopy
from merbench.tasks import Task

FEW_CLIPS, FEW_GROUPS = 30, 10
"""Below these a run says little: metrics swing with every clip, and intervals, which are drawn over
groups, come from too few draws to be trusted. Where the line is drawn is a convention."""

Row = tuple[Clip, AugmentedCopy | None]
"""What a row of a table is made from: a clip, or a changed copy of one."""


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
    unsplit
        Why the protocol cannot split the clips, where they are planned with all the same; it has
        no splits then.
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
    unsplit: str = ""

    @property
    def name(self) -> str:
        """The dataset's name as tables show it."""
        return self.dataset.title

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of a label's columns."""
        return self.task.columns or self.dataset.class_names

    @property
    def identity(self) -> dict[str, Any]:
        """The dataset's identity, and what its labels are read as where that is not their own."""
        read_as = {"read_as": self.task.value} if self.task is not self.dataset.task else {}
        return {**once(self.dataset, "identity"), **read_as}

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
    def audio(self) -> dict[Path, str]:
        """SHA-256 of each clip's file, as the dataset was loaded."""
        return {clip.audio: file_digest(clip.audio) for clip in self.clips}

    @cached_property
    def truth_hashes(self) -> tuple[str, ...]:
        """Each clip's truth hash, from its label and its file."""
        return tuple(truth_hash(c.id, c.label, self.audio[c.audio]) for c in self.clips)

    @cached_property
    def data_hash(self) -> str:
        """Hash of every clip's id, group, label and audio."""
        ids, groups = [c.id for c in self.clips], [c.group for c in self.clips]
        return data_hash(ids, groups, self.truth_hashes)

    @property
    def too_few(self) -> str:
        """One sentence where systems are tested on too few clips or groups to be told apart."""
        tested = {i for split in self.splits for i in split.test}
        clips = len({self.origins[i][0].id if self.origins else self.clips[i].id for i in tested})
        groups = len({self.clips[i].group for i in tested})
        if self.unsplit or (clips >= FEW_CLIPS and groups >= FEW_GROUPS):
            return ""
        counts = (
            f"{n} {what if n > 1 else what[:-1]}"
            for n, what in ((clips, "clips"), (groups, "groups"))
        )
        return (
            f"{self.name}: systems are tested on {' of '.join(counts)}, which is too few to say "
            "which is better: take the results for a trial, and label more music of more artists "
            f"({FEW_CLIPS} clips of {FEW_GROUPS} groups at the very least)"
        )

    @property
    def repeated_audio(self) -> str:
        """One sentence where clips of different groups have the same audio."""
        found = []
        if self.dataset.has_audio and not self.origins:
            found = audio_of_several_groups(self.clips)
        if not found:
            return ""
        ids = " and ".join(clip.id for clip in found[0])
        return (
            f"{self.name}: {sum(map(len, found))} clips have the audio of a clip in another group, "
            f"byte for byte ({ids}{', …' if len(found) > 1 else ''}): one may be trained on and "
            "the other tested; give them one group"
        )

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
    device: str = CPU

    @cached_property
    def names(self) -> dict[str, str]:
        """The axes' names as tables show them."""
        return {
            "dataset": self.data.name,
            "augmentation": joint_title(self.augmentations),
            "separator": self.separator.title if self.separator else NONE,
            "features": joint_title(self.features),
            "model": self.model.title,
        }

    @cached_property
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
    def scaled(self) -> bool:
        """Whether its features are scaled by all clips, test clips among them."""
        return isinstance(self.protocol, DrawnProtocol) and self.protocol.scale_before_splitting

    @property
    def prepared(self) -> bool:
        """Whether its model may learn from all clips before it is fitted, test clips among them."""
        return isinstance(self.protocol, DrawnProtocol) and self.protocol.prepare_before_splitting

    @cached_property
    def label(self) -> str:
        """One line that names the cell, and tells it from the others of a grid."""
        names = self.full_names
        parts = [names[axis] for axis in AXES[1:] if names[axis] != NONE]
        return f"{names['dataset']}: {' x '.join(parts)}"

    @cached_property
    def settings(self) -> dict[str, Any]:
        """The system's parameters that differ from their defaults, by axis."""
        axes: dict[str, Any] = {
            "augmentation": _settings(self.augmentations),
            "separator": once(self.separator, "settings") if self.separator else {},
            "features": _settings(self.features),
            "model": once(self.model, "settings"),
        }
        return {axis: settings for axis, settings in axes.items() if settings}

    @cached_property
    def identity(self) -> dict[str, Any]:
        """Everything that says which cell this is, and nothing that says how it is computed.

        The kind of device counts where a part of the system uses one: what it computes differs.
        """
        kind = devices.in_keys(self.device)
        parts = [self.separator, *self.features, self.model] if kind else []
        used = self.device in [part.device_for(self.device) for part in parts if part]
        augmentations = [once(augmentation, "identity") for augmentation in self.augmentations]
        return {
            "dataset": self.data.identity,
            # Only where there are some: what is not augmented keeps its seeds.
            **({"augmentations": augmentations} if augmentations else {}),
            "separator": once(self.separator, "identity") if self.separator else None,
            "features": [once(feature, "identity") for feature in self.features],
            "model": once(self.model, "identity"),
            "protocol": self.protocol.identity(),
            "seed": self.seed,
            **(kind if used else {}),
        }

    @cached_property
    def id(self) -> str:
        """Short hash of `identity` and the data, by which rows of one cell are joined.

        The data count because one dataset plugin may read several folders.
        """
        return _cell_id(self._written, self.data.data_hash)

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
    def kinds(self) -> tuple[FeatureKind, ...]:
        """Kinds of what the model is given. Several vectors are one for a model of one vector."""
        kinds = tuple(feature.kind for feature in self.features)
        one_vector = (FeatureKind.VECTOR,)
        joined = self.model.input_kinds == one_vector and set(kinds) == set(one_vector)
        return one_vector if joined else kinds

    @cached_property
    def joins_features(self) -> bool:
        """Whether the vectors of several features are joined into one."""
        return len(self.kinds) < len(self.features)

    @cached_property
    def of_originals(self) -> tuple[bool, ...]:
        """For each of the features whether a copy has its clip's row in it.

        There is no published vector of a copy, and a model may want none of its own accord.
        """
        alone = self.model.originals_only or (False,) * len(self.kinds)
        if self.joins_features:
            alone = alone * len(self.features)
        return tuple(
            feature.needs_published or of_clips
            for feature, of_clips in zip(self.features, alone, strict=True)
        )

    def rows_of(self, *, originals: bool) -> tuple[Row, ...]:
        """Return `rows`, with clips in the place of their copies where these are not wanted."""
        return tuple((clip, None) for clip, _ in self.rows) if originals else self.rows

    @property
    def provenance(self) -> str:
        """The data's provenance, and which features of augmented copies are their clips'."""
        inputs = zip(self.features, self.of_originals, strict=True)
        repeated = [feature for feature, originals in inputs if originals]
        if not repeated or not self.augmentations:
            return self.data.provenance
        note = f"augmented copies share {joint_title(repeated)} with their clips"
        return "; ".join(filter(None, [self.data.provenance, note]))

    @cached_property
    def _copies(self) -> list[tuple[int, AugmentedCopy]]:
        trained = sorted({i for split in self.data.splits for i in split.train})
        return [(i, copy) for copy in copies_of(self.augmentations) for i in trained]

    def train_rows(self, split: Split) -> tuple[int, ...]:
        """Rows that a fold is trained on: its training clips, and their copies alone."""
        if self.data.origins or not self.augmentations:
            return split.train
        train, first = set(split.train), len(self.data.clips)
        copies = (row for row, (i, _) in enumerate(self._copies, first) if i in train)
        return (*split.train, *copies)

    def fold_seed(self, fold: int) -> int:
        """Seed of one fold: from the spec's seed and the cell's identity, and nothing else."""
        return _seed(self._seeded, fold)

    @cached_property
    def _seeded(self) -> bytes:
        return _seeded(self.identity) if "device" in self.identity else self._written

    @cached_property
    def _written(self) -> bytes:
        return canonical(self.identity)


def _settings(components: Sequence[Component]) -> dict[str, Any]:
    """Return settings by name; of several components of one name, with their number."""
    found: dict[str, Any] = {}
    for position, component in enumerate(components):
        before = sum(other.name == component.name for other in components[:position])
        name = f"{component.name} {before + 1}" if before else component.name
        if settings := once(component, "settings"):
            found[name] = settings
    return found


def cell_id(identity: Mapping[str, Any], data_hash: str) -> str:
    """Return the id of a cell of this identity on this data."""
    return _cell_id(canonical(identity), data_hash)


def _cell_id(written: bytes, data_hash: str) -> str:
    """Return an id: the digest of `[identity, data_hash]`, of which the identity is written."""
    return hashlib.sha256(b"[%b,%b]" % (written, canonical(data_hash))).hexdigest()[:12]


def fold_seed(identity: Mapping[str, Any], fold: int) -> int:
    """Return the seed of one fold of a cell of this identity; on every device the same."""
    return _seed(_seeded(identity), fold)


def _seeded(identity: Mapping[str, Any]) -> bytes:
    """Return what of a cell's identity its seeds come from, as canonical JSON."""
    return canonical({key: value for key, value in identity.items() if key != "device"})


def _seed(system: bytes, fold: int) -> int:
    """Return a seed: the digest of `[system, fold]`, of which the system is written already."""
    drawn = hashlib.sha256(b"[%b,%d]" % (system, fold)).hexdigest()
    return int(drawn[:8], 16) % 2**31


def originals(rows: Sequence[Row]) -> tuple[int, ...]:
    """Return the position of the original of each of some rows, its own for an original.

    Where an original is not among them, the first of its copies stands for it.
    """
    position = {clip.id: i for i, (clip, copy) in enumerate(rows) if copy is None}
    for i, (clip, _) in enumerate(rows):
        position.setdefault(clip.id, i)
    return tuple(position[clip.id] for clip, _ in rows)


def copies_of(augmentations: Sequence[Augmentation]) -> list[AugmentedCopy]:
    """Return the copies that augmentations make of each clip, in their order."""
    return [AugmentedCopy(a, number) for a in augmentations for number in range(a.copies)]
