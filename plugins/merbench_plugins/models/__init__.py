"""First-party models, on the same hook as anyone's."""

from __future__ import annotations

from collections.abc import Iterator

from merbench import ClassAt, Model, classes_in, hookimpl

_MODULES = {
    "adaboost": {"adaboost": "AdaBoost"},
    "autoencoded": {"autoencoded": "Autoencoded"},
    "averaged": {"averaged": "AveragedModels"},
    "calibrated": {"calibrated": "Calibrated"},
    "crnn": {"crnn": "Crnn"},
    "decision_tree": {"decision-tree": "DecisionTree"},
    "deep_smote": {"deep-smote": "DeepSmote"},
    "discriminant_analysis": {
        "gaussian-naive-bayes": "GaussianNaiveBayes",
        "lda": "LinearDiscriminantAnalysis",
        "qda": "QuadraticDiscriminantAnalysis",
    },
    "gradient_boosting": {"xgboost": "XGBoost"},
    "hybrid": {"louro-hybrid": "LouroHybrid"},
    "linear_classifiers": {"logistic-regression": "LogisticRegression", "linear-svc": "LinearSVC"},
    "louro_networks": {
        "louro-cnn": "LouroCnn",
        "louro-cnn-gru": "LouroCnnGru",
        "louro-crnn": "LouroCrnn",
        "short-chunk-cnn": "ShortChunkCnn",
        "sample-cnn": "SampleCnn",
    },
    "neighbours": {"knn": "NearestNeighbours"},
    "one_vs_rest": {"one-vs-rest": "OneVsRest"},
    "perceptron": {"mlp": "Perceptron"},
    "random_forest": {"random-forest": "RandomForest"},
    "ranked": {"ranked": "Ranked"},
    "recurrent": {
        "rnn": "RecurrentNetwork",
        "birnn": "BidirectionalRNN",
        "lstm": "LongShortTermMemory",
        "bilstm": "BidirectionalLSTM",
        "gru": "GatedRecurrentUnit",
    },
    "ridge": {"ridge": "Ridge"},
    "segmented": {"segmented": "Segmented"},
    "softmax_probe": {"softmax-probe": "SoftmaxProbe"},
    "support_vectors": {"svr": "SupportVectorRegression", "svc": "SupportVectorClassifier"},
    "tuned": {"tuned": "Tuned"},
}
"""The classes of each module, by the names of their components."""


@hookimpl
def merbench_models() -> Iterator[type[Model] | ClassAt]:
    """Yield every model of this package; the baselines, which every run looks at, as classes."""
    from merbench_plugins.models import baselines

    yield from classes_in(__name__, _MODULES)
    yield from (
        baselines.ConstantMean,
        baselines.ConstantMoments,
        baselines.Majority,
        baselines.ShuffledLabels,
    )
