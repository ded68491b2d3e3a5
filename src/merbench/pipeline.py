"""The stages between a clip's file and a model's predictions, as tasks that leave artifacts.

decode -> (augment) -> separate -> extract -> assemble -> (prepare) -> fit and predict

Each task is self-contained: it carries the components and clips it needs, reads what went before
from the store by key, and leaves one artifact under its own key, unless a file or a plugin is no
longer what that key was made of. What is cheaper to make than to read back (decoding, augmentation,
and separators that say so) is done inside the task that needs it.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from merbench import audio, memory, threads
from merbench.components import (
    CANONICAL_STEMS,
    MIXED,
    Augmentation,
    Clip,
    Component,
    Dataset,
    FeatureExtractor,
    FeatureKind,
    Model,
    Separator,
    Task,
)
from merbench.digests import file_digest, forget, reading
from merbench.errors import AudioError, ChangedError, MerbenchError, PluginError
from merbench.hashes import digest
from merbench.numerals import LARGEST, real_numbers
from merbench.store import Store, appending, artifact_key

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Waveform = NDArray[np.float32]

Files = Mapping[Path, str]
"""The SHA-256 of files, by path."""


class Work:
    """Base of the tasks: what the engine runs and the plan lists."""

    stage: ClassVar[str]
    key: str
    needs: tuple[str, ...]

    @property
    def title(self) -> str:
        """What is being done, for messages."""
        raise NotImplementedError

    @property
    def component(self) -> Component | None:
        """The plugin that does the work, whose past timings make the estimate."""
        return None

    @property
    def plugins(self) -> tuple[Component, ...]:
        """Every plugin that takes part in the result."""
        return (self.component,) if self.component else ()

    @property
    def reads(self) -> Files:
        """The files that the work decodes."""
        return {}

    def run(self, store: Store) -> None:
        """Do the work and leave the artifact `key`."""
        raise NotImplementedError

    @contextmanager
    def as_planned(self, store: Store) -> Iterator[None]:
        """Hold what is done in the block to the key: of these files, by these plugins.

        Raises
        ------
        ChangedError
            A file or a plugin is no longer what the key was made of.
        """
        self._hold_plugins_to_plan()
        with reading(self.reads) as found:
            yield
        changed = [path for path, digest in found.items() if digest != self.reads[path]]
        if changed:
            forget(store.folder, changed)
            raise ChangedError(f"{changed[0]} changed after the plan was made; run again")
        self._hold_plugins_to_plan()

    def _hold_plugins_to_plan(self) -> None:
        if not self._planned():
            names = " or ".join(dict.fromkeys(plugin.title for plugin in self.plugins))
            raise ChangedError(
                f"the source of {names}, or a file that it names, changed after the plan was made; "
                "run again"
            )

    def _planned(self) -> bool:
        """Tell whether the plugins, as this process has them, are those of the key."""
        return True


# --- from a clip to one array a stem ---------------------------------------------------------


@dataclass(frozen=True)
class Copy:
    """One changed copy of a clip: what changes it, and which of its copies it is."""

    augmentation: Augmentation
    number: int

    @property
    def title(self) -> str:
        """Name of the copy, to stand behind its clip's."""
        return f"{self.augmentation.title} {self.number + 1}"


def files_of(clip: Clip, separator: Separator, known: Files | None = None) -> Files:
    """Return the files that a clip's stems are made of; those not `known` are digested."""
    stems = clip.stems.values() if separator.needs_true_stems else ()
    return {path: (known or {}).get(path) or file_digest(path) for path in (clip.audio, *stems)}


