"""What a kept model says of music that nobody labelled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from merbench import audio, devices
from merbench.benchmark.resolving import Benchmark
from merbench.components import Clip, Dataset, FeatureExtractor, Model, Separator
from merbench.components.base import source_digest
from merbench.engines.schedule import Outcome
from merbench.errors import MerbenchError, reason
from merbench.evaluation import STD_FLOOR
from merbench.identity import canonical
from merbench.kept.clip_vectors import clip_vectors, inputs_of
from merbench.kept.folder import KeptModel, read_model
from merbench.kept.whole_fit import Work
from merbench.numerals import real_numbers
from merbench.planning.plan import STAGES
from merbench.plugins import readiness
from merbench.plugins.registry import Registry
from merbench.runs import manifest as manifests
from merbench.runs import trust
from merbench.steps.artifact_keys import artifact_key
from merbench.steps.assembling import Assemble, JoinTables, joined_key, open_rows
from merbench.steps.decoding import stem_components
from merbench.steps.extracting import Extract, extraction_key, stems_of
from merbench.steps.separating import Separate, files_of, stems_key
from merbench.steps.step import Step
from merbench.steps.store import Store
from merbench.tasks import Task

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class NewMusic(Dataset):
    """Recordings without labels."""

    name = "new-music"
    task = Task.VA
    needs_root: ClassVar[bool] = False

    def clips(self, root: Path) -> Sequence[Clip]:
        """Return none: they are named one by one."""
        return []


@dataclass(frozen=True)
class MusicPrediction:
    """What a model says of one recording.

    Attributes
    ----------
    audio
        Its path, as it was given or found.
    values
        By column of the model's task; empty where the recording cannot be used.
    distance
        To the nearest training clip, see `evaluation.novelty`.
    unlike
        Whether it is unlike the training clips, so that what is said of it means little.
    error
        Why nothing can be said of it.
    """

    audio: str
    values: Mapping[str, float] = field(default_factory=dict)
    distance: float | None = None
    unlike: bool = False
    error: str = ""


@dataclass(frozen=True)
class MusicPredictions:
    """What a model says of recordings.

    Attributes
    ----------
    model
        The model.
    rows
        One a recording, in their order.
    limit
        The distance beyond which a recording is unlike the training clips.
    warnings
        What makes all of it doubtful.
    """

    model: KeptModel
    rows: tuple[MusicPrediction, ...]
    limit: float
    warnings: tuple[str, ...]


def estimates_of(
    folder: Path,
    recordings: Sequence[Path],
    store: Store,
    work: Work,
    *,
    assignments: Sequence[str] = (),
    trusted: bool = False,
    registry: Registry | None = None,
) -> MusicPredictions:
    """Have a kept model say what new music expresses.

    Recordings are decoded and separated, and features extracted, as the training clips' were; what
    the store has of them is taken from it.

    Parameters
    ----------
    folder
        The model's.
    recordings
        Files, and folders whose recordings are meant.
    store
        Holds features.
    work
        Does tasks.
    assignments
        `--set` assignments, such as the device or where weights lie.
    trusted
        Whether the plugin files that the model names may run here.
    registry
        Plugins; by default those that the model's benchmark names.

    Raises
    ------
    MerbenchError
        The model cannot be used here, or no recording is named.
    """
    kept = read_model(folder)
    system, paths = _system(kept, assignments, trusted, registry)
    clips = [
        Clip(str(path), "", (), path) for path in _files(recordings, kept.manifest["suffixes"])
    ]
    for part in (system.separator, *system.features):
        readiness.ready(part)
    tasks, inputs, errors = _steps(system, clips, store)
    outcomes = work(tasks, paths) if tasks else {}
    used = [clip for clip in clips if not _error(clip, inputs, outcomes, errors)]
    rows: dict[str, MusicPrediction] = {}
    familiar = kept.familiar()
    if used:
        given = _given(system, used, inputs, store)
        _demand_shapes(kept, given)
        predicted, distances = _predicted(kept, system, given), None
        distances = familiar.distances(clip_vectors(given, system.kinds))
        for clip, values, distance in zip(used, predicted, distances, strict=True):
            named = dict(zip(kept.manifest["columns"], map(float, values), strict=True))
            rows[clip.id] = MusicPrediction(
                clip.id, named, float(distance), bool(distance > familiar.limit)
            )
    found = [
        rows.get(clip.id) or MusicPrediction(clip.id, error=_error(clip, inputs, outcomes, errors))
        for clip in clips
    ]
    return MusicPredictions(kept, tuple(found), familiar.limit, system.warnings)


@dataclass(frozen=True)
class _System:
    """The components of a kept model, as they are here."""

    dataset: Dataset
    separator: Separator
    features: tuple[FeatureExtractor, ...]
    model: Model
    device: str
    task: Task
    warnings: tuple[str, ...]
    suffixes: frozenset[str]
    """How the files of the training clips end, in lower case."""

    @property
    def kinds(self) -> tuple[Any, ...]:
        """Kinds of what the model is given; several vectors are joined into one."""
        kinds = tuple(feature.kind for feature in self.features)
        return kinds[:1] if self.joins else kinds

    @property
    def joins(self) -> bool:
        """Whether the vectors of several features are joined into one."""
        return len(self.features) > len(self.model.input_kinds)

    def decoder(self, clip: Clip) -> Dataset:
        """Return what decodes a recording: files of audio anyone can; a score its own dataset."""
        own = type(self.dataset).decode is not Dataset.decode
        suffix = clip.audio.suffix.lower()
        theirs = own and suffix in self.suffixes and suffix not in audio.SUFFIXES
        return self.dataset if theirs else _NEW


_NEW = NewMusic()


def _system(
    kept: KeptModel, assignments: Sequence[str], trusted: bool, registry: Registry | None
) -> tuple[_System, list[Path]]:
    """Return the components that a model was fitted with, and the plugin files they are in."""
    said = kept.manifest
    document = manifests.document(said, f"the model {kept.folder}")
    for assignment in assignments:
        document.assign(assignment)
    benchmark, paths = trust.resolved(document, kept.folder, trusted=trusted, registry=registry)
    identity = said["identity"]
    separator = _same(benchmark.separators, identity["separator"], "separator")
    several = {canonical([f.identity() for f in each]): each for each in benchmark.features}
    features = several.get(canonical(identity["features"]))
    model = _same((*benchmark.models, *benchmark.baselines), identity["model"], "model")
    if features is None or separator is None or model is None:
        what = "separator" if separator is None else "feature" if features is None else "model"
        raise MerbenchError(
            f"the {what} of {kept.folder} is another here than the one that it was fitted with: "
            "its version, weights or a parameter differ; install what it was fitted with "
            f"(merbench {said['merbench']})"
        )
    sources, changed = said["sources"], []
    for part in (separator, *features, model):
        if sources.get(part.name) not in (None, source_digest(type(part))):
            changed.append(part.name)
    warnings = [
        f"the source of {name} is another than when the model was fitted; what it predicts may "
        "differ"
        for name in changed
    ]
    return _System(
        _dataset(benchmark, said), separator, features, model,
        devices.present(benchmark.spec.device), Task(said["task"]), tuple(warnings),
        frozenset(said["suffixes"]),
    ), paths  # fmt: skip


def _same(components: Sequence[Any], identity: Any, what: str) -> Any:
    wanted = canonical(identity)
    return next((c for c in components if canonical(c.identity()) == wanted), None)


def _dataset(benchmark: Benchmark, said: Mapping[str, Any]) -> Dataset:
    for rooted in benchmark.datasets:
        if rooted.dataset.title == said["dataset"]["name"]:
            return rooted.dataset
    return _NEW


def _files(recordings: Sequence[Path], suffixes: Sequence[str]) -> list[Path]:
    """Return the files that are meant: those named, and what lies in folders."""
    known = {*audio.SUFFIXES, *suffixes}
    found: list[Path] = []
    for path in recordings:
        if path.is_dir():
            inside = sorted(p for p in path.rglob("*") if p.is_file())
            heard = [p for p in inside if p.suffix.lower() in known]
            if not heard:
                raise MerbenchError(f"{path} holds no recording; name a folder or file of audio")
            found += heard
        elif path.is_file():
            found.append(path)
        else:
            raise MerbenchError(f"{path} does not exist; name a file or folder of audio")
    return list(dict.fromkeys(found))


_Inputs = dict[str, tuple[str, ...]]
"""Keys of a recording's features, one a feature."""


