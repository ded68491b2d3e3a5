"""Discriminant analysis, where features outnumber clips too."""

from __future__ import annotations

import numpy as np
import pytest
from quadrant_models import fitted

from merbench.evaluation import categorical_kl

pytestmark = pytest.mark.usefixtures("one_thread")


def test_shrinkage_helps_lda_where_features_outnumber_clips():
    rng = np.random.default_rng(0)
    Y = np.eye(4)[rng.integers(4, size=160)]
    X = Y @ rng.standard_normal((4, 300)) + 3 * rng.standard_normal((160, 300))
    plain, fixed, shrunk = (
        categorical_kl(Y[80:], fitted("lda", X[:80], Y[:80], shrinkage=s).predict(X[80:])).kl.mean()
        for s in (None, 0.5, "auto")
    )
    assert max(fixed, shrunk) < 0.7 * plain
