"""What every column of every file means: the one place it is written down."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple


class ColumnMeaning(NamedTuple):
    """A column's unit, where it has one, and meaning."""

    unit: str
    meaning: str


def describe_column(column: str) -> ColumnMeaning:
    """Return what a column means, whatever file it stands in.

    Raises
    ------
    LookupError
        Nobody has written it down.
    """
    if column in _COLUMNS:
        return _COLUMNS[column]
    for pattern, entry in _PATTERNS:
        if found := re.fullmatch(pattern, column):
            return ColumnMeaning(entry.unit, entry.meaning.format(*found.groups()))
    raise LookupError(f"the data dictionary lacks the column {column}; add it to dictionary.py")


def rows(files: Mapping[str, Iterable[str]]) -> list[dict[str, str]]:
    """Return the dictionary of files: name to columns."""
    return [
        {"file": name, "column": column, **describe_column(column)._asdict()}
        for name, columns in files.items()
        for column in columns
    ]


_BOTH = "after Holm's correction for the family"

_COLUMNS = {
    # --- what is compared ---
    "table": ColumnMeaning(
        "",
        "Short hash of data set, its version, its data, its split and the evaluator's version. "
        "Only rows of one table are ranked and compared.",
    ),
    "tier": ColumnMeaning(
        "",
        "1 is best. A tier is a run of ranks that ends before the first row significantly worse "
        "than its own first; all pairs of competing systems are one family. Empty for baselines, "
        "people, marked rows, and in a table where none is significantly worse than the first.",
    ),
    "rank": ColumnMeaning(
        "",
        "Place by kl_mean within the table; equals share the better place. Empty for incomplete "
        "cells and for people.",
    ),
    "rank_low": ColumnMeaning(
        "", "Lower end of the rank's 95 % interval (cluster bootstrap over groups)."
    ),
    "rank_high": ColumnMeaning("", "Upper end of the rank's 95 % interval."),
    "role": ColumnMeaning("", "system, baseline, or people (what human raters reach)."),
    "dataset": ColumnMeaning("", "Data set."),
    "dataset_version": ColumnMeaning("", "Version of the plugin that reads the data set."),
    "task": ColumnMeaning(
        "",
        "va: valence and arousal with their spread. quadrant: Russell's quadrants. "
        "classes: those that the dataset names.",
    ),
    "augmentation": ColumnMeaning(
        "", "Augmentations of the training clips; none where there are none."
    ),
    "separator": ColumnMeaning(
        "", "Source separator; none for models that never look at the music."
    ),
    "features": ColumnMeaning(
        "", "Feature extractors; none for models that never look at the music."
    ),
    "model": ColumnMeaning("", "Model."),
    "parameters": ColumnMeaning(
        "", "JSON: the system's parameters that differ from defaults, by axis."
    ),
    "status": ColumnMeaning("", "ok, or failed: one fold at least has no result."),
    "n_clips": ColumnMeaning(
        "clips", "Labelled clips of the data set; in comparisons, clips tested."
    ),
    "n_groups": ColumnMeaning("groups", "Groups that were tested; of a data set, all."),
    "n_folds": ColumnMeaning("folds", "Folds of the protocol."),
    "n_failed": ColumnMeaning("folds", "Folds without a result."),
    # --- scores ---
    "kl_mean": ColumnMeaning(
        "nats",
        "KL divergence of the predicted from the true distribution: mean over a fold's test clips, "
        "then over folds. Less is better.",
    ),
    "kl_mean_low": ColumnMeaning(
        "nats", "Lower end of kl_mean's 95 % interval (cluster bootstrap)."
    ),
    "kl_mean_high": ColumnMeaning("nats", "Upper end of kl_mean's 95 % interval."),
    "kl_median": ColumnMeaning("nats", "Median KL of a fold's test clips, mean over folds."),
    "kl_median_low": ColumnMeaning("nats", "Lower end of kl_median's 95 % interval."),
    "kl_median_high": ColumnMeaning("nats", "Upper end of kl_median's 95 % interval."),
    "kl_median_upper": ColumnMeaning(
        "nats", "The median as the code of Nguyen et al. (2022) takes it: upper middle value."
    ),
    "kl_difference_to_best": ColumnMeaning("nats", "kl_mean less that of the table's best row."),
    "kl_difference_to_people": ColumnMeaning(
        "nats", "kl_mean less the best that people reach, where raters are known."
    ),
    "corrected_p_holm": ColumnMeaning(
        "",
        f"corrected_p {_BOTH}; in the leaderboard, of the row and the best one, and the family is "
        "that of the two: all pairs of competing systems; of such a system and a baseline; or all "
        "other pairs of the table, those with a marked row.",
    ),
    "clip_p_holm": ColumnMeaning("", f"Wilcoxon's signed-rank test over clips, {_BOTH}."),
    "naive_wilcoxon_p": ColumnMeaning(
        "",
        "Wilcoxon's test over all tests of all clips pooled, as papers do. Shown for comparison; "
        "no basis for a conclusion, for it takes repeated tests of a clip for new clips.",
    ),
    "rank_biserial": ColumnMeaning(
        "", "Effect size over clips, on [-1, 1]; below 0 the row (or a) is better."
    ),
    "detectable_difference": ColumnMeaning(
        "nats",
        "Smallest true difference that these data would show with 80 % power: in comparisons, of "
        "the pair by itself at 0.05; in the leaderboard at 0.05 over the pairs of its family, "
        "which the first of them must reach.",
    ),
    "kl_difference_to_baseline": ColumnMeaning(
        "nats", "kl_mean less that of the table's best baseline, which never hears the music."
    ),
    "baseline_p_holm": ColumnMeaning(
        "",
        "p of the row and that baseline, after Holm's correction for all pairs of a competing "
        "system and a baseline; for a marked row, for all pairs with one.",
    ),
    "groups_needed": ColumnMeaning(
        "groups",
        "How many groups would have to be tested to tell a difference as large as this row's from "
        "the best, with 80 % power at 0.05 over the pairs of the family and as many folds; empty "
        "where it is told, or where a hundred times the groups would not do.",
    ),
    "squared_error": ColumnMeaning(
        "",
        "Squared error of a clip: over the columns of va its mean, over classes its sum (Brier's "
        "score); mean over a fold's clips, then over folds.",
    ),
    "rank_by_squared_error": ColumnMeaning("", "Rank by squared_error."),
    "tier_by_squared_error": ColumnMeaning("", "Tier by squared_error, made as tier is."),
    "rank_by_zero_one": ColumnMeaning(
        "", "Rank by the share of clips in the wrong class: by accuracy."
    ),
    "tier_by_zero_one": ColumnMeaning("", "Tier by the share of clips in the wrong class."),
    "rank_by_macro_f1": ColumnMeaning("", "Rank by macro_f1."),
    "tier_by_macro_f1": ColumnMeaning("", "Tier by macro_f1: a paired bootstrap over groups."),
    "mark": ColumnMeaning(
        "",
        "What makes a row doubtful: uncorrelated with truth; worse than a constant; untrained "
        "weights, with which it has no rank.",
    ),
    "mse": ColumnMeaning("", "Mean squared error over all four columns; mean over folds."),
    "rmse": ColumnMeaning("", "Root mean squared error over all four columns; mean over folds."),
    "accuracy": ColumnMeaning("", "Share of clips whose most probable class is right."),
    "accuracy_low": ColumnMeaning("", "Lower end of accuracy's 95 % interval (cluster bootstrap)."),
    "accuracy_high": ColumnMeaning("", "Upper end of accuracy's 95 % interval."),
    "auc": ColumnMeaning(
        "",
        "Area under the ROC curve of each class against the others: mean over the folds that have "
        "clips of it and others, then over classes. 0.5 is chance.",
    ),
    "pr_auc": ColumnMeaning(
        "",
        "Area under precision over recall (average precision) of each class: mean over the folds "
        "that have clips of it and others, then over classes. Chance is a class's share.",
    ),
    "balanced_accuracy": ColumnMeaning("", "Mean over classes of the share found."),
    "macro_f1": ColumnMeaning("", "Mean over classes of F1."),
    "macro_f1_low": ColumnMeaning("", "Lower end of macro_f1's 95 % interval (cluster bootstrap)."),
    "macro_f1_high": ColumnMeaning("", "Upper end of macro_f1's 95 % interval."),
    "log_loss": ColumnMeaning(
        "nats", "Cross entropy of the truth and the prediction; mean over folds."
    ),
    "n_nonpositive_std": ColumnMeaning(
        "", "Predicted standard deviations at or below 0; sum over folds."
    ),
    "n_floored_std": ColumnMeaning(
        "", "Predicted standard deviations below 0.001; sum over folds."
    ),
    "n_floored_probability": ColumnMeaning(
        "", "Predicted probabilities below 1e-6; sum over folds."
    ),
    "n_tied_truth": ColumnMeaning("clips", "Clips on whose class votes are tied; sum over folds."),
    # --- cost ---
    "seconds": ColumnMeaning(
        "s", "Fitting and predicting; in the leaderboard, the sum over folds."
    ),
    "fit_seconds": ColumnMeaning("s", "Fitting alone; in the leaderboard, the sum over folds."),
    "predict_seconds": ColumnMeaning("s", "Predicting all test clips of the fold, features given."),
    "predict_seconds_per_clip": ColumnMeaning(
        "s", "Predicting one test clip, features given: over all folds, seconds by clips."
    ),
    "cpu_seconds": ColumnMeaning("s", "The same in processor time."),
    "peak_memory_mb": ColumnMeaning("MB", "Most memory a fold took."),
    "host": ColumnMeaning(
        "",
        "Processor and cores of the machine that fitted the fold: on a cluster, not always the one "
        "that `hardware` describes, where the run was started. Empty in runs before 0.2.",
    ),
    # --- several runs of one cell ---
    "n_runs": ColumnMeaning(
        "runs", "Runs that have this cell; the row is that of the one that was started first."
    ),
    "kl_mean_least": ColumnMeaning(
        "nats", "Least kl_mean of these runs; empty where there is one run."
    ),
    "kl_mean_most": ColumnMeaning(
        "nats", "Largest kl_mean of these runs; empty where there is one run."
    ),
    "listed": ColumnMeaning("", "Whether the leaderboard has this run's row of the cell."),
    "started": ColumnMeaning("", "When the run was started, UTC."),
    # --- where it comes from ---
    "dataset_parameters": ColumnMeaning(
        "", "JSON: the data set's parameters that differ from defaults."
    ),
    "synthetic": ColumnMeaning("", "Whether music or labels are made by a program."),
    "provenance": ColumnMeaning("", "What was done to labels on the way in."),
    "protocol": ColumnMeaning("", "JSON: how clips were split."),
    "spec_hash": ColumnMeaning("", "SHA-256 of the benchmark as resolved, without paths."),
    "split_hash": ColumnMeaning("", "SHA-256 of which clips are on which side of which fold."),
    "data_hash": ColumnMeaning("", "SHA-256 of every clip's id, group and truth hash."),
    "evaluator_version": ColumnMeaning("", "Raised when any score changes."),
    "evaluator_hash": ColumnMeaning("", "SHA-256 of the source that scored."),
    "versions": ColumnMeaning("", "JSON: versions of merbench, Python and packages."),
    "hardware": ColumnMeaning("", "JSON: what it ran on."),
    "run": ColumnMeaning("", "The run's id."),
    "cell": ColumnMeaning("", "Short hash of the system, its seed, the protocol and the data."),
    "error": ColumnMeaning("", "Why it failed."),
    # --- comparisons ---
    "across": ColumnMeaning(
        "", "The one axis along which the pair differs; its pairs are one family."
    ),
    "a": ColumnMeaning("", "One system."),
    "b": ColumnMeaning("", "The other."),
    "cell_a": ColumnMeaning("", "Cell of a."),
    "cell_b": ColumnMeaning("", "Cell of b."),
    "run_a": ColumnMeaning("", "Run of a."),
    "run_b": ColumnMeaning("", "Run of b."),
    "kl_difference": ColumnMeaning("nats", "kl_mean of a less that of b: below 0, a is better."),
    "kl_low": ColumnMeaning(
        "nats", "Lower end of kl_difference's 95 % interval, corrected for overlap."
    ),
    "kl_high": ColumnMeaning("nats", "Upper end of kl_difference's 95 % interval."),
    "given": ColumnMeaning(
        "", "What the comparison holds for: of a single fold, these fitted models alone."
    ),
    "corrected_t": ColumnMeaning(
        "",
        "Statistic of the test that decides: the difference over its standard error, with a "
        "variance from groups of clips and from training.",
    ),
    "corrected_df": ColumnMeaning("", "Its degrees of freedom."),
    "corrected_p": ColumnMeaning("", "Its two-sided p-value."),
    "resampled_p": ColumnMeaning(
        "",
        "Nadeau and Bengio's corrected resampled t-test, from the folds alone, as papers have it. "
        "Empty for a single fold; decides nothing.",
    ),
    "clip_p": ColumnMeaning(
        "", "Wilcoxon's signed-rank test over clips, each averaged over its tests."
    ),
    "group_p": ColumnMeaning(
        "",
        "The same over groups, each the average of its clips: clips of a group are not "
        "independent.",
    ),
    "n_folds_p_below_05": ColumnMeaning(
        "folds", "In how many Wilcoxon's test within the fold is below 0.05, as papers show it."
    ),
    "group_rank_biserial": ColumnMeaning(
        "", "Effect size over groups, on [-1, 1]; below 0 a is better."
    ),
    "p_a_better": ColumnMeaning(
        "",
        "Bayesian correlated t-test: probability that a is better by more than the region of "
        "practical equivalence.",
    ),
    "p_equal": ColumnMeaning("", "The same: that both are practically equal."),
    "p_b_better": ColumnMeaning("", "The same: that b is better."),
    "significant": ColumnMeaning(
        "",
        "Whether corrected_p_holm is below 0.05.",
    ),
    "better": ColumnMeaning("", "a or b where the difference is significant."),
    # --- separators, fold by fold ---
    "separator_a": ColumnMeaning("", "The separator that comes first in the run."),
    "separator_b": ColumnMeaning(
        "", "The separator that is held against it; all else is the same."
    ),
    "kl_mean_a": ColumnMeaning("nats", "Mean KL of the fold's test clips with separator_a."),
    "kl_mean_b": ColumnMeaning("nats", "Mean KL of the fold's test clips with separator_b."),
    "kl_median_upper_a": ColumnMeaning(
        "nats", "Their median with separator_a: the upper middle value."
    ),
    "kl_median_upper_b": ColumnMeaning(
        "nats", "Their median with separator_b: the upper middle value."
    ),
    "wilcoxon_p": ColumnMeaning(
        "",
        "Wilcoxon's signed-rank test over the clips of this fold, as papers show it. No basis for "
        "a conclusion over folds, which overlap.",
    ),
    # --- folds and clips ---
    "fold": ColumnMeaning("", "One repetition of the protocol, from 0."),
    "seed": ColumnMeaning("", "Where the fold's chance comes from."),
    "n_train": ColumnMeaning("clips", "Training clips of the fold."),
    "n_test": ColumnMeaning("clips", "Test clips of the fold."),
    "curve": ColumnMeaning("", "JSON: one object an epoch, where the model trains in epochs."),
    "trials": ColumnMeaning(
        "", "JSON: one object a candidate, where the model chooses its parameters itself."
    ),
    "clip": ColumnMeaning("", "Clip."),
    "place": ColumnMeaning("", "Place of the clip by its KL under this system; 1 is the worst."),
    "group": ColumnMeaning(
        "", "Artist, song or series of the clip; never on both sides of a split."
    ),
    "kl": ColumnMeaning("nats", "KL divergence of this clip's prediction from its truth."),
    # --- where data, plugins and runs are from ---
    "plugin_kind": ColumnMeaning(
        "", "Kind of plugin: dataset, separator, augmentation, feature or model."
    ),
    "name": ColumnMeaning("", "Name of the plugin; of a submission, that of its benchmark."),
    "version": ColumnMeaning("", "Version that the plugin states."),
    "summary": ColumnMeaning("", "What the plugin says it is, in a line."),
    "description": ColumnMeaning("", "What else it says of itself, without its parameters."),
    "distribution": ColumnMeaning("", "Distribution that brings it, as pip calls it."),
    "distribution_version": ColumnMeaning("", "Version of that."),
    "repository": ColumnMeaning("", "Address of its code."),
    "commit": ColumnMeaning("", "Commit of its checkout; of a submission, that of merbench's."),
    "changed": ColumnMeaning("", "Whether files differed from that commit."),
    "all_parameters": ColumnMeaning("", "JSON: all its parameters, defaults among them."),
    "source": ColumnMeaning(
        "",
        "SHA-256 of the source behind a component; of a published number, paper, table and row.",
    ),
    "labels_public": ColumnMeaning("", "Whether labels stand beside predictions."),
    "licence": ColumnMeaning("", "Terms of the data set."),
    "homepage": ColumnMeaning("", "Where the data set is from."),
    "paper": ColumnMeaning("", "Address of the paper that describes it."),
    "citation": ColumnMeaning("", "What to cite."),
    "authors": ColumnMeaning("", "Who is to be named as its authors."),
    "submitter": ColumnMeaning("", "Who submitted the run, where somebody is named."),
    "published": ColumnMeaning("", "Day on which it was first published, UTC."),
    "merbench": ColumnMeaning("", "Version of merbench that ran it."),
    "withheld": ColumnMeaning(
        "",
        "What is left out here, for labels may not be republished: labels, or labels and "
        "predictions where these repeat labels.",
    ),
    # --- several data sets ---
    "system": ColumnMeaning(
        "",
        "System, with parameters that differ from defaults; where separators are compared, "
        "without them.",
    ),
    "n_datasets": ColumnMeaning("data sets", "Data sets that all systems listed were tested on."),
    "mean_rank": ColumnMeaning("", "Mean over data sets of the system's rank among those listed."),
    "friedman_p": ColumnMeaning(
        "",
        "Whether any of the systems differ: Friedman's test over data sets, Iman and "
        "Davenport's F.",
    ),
    "cliques": ColumnMeaning(
        "", "Numbers of the groups of systems, not told apart, that this one belongs to."
    ),
    # --- published numbers ---
    "metric": ColumnMeaning("", "What was measured, as the source names it."),
    "value": ColumnMeaning("", "The number."),
    "note": ColumnMeaning("", "What to know of it."),
    # --- findings ---
    "kind": ColumnMeaning(
        "",
        "What a finding is about: given (one fold), leads, separation, baseline (who is not shown "
        "to be better than one), hearing (whose predictions do not follow the labels), constant "
        "(who is worse than one prediction for all clips), detectable (differences that would not "
        "have shown), people.",
    ),
    "text": ColumnMeaning("", "The finding, a sentence."),
    "cells": ColumnMeaning("", "Cells of the rows that it is about, with blanks between."),
    "runs": ColumnMeaning("", "Their runs, in the same order."),
    # --- the dictionary ---
    "file": ColumnMeaning("", "File."),
    "column": ColumnMeaning("", "Column of it."),
    "unit": ColumnMeaning("", "Its unit, where it has one."),
    "meaning": ColumnMeaning("", "What it says."),
}

