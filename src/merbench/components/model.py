"""The contract of models, and parameters that are models themselves."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Protocol, runtime_checkable

from pydantic import BeforeValidator, ValidationInfo

from merbench.components.base import Component
from merbench.components.feature_extractor import FeatureKind
from merbench.tasks import Task

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class Estimator(Protocol):
    """What a model hands out: scikit-learn's two methods.

    `X` is (n, d) for vectors. For every other kind it is an array-like of n clips, possibly mapped
    from disk: use `len(X)`, `X.shape`, `X[i]` and `X[array_of_ints]`, and never turn it into one
    array in memory. Images and waveforms have a leading stem axis: `X[i]` is (stems, bins, frames)
    or (stems, samples); a sequence is (frames, stems x d). `X.rates`, shape (n,), are each clip's
    frames a second, or None where the feature extractor states none. For a model with several
    inputs `X` is a tuple of such. `Y` is (n, 4), float64, columns as in `Task.columns`; for
    `Task.CLASSES` it has a column a class.

    `fit` may ask for what is known of its training rows besides their labels, by naming a
    parameter; an estimator that names none is told nothing:

    - `groups`, shape (n,): the group of each row (artist, song, series), as text. An estimator
      that splits its training rows again keeps a group on one side, as the benchmark does.
      scikit-learn's searches ask by their splitter: `GridSearchCV(…, cv=GroupKFold())`.
    - `copy_of`, shape (n,), integers: the position of the training row that a row is an augmented
      copy of, its own position for an original. Of copies whose original is not among the training
      rows (where a paper's leak is reproduced) the first counts as the original.
    - `every_clip`, None unless a protocol says `prepare_before_splitting: true`, which repeats a
      leak of papers: (X, Y) of all clips, test clips among them. What ranks features, codes them or
      makes clips of others learns that from these; what is fitted then is fitted on X and Y.

    An estimator that fits another one hands them on with `merbench.fit_estimator`, which gives it
    what that one asks for.

    An estimator that trains in epochs may leave a list of dicts of numbers in `curve_`, one an
    epoch. One that tries several candidates may leave a list of dicts in `trials_`, one a
    candidate: `parameters`, a dict; `score`; `state`, `complete` or `failed`; `chosen`, whether it
    is the one that predicts. The run keeps both.
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
    originals_only
        For each input whether it is made of clips as they are, and never of augmented copies of
        them: a copy then has its clip's row there, so that the rows of all inputs belong together.
        `copy_of` tells `fit` which rows repeat another's. By default no input is. Features that
        are published with clips are so anyway, for there are none of copies.
    baseline
        Whether a benchmark with `baselines: true` includes it, with default parameters.
    uses_device
        Whether it works on the device that it is told. One that does not, and holds no model that
        does, is always told "cpu", and never waits for a turn on a GPU.
    """

    inputs: ClassVar[FeatureKind | tuple[FeatureKind, ...]]
    tasks: ClassVar[frozenset[Task]]
    originals_only: ClassVar[tuple[bool, ...]] = ()
    baseline: ClassVar[bool] = False
    uses_device: ClassVar[bool] = False

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
        raise NotImplementedError(f"{type(self).__name__} has no method `estimator`; write it")

    def trainable_parameters(self) -> dict[str, int]:
        """Count what is trained, by number of stems, for `merbench plugins show`.

        By default nothing is counted: most models grow with their data.
        """
        return {}

    @property
    def input_kinds(self) -> tuple[FeatureKind, ...]:
        """`inputs` as a tuple, whether one, several or none."""
        return self.inputs if isinstance(self.inputs, tuple) else (self.inputs,)


@runtime_checkable
class KeepsItself(Protocol):
    """What a model has, beside `estimator`, whose fitted estimators only it can write and read.

    `merbench fit` keeps those of scikit-learn, skorch, torch and XGBoost, and of plain classes of
    the model's own plugin that hold such, without it.
    """

    def keep(self, estimator: Any, folder: Path) -> None:
        """Write a fitted estimator of this model into an empty folder: files, and no folders."""
        ...

    def restore(self, folder: Path) -> Estimator:
        """Read what `keep` wrote. The folder may be a stranger's: nothing in it may be run."""
        ...


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
