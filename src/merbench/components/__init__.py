"""The seven contracts a plugin fulfils, one file a kind. Nothing heavy is imported here."""

from merbench.components.augmentation import Augmentation
from merbench.components.base import Component, Cost
from merbench.components.clip import CANONICAL_STEMS, MIXED, Clip
from merbench.components.dataset import Dataset, Finding, Guess
from merbench.components.engine import Engine, EngineOptions
from merbench.components.feature_extractor import FeatureExtractor, FeatureKind
from merbench.components.model import Estimator, KeepsItself, Model, ModelParameter
from merbench.components.protocol import Protocol, Split
from merbench.components.separator import Separator
from merbench.components.training import Trainable, Trained
from merbench.components.training_rows import fit_estimator
from merbench.components.weights import KnownWeights, Weights, WeightsFile

__all__ = [
    "CANONICAL_STEMS",
    "MIXED",
    "Augmentation",
    "Clip",
    "Component",
    "Cost",
    "Dataset",
    "Engine",
    "EngineOptions",
    "Estimator",
    "FeatureExtractor",
    "FeatureKind",
    "Finding",
    "Guess",
    "KeepsItself",
    "KnownWeights",
    "Model",
    "ModelParameter",
    "Protocol",
    "Separator",
    "Split",
    "Trainable",
    "Trained",
    "Weights",
    "WeightsFile",
    "fit_estimator",
]
