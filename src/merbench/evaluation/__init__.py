"""KL, metrics, paired tests, rankings and the human ceiling, on arrays and data frames."""

from merbench.evaluation.ceiling import HumanCeiling, human_ceiling
from merbench.evaluation.comparison import ALPHA, ROPE, Paired, compare_pairs
from merbench.evaluation.divergence import (
    PROBABILITY_FLOOR,
    STD_FLOOR,
    Divergence,
    categorical_kl,
    gaussian_kl,
)
from merbench.evaluation.evaluator import Evaluation, evaluate
from merbench.evaluation.f1 import MacroF1, macro_f1
from merbench.evaluation.families import holm, holm_within
from merbench.evaluation.frames import evaluate_frames
from merbench.evaluation.friedman import (
    CriticalDifference,
    Friedman,
    critical_difference,
    friedman,
)
from merbench.evaluation.guards import Suspicion, suspect
from merbench.evaluation.labels import LabelKind, best_constant, divergence, labels_of
from merbench.evaluation.losses import KL, SQUARED_ERROR, ZERO_ONE, clip_loss, losses_of
from merbench.evaluation.metrics import is_count
from merbench.evaluation.paired_scores import Scores
from merbench.evaluation.ranking import Bootstrap, bootstrap
from merbench.evaluation.resampled import Corrected, Posterior, corrected
from merbench.evaluation.signedrank import SignedRank, signed_rank
from merbench.evaluation.tiers import AllPairs, groups_needed, tiers
from merbench.evaluation.two_sources import two_sources
from merbench.evaluation.versions import VERSION, same_scores, source_hash

__all__ = [
    "ALPHA",
    "KL",
    "PROBABILITY_FLOOR",
    "ROPE",
    "SQUARED_ERROR",
    "STD_FLOOR",
    "VERSION",
    "ZERO_ONE",
    "AllPairs",
    "Bootstrap",
    "Corrected",
    "CriticalDifference",
    "Divergence",
    "Evaluation",
    "Friedman",
    "HumanCeiling",
    "LabelKind",
    "MacroF1",
    "Paired",
    "Posterior",
    "Scores",
    "SignedRank",
    "Suspicion",
    "best_constant",
    "bootstrap",
    "categorical_kl",
    "clip_loss",
    "compare_pairs",
    "corrected",
    "critical_difference",
    "divergence",
    "evaluate",
    "evaluate_frames",
    "friedman",
    "gaussian_kl",
    "groups_needed",
    "holm",
    "holm_within",
    "human_ceiling",
    "is_count",
    "labels_of",
    "losses_of",
    "macro_f1",
    "same_scores",
    "signed_rank",
    "source_hash",
    "suspect",
    "tiers",
    "two_sources",
]
