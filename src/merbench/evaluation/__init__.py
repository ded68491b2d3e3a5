"""KL, metrics of each task, paired tests, multiplicity and the human ceiling, on plain arrays."""

from merbench.evaluation.ceiling import HumanCeiling, human_ceiling
from merbench.evaluation.comparison import (
    ALPHA,
    CellScores,
    Comparison,
    adjust,
    compare,
    compare_pairs,
    corrected_interval,
    corrected_t_test,
    holm,
    rank_biserial,
    wilcoxon,
)
from merbench.evaluation.divergence import (
    PROBABILITY_FLOOR,
    STD_FLOOR,
    Divergence,
    best_constant,
    categorical_kl,
    divergence,
    gaussian_kl,
)
from merbench.evaluation.metrics import Evaluation, evaluate, is_count

__all__ = [
    "ALPHA",
    "PROBABILITY_FLOOR",
    "STD_FLOOR",
    "CellScores",
    "Comparison",
    "Divergence",
    "Evaluation",
    "HumanCeiling",
    "adjust",
    "best_constant",
    "categorical_kl",
    "compare",
    "compare_pairs",
    "corrected_interval",
    "corrected_t_test",
    "divergence",
    "evaluate",
    "gaussian_kl",
    "holm",
    "human_ceiling",
    "is_count",
    "rank_biserial",
    "wilcoxon",
]