def decoding_key(dataset: Dataset, clip: Clip, known: Files | None = None) -> str:
    """Key of a clip's waveform: its file's bytes, and whatever else decodes them.

    The file is digested where its digest is not `known`.
    """
    parts: dict[str, Any] = {"audio": (known or {}).get(clip.audio) or file_digest(clip.audio)}
    own = type(dataset).decode is not Dataset.decode
    if not (own and dataset.synthetic):  # what a program renders, no reader of audio files decodes
        parts["reader"] = audio.VERSION
    if own:
        fingerprint = dataset.fingerprint()
        if dataset.decodes_by is not None:
            parameters = dataset.model_dump(mode="json", include=set(dataset.decodes_by))
            fingerprint["identity"] |= {"parameters": parameters}
        parts["decoder"] = fingerprint
    return artifact_key("decode", **parts)


def augmentation_key(copy: Copy | None, decoding: str) -> str:
    """Key of a copy's waveform; that of the clip itself where there is no copy.

    How many copies there are beside it is no part of it, so that more of them never change those
    that are there.
    """
    if copy is None:
        return decoding
    augmentation = copy.augmentation.of_a_copy().fingerprint()
    return artifact_key("augment", augmentation=augmentation, copy=copy.number, of=decoding)


def separation_key(
    separator: Separator,
    dataset: Dataset,
    clip: Clip,
    decoding: str,
    known: Files | None = None,
) -> str:
    """Key of a clip's stems; true stems are digested where their digests are not `known`."""
    parts: dict[str, Any] = {"of": decoding}
    if separator.needs_true_stems:
        files = files_of(clip, separator, known)
        parts["stems"] = {stem: files[path] for stem, path in sorted(clip.stems.items())}
        if type(dataset).true_stems is not Dataset.true_stems:
            parts["dataset"] = dataset.fingerprint()
    return artifact_key("separate", separator=separator.fingerprint(), **parts)


def published_key(clip: Clip) -> str:
    """Key of the feature vector that is published with a clip: its numbers."""
    return artifact_key("published", vector=clip.features)


def stems_of(extractor: FeatureExtractor, separator: Separator | None) -> tuple[str, ...]:
    """Return the stems that an extractor is asked for, one array each.

    What is published with a clip is of the whole clip, whatever separates it.
    """
    return (MIXED,) if separator is None or extractor.needs_published else separator.stems


def extraction_key(extractor: FeatureExtractor, separation: str) -> str:
    """Key of the arrays an extractor makes of a clip's stems."""
    return artifact_key("extract", extractor=extractor.fingerprint(), of=separation)


def stems_key(
    separator: Separator, dataset: Dataset, clip: Clip, copy: Copy | None, files: Files
) -> str:
    """Key of the stems of a clip, or of a changed copy of it, made of files of these digests."""
    decoding = augmentation_key(copy, decoding_key(dataset, clip, files))
    return separation_key(separator, dataset, clip, decoding, files)


@dataclass(frozen=True)
class Separate(Work):
    """Separate one clip and keep its stems."""

    stage: ClassVar[str] = "separate"
    key: str
    dataset: Dataset
    clip: Clip
    files: Files
    separator: Separator
    copy: Copy | None = None
    needs: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        return f"{_clip_title(self.dataset, self.clip, self.copy)}: {self.separator.title}"

    @property
    def component(self) -> Component:
        return self.separator

    @property
    def plugins(self) -> tuple[Component, ...]:
        return makers(self.dataset, self.separator, self.copy)

    @property
    def reads(self) -> Files:
        return self.files

    def run(self, store: Store) -> None:
        started = time.perf_counter()
        with self.as_planned(store):
            stems, rate = separate(self.dataset, self.clip, self.separator, self.copy)
        info = {
            "sample_rate": rate,
            "component": self.separator.name,
            "seconds": time.perf_counter() - started,
        }
        store.put(self.key, stems, info)

    def _planned(self) -> bool:
        now = stems_key(self.separator, self.dataset, self.clip, self.copy, self.files)
        return now == self.key


