"""Features of clips, of whatever shape, as one vector a clip, to tell how unlike clips are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from merbench.components import FeatureKind

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def clip_vectors(rows: Any, kinds: Sequence[FeatureKind]) -> NDArray[np.float64]:
    """Return a vector a clip, shape (n, d).

    Vectors are taken as they are. Of everything else, the mean and the standard deviation over time
    of each row of numbers: of a bin of an image, a column of a sequence, a waveform.

    Parameters
    ----------
    rows
        What an estimator is given: see `Estimator`.
    kinds
        Of each input.
    """
    import numpy as np

    return np.concatenate(
        [_vectors(part, kind) for part, kind in zip(inputs_of(rows), kinds, strict=True)], axis=1
    )


def inputs_of(rows: Any) -> tuple[Any, ...]:
    """Return the inputs in what an estimator is given: several are a tuple, one is itself."""
    return rows if isinstance(rows, tuple) else (rows,)


def _vectors(part: Any, kind: FeatureKind) -> NDArray[np.float64]:
    import numpy as np

    if kind is FeatureKind.VECTOR:
        return np.asarray(part, dtype=np.float64)
    time = 0 if kind is FeatureKind.SEQUENCE else -1
    vectors = []
    for position in range(len(part)):
        clip = np.asarray(part[position], dtype=np.float64)
        vectors.append(np.concatenate([clip.mean(axis=time).ravel(), clip.std(axis=time).ravel()]))
    return np.asarray(vectors)