_COLUMN = "(valence_mean|arousal_mean|valence_std|arousal_std)"
_PATTERNS = (
    ("truth_(.+)", ColumnMeaning("", "True {0}; empty where labels may not be republished.")),
    (
        "predicted_(.+)",
        ColumnMeaning(
            "", "Predicted {0}; empty where it repeats a label that may not be republished."
        ),
    ),
    (f"mse_{_COLUMN}", ColumnMeaning("", "Mean squared error of {0}; mean over folds.")),
    (f"rmse_{_COLUMN}", ColumnMeaning("", "Root mean squared error of {0}; mean over folds.")),
    (f"r2_{_COLUMN}", ColumnMeaning("", "Coefficient of determination of {0}; mean over folds.")),
    (f"pearson_{_COLUMN}", ColumnMeaning("", "Pearson's correlation of {0}; mean over folds.")),
    (f"ccc_{_COLUMN}", ColumnMeaning("", "Lin's concordance of {0}; mean over folds.")),
    (r"kl_(Q\d)", ColumnMeaning("nats", "Mean KL of the clips of {0}; mean over folds.")),
    (r"confusion_(Q\d)_(Q\d)", ColumnMeaning("clips", "Clips of {0} called {1}; sum over folds.")),
)


def every_column() -> dict[str, ColumnMeaning]:
    """Return all that is written down: columns by name, and families of columns by a pattern."""
    return {**_COLUMNS, **dict(_PATTERNS)}