@dataclass(frozen=True)
class Extract(Work):
    """Extract one feature from every stem of one clip."""

    stage: ClassVar[str] = "extract"
    key: str
    dataset: Dataset
    clip: Clip
    files: Files
    separator: Separator | None
    separation: str
    extractor: FeatureExtractor
    copy: Copy | None = None

    @property
    def needs(self) -> tuple[str, ...]:  # type: ignore[override]
        return (self.separation,) if self.separator and self.separator.stored else ()

    @property
    def title(self) -> str:
        title = f"{_clip_title(self.dataset, self.clip, self.copy)}: {self.extractor.title}"
        return f"{title} of {self.separator.title}" if self.separator else title

    @property
    def component(self) -> Component:
        return self.extractor

    @property
    def plugins(self) -> tuple[Component, ...]:
        return (*makers(self.dataset, self.separator, self.copy), self.extractor)

    @property
    def reads(self) -> Files:
        return self.files if self.separator and not self.separator.stored else {}

    def run(self, store: Store) -> None:
        started = time.perf_counter()
        with self.as_planned(store):
            stems, rate = self._stems(store)
            arrays = {
                stem: extract(self.extractor, stems[stem], rate, f"stem {stem}")
                for stem in stems_of(self.extractor, self.separator)
            }
        info = {"component": self.extractor.name, "seconds": time.perf_counter() - started}
        store.put(self.key, arrays, info)

    def _stems(self, store: Store) -> tuple[Mapping[str, Waveform], int]:
        if self.separator is None:
            return {MIXED: _published(self.clip)}, 0
        return separated(store, self.separation, self.dataset, self.clip, self.separator, self.copy)

    def _planned(self) -> bool:
        separation = self.separation
        if self.separator is None:
            separation = published_key(self.clip)
        elif not self.separator.stored:
            separation = stems_key(self.separator, self.dataset, self.clip, self.copy, self.files)
        return extraction_key(self.extractor, separation) == self.key


def makers(
    dataset: Dataset, separator: Separator | None, copy: Copy | None = None
) -> tuple[Component, ...]:
    """Return the plugins that a clip, or a changed copy of it, becomes stems by."""
    augmentation = copy.augmentation if copy else None
    return tuple(part for part in (dataset, augmentation, separator) if part is not None)


def _published(clip: Clip) -> Waveform:
    """Return the features published with a clip, as an extractor is given them, (1, d)."""
    import numpy as np

    return np.asarray([clip.features], dtype=np.float32)


def _clip_title(dataset: Dataset, clip: Clip, copy: Copy | None) -> str:
    title = f"clip {clip.id} of {dataset.title}"
    return f"{title} ({copy.title})" if copy else title


def decode(dataset: Dataset, clip: Clip) -> tuple[Waveform, int]:
    """Decode a clip and see that it is sound.

    Raises
    ------
    MerbenchError
        Whatever decoding raises: by the file's name, so that it is this clip's fault alone.
    """
    import numpy as np

    with _faults_of(str(clip.audio)):
        waveform, rate = dataset.decode(clip)
        waveform = np.asarray(waveform, dtype=np.float32)
    audio.validate(waveform, str(clip.audio))
    audio.validate_rate(rate, str(clip.audio))
    return waveform, rate


@contextmanager
def _faults_of(where: str) -> Iterator[None]:
    """Turn whatever a dataset's decoding raises into one sentence that says of what."""
    try:
        yield
    except MerbenchError:
        raise
    except MemoryError as error:
        raise AudioError(
            f"{where} needs more memory to be decoded than there is; lower --jobs"
        ) from error
    except Exception as error:
        reason = f"{type(error).__name__}: {error}"
        raise AudioError(f"{where} cannot be decoded ({reason}); replace the file") from error


