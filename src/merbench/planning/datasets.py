"""Reading the datasets of a benchmark: their clips held to the contract, and split."""

from __future__ import annotations

import dataclasses
import math
import unicodedata
from collections.abc import Iterable, Sequence
from pathlib import Path

from merbench.benchmark.protocols import DrawnProtocol, checked_splits
from merbench.benchmark.resolving import Benchmark, RootedDataset
from merbench.components import Clip, Dataset, Protocol
from merbench.errors import MerbenchError, PluginError, kind_of, reason, text_of
from merbench.identity import digest
from merbench.network import refused
from merbench.numerals import LEAST_STD
from merbench.planning.cell import LoadedDataset, Row, copies_of
from merbench.planning.repeated_audio import audio_of_several_groups
from merbench.plugins import containment, readiness, whereabouts
from merbench.steps.decoding import AugmentedCopy
from merbench.steps.store import home
from merbench.tasks import Task
from merbench.tasks.quadrants import MIDPOINT, one_hot, quadrant
from merbench.waiting import said_if_long

_SCALED = "feature vectors scaled by all clips before they are split, test clips among them"
_PREPARED = "models prepared by all clips before they are split, test clips among them"
_SAME = "the same audio, byte for byte, as a clip of another group"
_LEAKS = "split after augmenting, so that copies of one clip stand on both sides"


def data_root(rooted: RootedDataset) -> Path:
    """Return the folder that a dataset is read from: the user's, or one of merbench's cache."""
    if rooted.root is not None:
        return rooted.root
    return home() / "data" / f"{rooted.dataset.name}-{digest(rooted.dataset.fingerprint())[:12]}"


def load_dataset(
    rooted: RootedDataset, protocol: Protocol, *, unsplit_too: bool = False
) -> LoadedDataset:
    """Read a dataset, check it and split it.

    Parameters
    ----------
    rooted
        The dataset, and where it lies.
    protocol
        What splits it.
    unsplit_too
        Whether one that cannot be split is returned all the same, without splits.

    Raises
    ------
    MerbenchError
        The dataset is not there, breaks its contract, or cannot be split.
    """
    dataset, root = rooted.dataset, data_root(rooted)
    if rooted.root is not None and not root.is_dir():
        needed = f"set datasets.{dataset.name}.root to where the data lies{_whence(dataset)}"
        free = f"{dataset.name} needs no root, so leave it out or name a folder that is there"
        raise MerbenchError(
            f"{dataset.title}: the folder {root} does not exist; "
            f"{needed if dataset.needs_root else free}"
        )
    readiness.ready(dataset)
    try:
        with containment.contained():
            clips = tuple(_in_one_form(clip) for clip in read_clips(dataset, root))
        check_clips(dataset, clips)
        if rooted.task is not None:
            clips = tuple(_as_quadrant(clip) for clip in clips)
        if isinstance(protocol, DrawnProtocol):
            notes = {_SCALED: protocol.scale_before_splitting}
            notes |= {_PREPARED: protocol.prepare_before_splitting}
            for note in (note for note, taken in notes.items() if taken):
                clips = tuple(_noted(clip, note) for clip in clips)
        if dataset.has_audio:
            same = {clip.id for found in audio_of_several_groups(clips) for clip in found}
            clips = tuple(_noted(clip, _SAME) if clip.id in same else clip for clip in clips)
        task = rooted.task or dataset.task
        try:
            splits, unsplit = checked_splits(protocol, clips), ""
        except MerbenchError as error:
            if not unsplit_too:
                raise
            splits, unsplit = (), str(error)
        loaded = LoadedDataset(dataset, root, task, clips, splits, unsplit=unsplit)
        _ = loaded.data_hash  # reads every file: one that cannot be read shows now
    except MerbenchError as error:
        raise error.within(dataset.title) from error
    except OSError as error:
        raise MerbenchError(f"{dataset.title}: {text_of(refused(error) or error)}") from error
    except (Exception, SystemExit) as error:
        raise PluginError(
            f"{dataset.title}: its plugin failed on {root} ({reason(error)})"
            f"{whereabouts.place(error)}; correct the plugin or the data"
        ) from error
    return loaded


