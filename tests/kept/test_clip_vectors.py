from __future__ import annotations

import numpy as np

from merbench import FeatureKind, Task
from merbench.kept.clip_vectors import clip_vectors
from merbench.testing.model import features, labels

Y = labels(Task.VA, 4)


def test_a_vector_a_clip_of_every_kind() -> None:
    vectors = features(FeatureKind.VECTOR, Y)
    np.testing.assert_array_equal(clip_vectors(vectors, [FeatureKind.VECTOR]), vectors)
    sequence = features(FeatureKind.SEQUENCE, Y)
    found = clip_vectors(sequence, [FeatureKind.SEQUENCE])
    assert found.shape == (4, 24)
    np.testing.assert_allclose(found[1, :12], sequence[1].mean(axis=0), rtol=1e-5)
    image = features(FeatureKind.IMAGE, Y)
    found = clip_vectors((vectors, image), [FeatureKind.VECTOR, FeatureKind.IMAGE])
    assert found.shape == (4, 40 + 2 * 129)
    assert clip_vectors(features(FeatureKind.WAVEFORM, Y), [FeatureKind.WAVEFORM]).shape == (4, 2)