def augment(waveform: Waveform, rate: int, copy: Copy, decoding: str) -> Waveform:
    """Change a clip's waveform and hold the augmentation to its contract.

    Parameters
    ----------
    waveform
        Shape (channels, samples).
    rate
        In Hz.
    copy
        Which copy of the clip.
    decoding
        The clip's decoding key. With the augmentation and the copy's number it is the seed.

    Returns
    -------
    ndarray
        Shape (channels, samples), float32; the number of samples may be another.
    """
    import numpy as np

    one = copy.augmentation.of_a_copy()
    text = json.dumps([decoding, one.identity(), copy.number], sort_keys=True)
    rng = np.random.default_rng(list(hashlib.sha256(text.encode()).digest()))
    changed = np.asarray(one.augment(waveform.copy(), rate, rng), dtype=np.float32)
    if changed.ndim != 2 or changed.shape[0] != waveform.shape[0] or not changed.size:
        raise PluginError(
            f"{copy.title}: it returned the shape {changed.shape} for a clip of shape "
            f"{waveform.shape}; correct the plugin"
        )
    if not np.isfinite(changed).all():
        raise PluginError(f"{copy.title}: it returned NaN or infinite samples; correct the plugin")
    return changed


def separate(
    dataset: Dataset, clip: Clip, separator: Separator, copy: Copy | None = None
) -> tuple[dict[str, Waveform], int]:
    """Separate a clip, or a changed copy of it, and hold the separator to its contract."""
    import numpy as np

    if separator.needs_true_stems:
        waveform, rate = true_stems(dataset, clip)
        shape = waveform.shape[1:]
    else:
        waveform, rate = decode(dataset, clip)
        if copy is not None:
            waveform = augment(waveform, rate, copy, decoding_key(dataset, clip))
        shape = waveform.shape
    stems = separator.separate(waveform, rate)
    if set(stems) != set(separator.stems):
        raise PluginError(
            f"{separator.name} returned the stems {', '.join(sorted(stems))} "
            f"where it declares {', '.join(separator.stems)}; correct the plugin"
        )
    for stem, array in stems.items():
        if np.shape(array) != shape:
            raise PluginError(
                f"stem {stem}: {separator.name} returned the shape "
                f"{np.shape(array)} for a clip of shape {shape}; correct the plugin"
            )
        if not np.isfinite(array).all():
            raise PluginError(
                f"stem {stem}: {separator.name} returned NaN or infinite samples; "
                "correct the plugin"
            )
    return {stem: np.asarray(stems[stem], dtype=np.float32) for stem in separator.stems}, rate


def separated(
    store: Store,
    key: str,
    dataset: Dataset,
    clip: Clip,
    separator: Separator,
    copy: Copy | None = None,
) -> tuple[Mapping[str, Waveform], int]:
    """Return stems from the store, or anew where the separator's are not kept."""
    if not separator.stored:
        return separate(dataset, clip, separator, copy)
    artifact = store.get(key)
    return artifact.arrays, int(artifact.info["sample_rate"])


def true_stems(dataset: Dataset, clip: Clip) -> tuple[Waveform, int]:
    """Decode a clip's true stems and see that they are sound.

    Returns
    -------
    waveform : ndarray
        Shape (stems, channels, samples), in canonical order; a stem that is not there is silence.
    sample_rate : int
        In Hz.

    Raises
    ------
    MerbenchError
        One cannot be decoded, or they differ in sample rate, length or channels.
    """
    import numpy as np

    with _faults_of(f"clip {clip.id}: a true stem"):
        stems, rate = dataset.true_stems(clip)
    shapes = {np.shape(stem) for stem in stems.values()}
    if len(shapes) != 1 or not set(stems) <= set(CANONICAL_STEMS):
        raise AudioError(
            f"the true stems ({', '.join(sorted(stems)) or 'none'}) must be among "
            f"{', '.join(CANONICAL_STEMS)}, of one length and number of channels; correct the files"
        )
    silence = np.zeros(shapes.pop(), dtype=np.float32)
    stacked = np.stack([stems.get(stem, silence) for stem in CANONICAL_STEMS])
    audio.validate(stacked.reshape(-1, stacked.shape[-1]), "true stems")
    return stacked, rate