def _steps(
    system: _System, clips: Sequence[Clip], store: Store
) -> tuple[dict[str, Step], _Inputs, dict[str, str]]:
    """Return what is to be done, the keys that come of it, and what cannot even be read."""
    separator, tasks = system.separator, dict[str, Step]()
    inputs: _Inputs = {}
    errors: dict[str, str] = {}
    for clip in clips:
        dataset = system.decoder(clip)
        try:
            files = files_of(clip, separator)
        except OSError as error:
            errors[clip.id] = f"it cannot be read ({error.strerror or error})"
            continue
        separation = stems_key(separator, dataset, clip, None, files, device=system.device)
        keys = []
        for feature in system.features:
            key = extraction_key(feature, separation, device=system.device)
            keys.append(key)
            if key in tasks or store.has(key):
                continue
            tasks[key] = Extract(
                key, dataset, clip, files, separator, separation, feature, None, system.device
            )
            if separator.stored and separation not in tasks and not store.has(separation):
                tasks[separation] = Separate(
                    separation, dataset, clip, files, separator, device=system.device
                )
        inputs[clip.id] = tuple(keys)
    ordered = sorted(tasks.items(), key=lambda item: STAGES.index(item[1].stage))
    return dict(ordered), inputs, errors


def _error(
    clip: Clip, inputs: _Inputs, outcomes: Mapping[str, Outcome], errors: Mapping[str, str]
) -> str:
    if clip.id in errors:
        return errors[clip.id]
    failed = (outcomes[key] for key in inputs[clip.id] if key in outcomes)
    # Which recording it was is said beside it.
    said = (outcome.error.removeprefix(f"{outcome.work.title}: ") for outcome in failed)
    return next(filter(None, said), "").replace(f"{clip.id} cannot ", "it cannot ", 1)


