"""The columns of the tables that a leaderboard derives, in their order."""

from __future__ import annotations

from collections.abc import Iterable

from merbench.runs.row_columns import AXES

RANKED = ["table", "tier", "rank", "rank_low", "rank_high"]
AGAINST_BEST = [
    "kl_difference_to_best", "corrected_p_holm", "clip_p_holm", "naive_wilcoxon_p",
    "rank_biserial", "detectable_difference",
]  # fmt: skip
KL_COLUMNS = [
    "kl_mean",
    "kl_mean_low",
    "kl_mean_high",
    "kl_median",
    "kl_median_low",
    "kl_median_high",
]
LEADING = [
    *RANKED, "role", "dataset", "dataset_version", "task", *AXES[1:], "parameters", "status",
    "n_clips", "n_folds", "n_failed", *KL_COLUMNS, *AGAINST_BEST, "kl_difference_to_people", "mark",
]  # fmt: skip
"""Columns of a leaderboard before the metrics of its tasks."""
TRAILING = [
    "seconds", "cpu_seconds", "peak_memory_mb", "dataset_parameters", "synthetic", "provenance",
    "protocol", "spec_hash", "split_hash", "data_hash", "evaluator_version", "evaluator_hash",
    "versions", "hardware", "run", "cell", "error",
]  # fmt: skip
"""Columns after them."""
COMPARED = [
    "table", "dataset", "across", "a", "b", "cell_a", "cell_b", "run_a", "run_b", "n_folds",
    "n_clips", "kl_difference", "kl_low", "kl_high", "corrected_t", "corrected_p",
    "corrected_p_holm", "clip_p", "clip_p_holm", "group_p", "naive_wilcoxon_p",
    "n_folds_p_below_05", "rank_biserial", "group_rank_biserial", "p_a_better", "p_equal",
    "p_b_better", "detectable_difference", "significant", "better",
]  # fmt: skip
"""Columns of the comparisons."""
BEHIND = {"accuracy": ("accuracy_low", "accuracy_high"), "macro_f1": ("auc",)}
"""Of tasks of classes: columns that follow from all folds together, each behind a fold's metric."""
SEPARATORS = [
    "table", "dataset", "system", "separator_a", "separator_b", "run", "cell_a", "cell_b", "fold",
    "kl_mean_a", "kl_mean_b", "kl_median_upper_a", "kl_median_upper_b", "wilcoxon_p",
]  # fmt: skip
"""Columns of one separator against another, fold by fold."""


def with_classes(metrics: Iterable[str]) -> list[str]:
    """Return the metrics' columns, with those of `BEHIND` in their places."""
    return [column for metric in metrics for column in (metric, *BEHIND.get(metric, ()))]
