"""The five contracts a plugin fulfils, and the words they are written in.

A component *is* its parameters: a frozen pydantic model whose fields are what a user sets in a
benchmark file, plus the one method that does the work. Its canonical JSON is its identity in the
store, its JSON schema its documentation.

Nothing heavy is imported here: listing plugins must stay instant.
"""

from __future__ import annotations

import enum
import hashlib
import importlib.metadata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, NamedTuple, Protocol

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo

from merbench.digests import content_digest as content_digest
from merbench.digests import file_digest as file_digest
from merbench.digests import files_at as files_at
from merbench.digests import module_digest
from merbench.errors import MerbenchError, printable

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from merbench.shift import TrainingMusic

    Waveform = NDArray[np.float32]

__all__ = [
    "CANONICAL_STEMS",
    "MIXED",
    "Augmentation",
    "Clip",
    "Component",
    "Cost",
    "Dataset",
    "Estimator",
    "FeatureExtractor",
    "FeatureKind",
    "Finding",
    "Model",
    "ModelParameter",
    "Separator",
    "Task",
]

MIXED = "mixed"
CANONICAL_STEMS = ("bass", "drums", "other", "vocals")


class Task(enum.StrEnum):
    """What is predicted of a clip."""

    VA = "va"
    """A normal distribution over valence and arousal."""
    QUADRANT = "quadrant"
    """A distribution over Russell's quadrants."""
    CLASSES = "classes"
    """A distribution over classes that the dataset names (`Dataset.class_names`)."""

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of a label's and a prediction's columns, in their fixed order.

        Of `CLASSES` there are none: each dataset has its own.
        """
        if self is Task.VA:
            return ("valence_mean", "arousal_mean", "valence_std", "arousal_std")
        return ("Q1", "Q2", "Q3", "Q4") if self is Task.QUADRANT else ()


class FeatureKind(enum.StrEnum):
    """Shape of what one stem of one clip becomes."""

    VECTOR = "vector"
    """(d,)"""
    IMAGE = "image"
    """(bins, frames), the same for every clip"""
    SEQUENCE = "sequence"
    """(frames, d); the number of frames may differ between clips"""
    WAVEFORM = "waveform"
    """(samples,); the number of samples may differ between clips"""

    @property
    def ndim(self) -> int:
        """Number of axes of one stem's array."""
        return 1 if self in (FeatureKind.VECTOR, FeatureKind.WAVEFORM) else 2


@dataclass(frozen=True)
class Clip:
    """One labelled excerpt of music.

    Parameters
    ----------
    id
        Unique within its dataset.
    group
        Artist, song or series. A group never stands on both sides of a split.
    label
        One number a column of the dataset's task (`Task.columns`), or a class
        (`Dataset.class_names`).
    audio
        The file the clip is decoded from: audio, or whatever its dataset's `decode` reads. Of a
        dataset without audio: the file that its features are read from.
    stems
        True stems, where the dataset has them as files: name to path.
    ratings
        One (valence, arousal) on [0, 1] a rater, where raters are known.
    features
        The feature vector that is published with the clip, where there is one.
    split
        The published part the clip belongs to ("train", "validation", "test"), where there is one.
    provenance
        What was done to the label on the way in, e.g. "valence and arousal swapped back".
    """

    id: str
    group: str
    label: tuple[float, ...]
    audio: Path
    stems: Mapping[str, Path] = field(default_factory=dict)
    ratings: tuple[tuple[float, float], ...] = ()
    features: tuple[float, ...] = ()
    split: str = ""
    provenance: str = ""

    def __post_init__(self) -> None:
        # They may come from names of files, and go into tables of text.
        object.__setattr__(self, "id", printable(self.id))
        object.__setattr__(self, "group", printable(self.group))


