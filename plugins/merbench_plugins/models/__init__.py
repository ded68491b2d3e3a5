"""First-party models, on the same hook as anyone's."""

from __future__ import annotations

from collections.abc import Iterator

from merbench import Model, hookimpl


@hookimpl
def merbench_models() -> Iterator[type[Model]]:
    """Yield every model of this package."""
    from merbench_plugins.models.baselines import (
        ConstantMean,
        ConstantMoments,
        Majority,
        ShuffledLabels,
    )
    from merbench_plugins.models.calibrated import Calibrated
    from merbench_plugins.models.crnn import Crnn
    from merbench_plugins.models.gradient_boosting import XGBoost
    from merbench_plugins.models.random_forest import RandomForest
    from merbench_plugins.models.ridge import Ridge
    from merbench_plugins.models.support_vectors import SupportVectorRegression

    yield from (RandomForest, XGBoost, SupportVectorRegression, Ridge, Crnn, Calibrated)
    yield from (ConstantMean, ConstantMoments, Majority, ShuffledLabels)