def extract(
    extractor: FeatureExtractor, waveform: Waveform, rate: int, where: str
) -> NDArray[np.float32]:
    """Extract from one stem and hold the extractor to its contract."""
    import numpy as np

    try:
        array = np.asarray(extractor.extract(waveform, rate), dtype=np.float32)
    except MerbenchError as error:
        raise error.within(where) from error
    if array.ndim != extractor.kind.ndim or array.size == 0:
        raise PluginError(
            f"{where}: {extractor.name} returned the shape {array.shape}, which is no "
            f"{extractor.kind.value}; correct the plugin"
        )
    if not np.isfinite(array).all():
        raise PluginError(
            f"{where}: {extractor.name} returned {int((~np.isfinite(array)).sum())} values that "
            "are NaN or infinite; the clip may be too short or silent"
        )
    return array


# --- from arrays to a table a model can read ---------------------------------------------------


@dataclass(frozen=True)
class Assemble(Work):
    """Join the stems of every clip into one table, a row a clip, in the dataset's order."""

    stage: ClassVar[str] = "assemble"
    key: str
    needs: tuple[str, ...]
    clip_ids: tuple[str, ...]
    stems: tuple[str, ...]
    kind: FeatureKind
    label: str
    made_by: tuple[Component, ...] = ()

    @property
    def title(self) -> str:
        return f"table of {self.label}"

    @property
    def plugins(self) -> tuple[Component, ...]:
        return self.made_by

    def run(self, store: Store) -> None:
        import numpy as np

        lengths = []
        with store.writing(self.key, {"kind": self.kind.value}) as folder:
            with appending(folder / "rows.npy") as append:
                first = None
                for position in range(len(self.needs)):
                    rows = self._rows(store, position)
                    first = first or rows.shape[1:]
                    self._compare(position, rows.shape[1:], first)
                    append(rows)
                    lengths.append(len(rows))
            if self.kind in (FeatureKind.SEQUENCE, FeatureKind.WAVEFORM):
                np.save(folder / "lengths.npy", np.asarray(lengths, dtype=np.int64))

    def _rows(self, store: Store, position: int) -> NDArray[np.float32]:
        """Join one clip's stems: one row, or, where clips differ in length, one a time step."""
        import numpy as np

        arrays = store.get(self.needs[position]).arrays
        stems = [arrays[stem] for stem in self.stems]
        shapes = {stem.shape for stem in stems}
        if len(shapes) != 1:
            raise PluginError(
                f"clip {self.clip_ids[position]} of {self.label}: its stems gave arrays of "
                f"different shapes {sorted(shapes)}; correct the feature extractor"
            )
        match self.kind:
            case FeatureKind.VECTOR:
                return np.concatenate(stems)[np.newaxis]
            case FeatureKind.IMAGE:
                return np.stack(stems)[np.newaxis]
            case FeatureKind.SEQUENCE:
                return np.concatenate(stems, axis=1)
            case FeatureKind.WAVEFORM:
                return np.stack(stems, axis=1)

    def _compare(self, position: int, shape: tuple[int, ...], first: tuple[int, ...]) -> None:
        if shape != first:
            raise PluginError(
                f"clip {self.clip_ids[position]} of {self.label} has features of shape {shape} "
                f"where the first clip has {first}; correct the feature extractor"
            )