class Cost(NamedTuple):
    """What one unit of a component's work typically takes, for `merbench plan`'s estimate.

    The unit: a 30 s clip for a separator, one 30 s stem for a feature extractor, one fold of
    600 clips for a model. Seconds of one core, megabytes kept in the store.
    """

    seconds: float
    megabytes: float = 0.0


class Finding(NamedTuple):
    """One thing `merbench data check` has to say."""

    level: str
    """"error" (the dataset cannot be used as it is), "warning" or "note"."""
    where: str
    """File and line, clip id, or column."""
    message: str


class Component(BaseModel):
    """Base of every plugin class: its fields are its parameters.

    Class attributes
    ----------------
    name
        What a benchmark file calls it: lower case, words joined by hyphens.
    version
        Raised by the author when results change for reasons the source file does not show
        (a library's new release, say). It enters every cache key, as the source itself does.
    source_modules
        Further modules whose source decides the result, by their import names. The file that
        defines the class, and those of its bases, count anyway.
    requires
        Distributions it needs beyond merbench's own, named in the error when one is missing.
    typical_cost
        For the estimate of `merbench plan` before anything was measured.
    check_parameters
        Parameters that contract checks are run with, where the defaults would take minutes.
    """

    model_config = ConfigDict(
        frozen=True, extra="forbid", protected_namespaces=(), allow_inf_nan=False, strict=False
    )

    name: ClassVar[str] = ""
    version: ClassVar[str] = "1"
    source_modules: ClassVar[tuple[str, ...]] = ()
    requires: ClassVar[tuple[str, ...]] = ()
    typical_cost: ClassVar[Cost | None] = None
    check_parameters: ClassVar[Mapping[str, Any]] = {}

    @property
    def title(self) -> str:
        """Name as tables show it; a wrapper shows what it wraps: `calibrated(ridge)`."""
        inner = [component.title for _, value in self for component in _components(value)]
        return f"{self.name}({', '.join(inner)})" if inner else self.name

    @property
    def settings(self) -> dict[str, Any]:
        """Parameters that differ from their defaults, as JSON values."""
        fields = type(self).model_fields
        changed: dict[str, Any] = {}
        for key, value in self:
            if isinstance(value, Component):
                if value.settings:
                    changed[key] = value.settings
            elif value != fields[key].get_default(call_default_factory=True):
                changed[key] = _canonical(value, path=str)
        return changed

    @classmethod
    def __pydantic_init_subclass__(cls, **_: Any) -> None:
        """Digest the source while it is imported, before anyone can edit it."""
        if not cls.__module__.startswith("merbench."):
            module_digest(cls.__module__, anew=True)

    def ready(self) -> None:
        """Raise `MerbenchError` where it cannot work here: no weights, no package.

        The plan asks this once before any work is done; a cell that is not ready is a failed row.
        """
        for distribution in self.requires:
            try:
                importlib.metadata.version(distribution)
            except importlib.metadata.PackageNotFoundError:
                raise MerbenchError(
                    f"{self.name} needs the package {distribution}, which is not installed; "
                    f"install it with `pip install {distribution}`"
                ) from None

    def identity(self) -> dict[str, Any]:
        """Name, version and all parameters: what a seed is derived from.

        A path among the parameters counts by the content behind it, so that moving a file
        changes nothing and editing it does.
        """
        return {
            "name": self.name,
            "version": self.version,
            "parameters": {
                key: _canonical(value, path=content_digest) for key, value in sorted(self)
            },
        }

    def fingerprint(self) -> dict[str, Any]:
        """`identity` and the hash of the source behind it: what a cache key is made from."""
        nested = [c.fingerprint() for _, value in sorted(self) for c in _components(value)]
        return {"identity": self.identity(), "source": source_digest(type(self)), "nested": nested}