def _given(system: _System, clips: Sequence[Clip], inputs: _Inputs, store: Store) -> Any:
    """Return the features of recordings as the estimator is given them."""
    tables = []
    for position, feature in enumerate(system.features):
        keys = tuple(inputs[clip.id][position] for clip in clips)
        stems = stems_of(feature, system.separator)
        table = artifact_key("assemble", rows=keys, stems=stems, kind=feature.kind.value)
        if not store.has(table):
            Assemble(
                table, keys, tuple(clip.id for clip in clips), stems, feature.kind,
                f"{system.separator.title} x {feature.title}",
                (*stem_components(_NEW, system.separator), feature),
            ).run(store)  # fmt: skip
        tables.append(table)
    if system.joins:
        joined = joined_key(tables)
        if not store.has(joined):
            JoinTables(joined, tuple(tables), "new music").run(store)
        tables = [joined]
    rows = [open_rows(store, table, range(len(clips))) for table in tables]
    return rows[0] if len(rows) == 1 else tuple(rows)


def _demand_shapes(kept: KeptModel, given: Any) -> None:
    """Raise where features have not the shape of those that the model was fitted to.

    The time axis of sequences and waveforms may be of any length.
    """
    for part, fitted in zip(inputs_of(given), kept.manifest["inputs"], strict=True):
        shape = list(part.shape[1:])
        free = part.ndim - 1 == 2  # (frames, d) or (stems, samples)
        if len(shape) != len(fitted) or (not free and shape != fitted):
            raise MerbenchError(
                f"the features are of shape {tuple(shape)} and the model was fitted to "
                f"{tuple(fitted)}; take recordings of the training clips' length"
            )


def _predicted(kept: KeptModel, system: _System, given: Any) -> NDArray[np.float64]:
    """Return predictions as they are scored: deviations by magnitude, probabilities adding to 1."""
    import numpy as np

    estimator = kept.estimator(system.model)
    try:
        predicted = real_numbers(estimator.predict(given), "the predictions")
    except MerbenchError as error:
        raise error.within(str(kept.folder)) from None
    except Exception as error:
        raise MerbenchError(f"{kept.folder} cannot predict ({reason(error)})") from error
    expected = (len(given[0] if isinstance(given, tuple) else given), len(kept.manifest["columns"]))
    if predicted.shape != expected or not np.isfinite(predicted).all():
        raise MerbenchError(
            f"{kept.folder} predicts an array of shape {predicted.shape} where {expected} finite "
            "numbers are expected; fit it again"
        )
    if system.task is Task.VA:
        predicted[:, 2:] = np.maximum(np.abs(predicted[:, 2:]), STD_FLOOR)
        return predicted
    shares = np.maximum(predicted, 0.0)
    total = shares.sum(axis=1, keepdims=True)
    even = np.full_like(shares, 1 / shares.shape[1])
    known: NDArray[np.float64] = np.where(total > 0, shares / np.where(total > 0, total, 1.0), even)
    return known
