"""First-party models, on the same hook as anyone's."""

from __future__ import annotations

from collections.abc import Iterator

from merbench import Model, hookimpl


@hookimpl
def merbench_models() -> Iterator[type[Model]]:
    """Yield every model of this package."""
    from merbench_plugins.models import discriminant_analysis as discriminants
    from merbench_plugins.models.adaboost import AdaBoost
    from merbench_plugins.models.autoencoded import Autoencoded
    from merbench_plugins.models.baselines import (
        ConstantMean,
        ConstantMoments,
        Majority,
        ShuffledLabels,
    )
    from merbench_plugins.models.calibrated import Calibrated
    from merbench_plugins.models.crnn import Crnn
    from merbench_plugins.models.decision_tree import DecisionTree
    from merbench_plugins.models.deep_smote import DeepSmote
    from merbench_plugins.models.gradient_boosting import XGBoost
    from merbench_plugins.models.hybrid import LouroHybrid
    from merbench_plugins.models.linear_classifiers import LinearSVC, LogisticRegression
    from merbench_plugins.models.louro_networks import (
        LouroCnn,
        LouroCnnGru,
        LouroCrnn,
        SampleCnn,
        ShortChunkCnn,
    )
    from merbench_plugins.models.neighbours import NearestNeighbours
    from merbench_plugins.models.one_vs_rest import OneVsRest
    from merbench_plugins.models.perceptron import Perceptron
    from merbench_plugins.models.random_forest import RandomForest
    from merbench_plugins.models.ranked import Ranked
    from merbench_plugins.models.recurrent import (
        BidirectionalLSTM,
        BidirectionalRNN,
        GatedRecurrentUnit,
        LongShortTermMemory,
        RecurrentNetwork,
    )
    from merbench_plugins.models.ridge import Ridge
    from merbench_plugins.models.segmented import Segmented
    from merbench_plugins.models.softmax_probe import SoftmaxProbe
    from merbench_plugins.models.support_vectors import (
        SupportVectorClassifier,
        SupportVectorRegression,
    )
    from merbench_plugins.models.tuned import Tuned

    yield from (RandomForest, XGBoost, AdaBoost, DecisionTree, NearestNeighbours, Perceptron)
    yield from (Ridge, LogisticRegression, OneVsRest, LinearSVC)
    yield from (SupportVectorRegression, SupportVectorClassifier)
    yield discriminants.GaussianNaiveBayes
    yield discriminants.LinearDiscriminantAnalysis
    yield discriminants.QuadraticDiscriminantAnalysis
    yield from (RecurrentNetwork, BidirectionalRNN, LongShortTermMemory, BidirectionalLSTM)
    yield from (GatedRecurrentUnit, Crnn, Calibrated, Tuned, Ranked, Segmented)
    yield from (LouroCnn, LouroCnnGru, LouroCrnn, LouroHybrid, ShortChunkCnn, SampleCnn)
    yield from (Autoencoded, DeepSmote, SoftmaxProbe)
    yield from (ConstantMean, ConstantMoments, Majority, ShuffledLabels)