class Separator(Component):
    """Takes a clip apart into stems.

    Class attributes
    ----------------
    stems
        Names of the stems it yields, in canonical order.
    needs_true_stems
        `separate` is then given the dataset's true stems, stacked (stems, channels, samples) in
        canonical order, in place of the mixture, and datasets without true stems are skipped.
    stored
        Whether its stems are worth keeping in the store. False where reading them back costs more
        than making them again.
    """

    stems: ClassVar[tuple[str, ...]] = CANONICAL_STEMS
    needs_true_stems: ClassVar[bool] = False
    stored: ClassVar[bool] = True

    def separate(self, waveform: Waveform, sample_rate: int) -> dict[str, Waveform]:
        """Separate one clip.

        Parameters
        ----------
        waveform
            Shape (channels, samples), float32. May exceed 1.0; nothing may clip it.
        sample_rate
            In Hz.

        Returns
        -------
        dict
            One array of the waveform's shape for each of `stems`.
        """
        raise NotImplementedError

    def train(
        self,
        data: Sequence[Path],
        out: Path,
        options: Mapping[str, Any],
        progress: Callable[[str, float], None],
    ) -> None:
        """Train what the separator has to learn, and write it to a folder. Not all can.

        Parameters
        ----------
        data
            Folders of music.
        out
            Folder for the checkpoint and its card.
        options
            The trainer's options by name, as the separator documents them.
        progress
            Called with what is being done and the share that is done, on [0, 1].
        """
        raise MerbenchError(f"{self.name} cannot be trained by merbench; it learns nothing here")

    def training_music(self) -> TrainingMusic | None:
        """Describe what the separator was trained on; None where that is not known, or nothing.

        A run then tests whether its datasets are like that music.
        """
        return None


class FeatureExtractor(Component):
    """Turns one stem into one array.

    Class attributes
    ----------------
    kind
        The shape of what it returns.
    needs_published
        `extract` is then given the feature vector that is published with the clip, (1, d), in
        place of a waveform, and the sample rate 0. Datasets that publish none are skipped;
        separation and augmentation have nothing to do with it.
    """

    kind: ClassVar[FeatureKind]
    needs_published: ClassVar[bool] = False

    def extract(self, waveform: Waveform, sample_rate: int) -> NDArray[np.float32]:
        """Extract from one stem.

        Parameters
        ----------
        waveform
            Shape (channels, samples), float32; finite, never empty.
        sample_rate
            In Hz.

        Returns
        -------
        ndarray
            Finite, of the shape that `kind` says.
        """
        raise NotImplementedError


class Augmentation(Component):
    """Changes a training clip's audio; test clips never meet one."""

    copies: int = Field(1, ge=1, description="Changed copies of each training clip.")

    def augment(self, waveform: Waveform, sample_rate: int, rng: np.random.Generator) -> Waveform:
        """Change one clip.

        Parameters
        ----------
        waveform
            Shape (channels, samples), float32. May exceed 1.0; nothing may clip it.
        sample_rate
            In Hz.
        rng
            Where all chance comes from. It differs between clips and between copies of one clip,
            and is the same whenever a copy is made again.

        Returns
        -------
        ndarray
            A copy of as many channels, finite; the number of samples may be another.
        """
        raise NotImplementedError

    def of_a_copy(self) -> Augmentation:
        """Return it with one copy: what decides a copy, however many others there are."""
        return self.model_copy(update={"copies": 1})


class Estimator(Protocol):
    """What a model hands out: scikit-learn's two methods.

    `X` is (n, d) for vectors. For every other kind it is an array-like of n clips, possibly mapped
    from disk: use `len(X)`, `X.shape`, `X[i]` and `X[array_of_ints]`, and never turn it into one
    array in memory. Images and waveforms have a leading stem axis: `X[i]` is (stems, bins, frames)
    or (stems, samples); a sequence is (frames, stems x d). For a model with several inputs `X` is
    a tuple of such. `Y` is (n, 4), float64, columns as in `Task.columns`; for `Task.CLASSES` it has
    a column a class.

    An estimator that trains in epochs may leave a list of dicts of numbers in `curve_`, one an
    epoch; the run keeps it.
    """

    def fit(self, X: Any, Y: NDArray[np.float64]) -> Any: ...

    def predict(self, X: Any) -> NDArray[np.float64]: ...