class ClipRows:
    """Some clips' rows of a table that may stay on disk.

    Indexing with an integer gives one clip's array; with a slice or integers, a batch of them: one
    array, or a list where clips differ in length.
    """

    def __init__(
        self,
        table: NDArray[Any],
        indices: NDArray[np.int64],
        offsets: NDArray[np.int64] | None = None,
        *,
        transposed: bool = False,
    ) -> None:
        self._table = table
        self._indices = indices
        self._offsets = offsets
        self._transposed = transposed

    def __len__(self) -> int:
        return len(self._indices)

    @property
    def shape(self) -> tuple[int, ...]:
        """(clips, ...); a time axis that differs between clips is the longest clip's."""
        if self._offsets is None:
            return (len(self), *self._table.shape[1:])
        starts, stops = self._offsets[self._indices], self._offsets[self._indices + 1]
        longest, width = int((stops - starts).max(initial=0)), self._table.shape[1]
        return (len(self), width, longest) if self._transposed else (len(self), longest, width)

    @property
    def ndim(self) -> int:
        """Number of axes of `shape`."""
        return len(self.shape)

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the values."""
        return self._table.dtype

    def __getitem__(self, item: Any) -> Any:
        import numpy as np

        chosen = self._indices[item]
        if np.ndim(chosen) == 0:
            return self._row(int(chosen))
        if self._offsets is None:
            return np.asarray(self._table[chosen])
        return [self._row(int(row)) for row in chosen]

    def __iter__(self) -> Iterator[NDArray[Any]]:
        return (self[i] for i in range(len(self)))

    def take(self, rows: Sequence[int]) -> ClipRows:
        """Return some of these clips, still on disk."""
        chosen = self._indices[list(rows)]
        return ClipRows(self._table, chosen, self._offsets, transposed=self._transposed)

    def _row(self, row: int) -> NDArray[Any]:
        import numpy as np

        if self._offsets is None:
            return np.asarray(self._table[row])
        timed = self._table[self._offsets[row] : self._offsets[row + 1]]
        return np.asarray(timed.T if self._transposed else timed)


def open_rows(store: Store, key: str, indices: Sequence[int], *, scaled: bool = False) -> Any:
    """Return rows of a stored table: an array for vectors, else `ClipRows` mapped from disk.

    With `scaled`, vectors have zero mean and unit variance over the whole table, whichever rows
    are asked for: a leak that papers are reproduced with.
    """
    import numpy as np

    artifact = store.get(key, mapped=True)
    kind = FeatureKind(artifact.info["kind"])
    table, chosen = artifact.arrays["rows"], np.asarray(indices, dtype=np.int64)
    if kind is FeatureKind.VECTOR:
        rows = np.asarray(table[chosen])
        if not scaled:
            return rows
        spread = table.std(axis=0, dtype=np.float64)
        spread[spread == 0] = 1
        return ((rows - table.mean(axis=0, dtype=np.float64)) / spread).astype(np.float32)
    if kind is FeatureKind.IMAGE:
        return ClipRows(table, chosen)
    offsets = np.concatenate([[0], np.cumsum(artifact.arrays["lengths"])])
    return ClipRows(table, chosen, offsets, transposed=kind is FeatureKind.WAVEFORM)


@dataclass(frozen=True)
class Prepare(Work):
    """Do a model's label-free work on a table once, for all folds."""

    stage: ClassVar[str] = "prepare"
    key: str
    needs: tuple[str, ...]
    model: Model
    fingerprint: str
    label: str

    @property
    def title(self) -> str:
        return f"{self.model.title}: preparation of {self.label}"

    @property
    def component(self) -> Component | None:
        return None

    @property
    def plugins(self) -> tuple[Component, ...]:
        return (self.model,)

    def run(self, store: Store) -> None:
        (table,) = self.needs
        rows = store.get(table, mapped=True).arrays["rows"]
        with self.as_planned(store):
            prepared = self.model.prepare(rows)
        if prepared is not None and len(prepared) != len(rows):
            raise PluginError(
                f"{self.model.title} prepared {len(prepared)} rows from {len(rows)}; "
                "correct the plugin"
            )
        arrays = {} if prepared is None else {"prepared": prepared}
        store.put(self.key, arrays, {"component": self.model.name})

    def _planned(self) -> bool:
        return digest(self.model.fingerprint()) == self.fingerprint


# --- from a table to predictions ----------------------------------------------------------------