def _in_one_form(clip: Clip) -> Clip:
    """Return a clip whose id and group are in Unicode's composed form, in which both compare."""
    if clip.id.isascii() and clip.group.isascii():
        return clip
    name, group = (unicodedata.normalize("NFC", text) for text in (clip.id, clip.group))
    return dataclasses.replace(clip, id=name, group=group)


def _as_quadrant(clip: Clip) -> Clip:
    """Read a clip's mean valence and arousal as the quadrant they lie in.

    The quadrant does not hold how far raters disagree, so the clip loses its ratings.
    """
    label = one_hot(quadrant(*clip.label[:2]))
    note = f"quadrant of mean valence and arousal, cut at {MIDPOINT:g}"
    return dataclasses.replace(_noted(clip, note), label=label, ratings=())


def _noted(clip: Clip, note: str) -> Clip:
    """Return a clip whose provenance says one thing more."""
    provenance = "; ".join(filter(None, [clip.provenance, note]))
    return dataclasses.replace(clip, provenance=provenance)


def leaking(data: LoadedDataset, benchmark: Benchmark) -> list[LoadedDataset]:
    """Return what a protocol splits that deals copies out as if they were clips of their own.

    There is one dataset for each choice of augmentations. It has splits of its own and a note with
    every clip, so that no score on it can stand in one table with scores that are sound.
    """
    protocol, found = benchmark.protocol, []
    if not isinstance(protocol, DrawnProtocol) or not protocol.split_after_augmenting:
        return []
    for augmentations in filter(None, benchmark.augmentations):
        copies: list[AugmentedCopy | None] = [None, *copies_of(augmentations)]
        origins: list[Row] = [(clip, copy) for copy in copies for clip in data.clips]
        clips = tuple(
            dataclasses.replace(
                _noted(clip, _LEAKS), id=f"{clip.id} ({copy.title})" if copy else clip.id
            )
            for clip, copy in origins
        )
        splits = checked_splits(protocol, clips)
        found.append(
            dataclasses.replace(
                data,
                clips=clips,
                splits=splits,
                origins=tuple(origins),
                augmentations=augmentations,
            )
        )
    return found


def _whence(dataset: Dataset) -> str:
    return f" (it comes from {dataset.homepage})" if dataset.homepage else ""


def read_clips(dataset: Dataset, root: Path) -> tuple[Clip, ...]:
    """Return the clips that a dataset reads from its folder.

    Raises
    ------
    PluginError
        What it returns are no clips.
    """
    with said_if_long(f"clips() of {dataset.name}"):
        found: object = dataset.clips(root)
        if not isinstance(found, Iterable):
            raise PluginError(
                f"clips() of {dataset.name} returned {kind_of(found)}; let it return a list of "
                "merbench.Clip"
            )
        clips = tuple(found)
    for position, clip in enumerate(clips):
        if not isinstance(clip, Clip):
            raise PluginError(
                f"clips() of {dataset.name} has {kind_of(clip)} at position {position}; make each "
                "of them a merbench.Clip(id, group, label, audio)"
            )
    return clips


def check_clips(dataset: Dataset, clips: Sequence[Clip]) -> None:
    """Hold a dataset's clips to the contract.

    Raises
    ------
    MerbenchError
        Names the first clip that breaks it.
    """
    names = dataset.class_names
    if dataset.task is Task.CLASSES and len(set(names)) < max(2, len(names)):
        raise MerbenchError("its `class_names` must be two or more, each once; correct its plugin")
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
    columns = dataset.task.columns or dataset.class_names
    if len(clip.label) != len(columns):
        return f"its label has {len(clip.label)} numbers where {dataset.task} has {len(columns)}"
    for column, value in zip(columns, clip.label, strict=True):
        if not math.isfinite(value):
            return f"{column} is {value}"
        if not 0 <= value <= 1:
            return f"{column} is {value:g}, outside [0, 1]"
        if dataset.task is Task.VA and column.endswith("_std") and value < LEAST_STD:
            return f"{column} is {value:g}, so that its raters have no distribution"
    if dataset.task is not Task.VA and not math.isclose(sum(clip.label), 1.0, abs_tol=1e-6):
        what = "quadrants" if dataset.task is Task.QUADRANT else "classes"
        return f"its {what}' shares sum to {sum(clip.label):g}, not 1"
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