class Model(Component):
    """Learns labels from features.

    Class attributes
    ----------------
    inputs
        The kind of feature it takes; a tuple for a model with several inputs; the empty tuple for
        a model that never looks at the music.
    tasks
        The tasks it can be fitted for.
    baseline
        Whether a benchmark with `baselines: true` includes it, with default parameters.
    """

    inputs: ClassVar[FeatureKind | tuple[FeatureKind, ...]]
    tasks: ClassVar[frozenset[Task]]
    baseline: ClassVar[bool] = False

    def estimator(self, *, task: Task, seed: int, device: str) -> Estimator:
        """Return an unfitted estimator.

        Parameters
        ----------
        task
            One of `tasks`.
        seed
            All chance in fitting and predicting comes from it; global random state is not touched.
        device
            A torch device name. Models without torch ignore it.
        """
        raise NotImplementedError

    def prepare(self, X: NDArray[np.float32]) -> NDArray[Any] | None:
        """Do, once for all folds, work on the features that needs no label.

        Returns an array with a row for each row of `X`, which the store keeps; the estimator is
        then given the tuple `(X rows, prepared rows)` in place of `X`. What a fit learns must be
        the same with and without it. By default there is none.
        """
        return None

    def trainable_parameters(self) -> dict[str, int]:
        """Count what is trained, by number of stems, for `merbench plugins show`.

        By default nothing is counted: most models grow with their data.
        """
        return {}

    @property
    def input_kinds(self) -> tuple[FeatureKind, ...]:
        """`inputs` as a tuple, whether one, several or none."""
        return self.inputs if isinstance(self.inputs, tuple) else (self.inputs,)


class Dataset(Component):
    """Labelled clips in a folder.

    Class attributes
    ----------------
    task
        What its labels are.
    class_names
        Of the task `CLASSES`: the classes, two or more, in the order of a label's numbers.
    has_true_stems
        Whether `true_stems` can be asked.
    has_audio
        Whether its clips can be decoded. False for clips of which only features are published.
    decodes_by
        Of a dataset with a `decode` of its own: the parameters that it looks at, so that others
        change no waveform's key. None where it may look at all.
    needs_root
        Whether the user must say where the data lies. False for data merbench brings itself.
    synthetic
        Whether music or labels are made by a program. Said wherever the dataset appears.
    labels_public
        Whether its labels may be republished beside predictions. Where not, what is published holds
        a hash of each clip's truth in their place.
    homepage, licence, citation, authors
        Where it comes from, under which terms, what to cite, and who is to be named as its authors
        where the citation does not do.
    """

    task: ClassVar[Task]
    class_names: ClassVar[tuple[str, ...]] = ()
    has_true_stems: ClassVar[bool] = False
    has_audio: ClassVar[bool] = True
    decodes_by: ClassVar[frozenset[str] | None] = None
    needs_root: ClassVar[bool] = True
    synthetic: ClassVar[bool] = False
    labels_public: ClassVar[bool] = False
    homepage: ClassVar[str] = ""
    licence: ClassVar[str] = ""
    citation: ClassVar[str] = ""
    authors: ClassVar[tuple[str, ...]] = ()

    def clips(self, root: Path) -> Sequence[Clip]:
        """Return the labelled clips under `root`, in a fixed order.

        Raises
        ------
        MerbenchError
            With file and line, or clip id, where the data is not what it should be.
        """
        raise NotImplementedError

    def decode(self, clip: Clip) -> tuple[Waveform, int]:
        """Return a clip's waveform, (channels, samples) float32, and its sample rate in Hz.

        Overridden where a clip's file is no audio but something to be rendered.
        """
        from merbench import audio

        return audio.read(clip.audio)

    def true_stems(self, clip: Clip) -> tuple[dict[str, Waveform], int]:
        """Return a clip's true stems by name, and their sample rate in Hz."""
        from merbench import audio

        stems: dict[str, Waveform] = {}
        rates = set()
        for stem, path in clip.stems.items():
            stems[stem], rate = audio.read(path)
            rates.add(rate)
        if len(rates) != 1:
            raise MerbenchError(
                f"clip {clip.id}: its stems have {len(rates) or 'no'} sample rates; give one file "
                "a stem, all of one sample rate"
            )
        return stems, rates.pop()

    def fetch(self, root: Path, progress: Callable[[str, float], None]) -> None:
        """Download the dataset into `root`, checking checksums.

        Parameters
        ----------
        root
            Folder to fill.
        progress
            Called with the file's name and the share of it that is done, on [0, 1].
        """
        raise MerbenchError(
            f"{self.name} cannot be downloaded by merbench: get it from "
            f"{self.homepage or 'its authors'} and set its root in the benchmark file"
        )

    def check(self, root: Path) -> list[Finding]:
        """Look for what is wrong with the copy under `root`.

        Never raises for bad data; every problem is a finding. By default: whether `clips` can be
        read, and every clip's audio and true stems (`merbench.inspection`).
        """
        from merbench.inspection import check_audio

        try:
            clips = self.clips(root)
        except MerbenchError as error:
            return [Finding("error", str(root), str(error))]
        return check_audio(self, clips) if self.has_audio else []