@dataclass(frozen=True)
class Fit(Work):
    """Fit one model on one fold's training clips and predict its test clips.

    It carries the training clips' labels and no others.
    """

    stage: ClassVar[str] = "fit"
    key: str
    model: Model
    fingerprint: str
    task: Task
    seed: int
    device: str
    tables: tuple[str, ...]
    prepared: str | None
    train: tuple[int, ...]
    test: tuple[int, ...]
    labels: tuple[tuple[float, ...], ...]
    clip_ids: tuple[str, ...]
    label: str
    fold: int
    scaled: bool = False

    @property
    def needs(self) -> tuple[str, ...]:  # type: ignore[override]
        return (*self.tables, *([self.prepared] if self.prepared else []))

    @property
    def title(self) -> str:
        return f"{self.label}, fold {self.fold}"

    @property
    def component(self) -> Component:
        return self.model

    def run(self, store: Store) -> None:
        import numpy as np

        labels = np.asarray(self.labels, dtype=np.float64)
        with self.as_planned(store), memory.watch() as watched:
            estimator = self.model.estimator(task=self.task, seed=self.seed, device=self.device)
            train = self._inputs(store, self.train)
            with _timed() as fitting:
                estimator.fit(train, labels)
            del train
            test = self._inputs(store, self.test)
            with _timed() as predicting:
                predicted = estimator.predict(test)
        predictions = self._examined(predicted)
        info = {
            "component": self.model.name,
            "seconds": fitting.seconds + predicting.seconds,
            "fit_seconds": fitting.seconds,
            "predict_seconds": predicting.seconds,
            "cpu_seconds": fitting.cpu_seconds + predicting.cpu_seconds,
            "peak_memory_mb": watched.peak / 1e6,
            "threads": threads.available(),
            "curve": [
                {name: float(value) for name, value in epoch.items()}
                for epoch in getattr(estimator, "curve_", [])
            ],
        }
        store.put(self.key, {"predictions": predictions}, info)

    def _planned(self) -> bool:
        return digest(self.model.fingerprint()) == self.fingerprint

    def _inputs(self, store: Store, indices: Sequence[int]) -> Any:
        import numpy as np

        if not self.tables:
            return np.empty((len(indices), 0), dtype=np.float32)
        rows = [open_rows(store, t, indices, scaled=self.scaled) for t in self.tables]
        if self.prepared:
            prepared = store.get(self.prepared, mapped=True).arrays.get("prepared")
            if prepared is not None:
                rows.append(np.asarray(prepared[np.asarray(indices, dtype=np.int64)]))
        return rows[0] if len(rows) == 1 else tuple(rows)

    def _examined(self, predicted: Any) -> NDArray[np.float64]:
        """Return predictions as float64, held to the contract."""
        import numpy as np

        try:
            predictions = real_numbers(predicted, f"the predictions of {self.model.title}")
        except MerbenchError as error:
            raise PluginError(f"{error}; correct the plugin") from None
        expected = (len(self.test), len(self.labels[0]))
        if predictions.shape != expected:
            raise PluginError(
                f"{self.model.title} predicted an array of shape {predictions.shape} for "
                f"{expected[0]} clips and {expected[1]} columns; correct the plugin"
            )
        bad = np.flatnonzero(~np.isfinite(predictions).all(axis=1))
        if len(bad):
            ids = ", ".join(self.clip_ids[i] for i in bad[:5])
            raise PluginError(
                f"{self.model.title} predicted NaN or infinite values for {len(bad)} of "
                f"{expected[0]} clips ({ids}{', …' if len(bad) > 5 else ''}); correct the plugin"
            )
        huge = np.argwhere(np.abs(predictions) > LARGEST)
        if len(huge):
            row, column = huge[0]
            raise PluginError(
                f"{self.model.title} predicted {predictions[row, column]:g} for clip "
                f"{self.clip_ids[row]}, and predictions must be below {LARGEST:g} in magnitude; "
                "correct the plugin or its parameters"
            )
        return predictions


@dataclass
class _Spent:
    """What a block took."""

    seconds: float = 0.0
    cpu_seconds: float = 0.0


@contextmanager
def _timed() -> Iterator[_Spent]:
    spent = _Spent()
    wall, cpu = time.perf_counter(), time.process_time()
    yield spent
    spent.seconds, spent.cpu_seconds = time.perf_counter() - wall, time.process_time() - cpu