def _resolve_model(value: Any, info: ValidationInfo) -> Any:
    if isinstance(value, Model):
        return value
    resolve = (info.context or {}).get("resolve")
    if resolve is None:
        raise ValueError("a model is named here: give a Model, or load it through a benchmark file")
    return resolve("model", value)


ModelParameter = Annotated[
    Model, BeforeValidator(_resolve_model, json_schema_input_type=str | dict)
]
"""Type of a parameter that is itself a model: `calibrated: {model: ridge}`."""


def _components(value: Any) -> Iterator[Component]:
    """Yield the components in a parameter: itself, or those that it holds."""
    if isinstance(value, Component):
        yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _components(inner)
    elif isinstance(value, (list, tuple)):
        for inner in value:
            yield from _components(inner)


def _canonical(value: Any, *, path: Callable[[Path], str]) -> Any:
    """Turn a parameter into JSON values that compare equal when the parameters do."""
    if isinstance(value, Component):
        return value.identity()
    if isinstance(value, Path):
        return path(value)
    if isinstance(value, enum.Enum):
        return value.value
    if isinstance(value, BaseModel):
        return {k: _canonical(v, path=path) for k, v in sorted(value)}
    if isinstance(value, Mapping):
        return {str(k): _canonical(v, path=path) for k, v in sorted(value.items())}
    if isinstance(value, (set, frozenset)):
        return sorted(_canonical(v, path=path) for v in value)
    if isinstance(value, (list, tuple)):
        return [_canonical(v, path=path) for v in value]
    return value


def source_digest(cls: type[Component]) -> str:
    """Hash of the source that defines a component: its file, its bases' files, `source_modules`."""
    digest = hashlib.sha256()
    for module in dict.fromkeys([*_defining_modules(cls), *cls.source_modules]):
        digest.update(module_digest(module).encode())
    return digest.hexdigest()


def plugin_sources(*components: Component) -> frozenset[str]:
    """Return the packages and files whose code these components are: top names of modules."""
    found: set[str] = set()
    for component in components:
        found |= {module.partition(".")[0] for module in _defining_modules(type(component))}
        found |= plugin_sources(*(c for _, value in component for c in _components(value)))
    return frozenset(found)


def _defining_modules(cls: type[Component]) -> list[str]:
    return [
        base.__module__
        for base in cls.__mro__
        if issubclass(base, Component) and not base.__module__.startswith("merbench.")
    ]
