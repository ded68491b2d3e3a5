"""What every column of every file means: the one place it is written down."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple


class Entry(NamedTuple):
    """A column's unit, where it has one, and meaning."""

    unit: str
    meaning: str


def describe(column: str) -> Entry:
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
            return Entry(entry.unit, entry.meaning.format(*found.groups()))
    raise LookupError(f"the data dictionary lacks the column {column}; add it to dictionary.py")


def rows(files: Mapping[str, Iterable[str]]) -> list[dict[str, str]]:
    """Return the dictionary of files: name to columns."""
    return [
        {"file": name, "column": column, **describe(column)._asdict()}
        for name, columns in files.items()
        for column in columns
    ]


_BOTH = "after Holm's correction for the family"

_COLUMNS = {
    # --- what is compared ---
    "table": Entry(
        "",
        "Short hash of data set, its version, its data, its split and the evaluator's version. "
        "Only rows of one table are ranked and compared.",
    ),
    "tier": Entry(
        "",
        "1 is best. A tier is a run of ranks that ends before the first row significantly worse "
        "than its own first; all pairs of the table are one family. Empty for baselines, people, "
        "marked rows, and in a table whose systems cannot be told apart.",
    ),
    "rank": Entry(
        "",
        "Place by kl_mean within the table; equals share the better place. Empty for incomplete "
        "cells and for people.",
    ),
    "rank_low": Entry("", "Lower end of the rank's 95 % interval (cluster bootstrap over groups)."),
    "rank_high": Entry("", "Upper end of the rank's 95 % interval."),
    "role": Entry("", "system, baseline, or people (what human raters reach)."),
    "dataset": Entry("", "Data set."),
    "dataset_version": Entry("", "Version of the plugin that reads the data set."),
    "task": Entry(
        "",
        "va: valence and arousal with their spread. quadrant: Russell's quadrants. "
        "classes: those that the dataset names.",
    ),
    "augmentation": Entry("", "Augmentations of the training clips; none where there are none."),
    "separator": Entry("", "Source separator; none for models that never look at the music."),
    "features": Entry("", "Feature extractors; none for models that never look at the music."),
    "model": Entry("", "Model."),
    "parameters": Entry("", "JSON: the system's parameters that differ from defaults, by axis."),
    "status": Entry("", "ok, or failed: one fold at least has no result."),
    "n_clips": Entry("clips", "Labelled clips of the data set; in comparisons, clips tested."),
    "n_groups": Entry("groups", "Groups that were tested; of a data set, all."),
    "n_folds": Entry("folds", "Folds of the protocol."),
    "n_failed": Entry("folds", "Folds without a result."),
    # --- scores ---
    "kl_mean": Entry(
        "nats",
        "KL divergence of the predicted from the true distribution: mean over a fold's test clips, "
        "then over folds. Less is better.",
    ),
    "kl_mean_low": Entry("nats", "Lower end of kl_mean's 95 % interval (cluster bootstrap)."),
    "kl_mean_high": Entry("nats", "Upper end of kl_mean's 95 % interval."),
    "kl_median": Entry("nats", "Median KL of a fold's test clips, mean over folds."),
    "kl_median_low": Entry("nats", "Lower end of kl_median's 95 % interval."),
    "kl_median_high": Entry("nats", "Upper end of kl_median's 95 % interval."),
    "kl_median_upper": Entry(
        "nats", "The median as the code of Nguyen et al. (2022) takes it: upper middle value."
    ),
    "kl_difference_to_best": Entry("nats", "kl_mean less that of the table's best row."),
    "kl_difference_to_people": Entry(
        "nats", "kl_mean less the best that people reach, where raters are known."
    ),
    "corrected_p_holm": Entry(
        "",
        f"corrected_p {_BOTH}; in the leaderboard, of the row and the best one, and the family is "
        "all pairs of the table.",
    ),
    "clip_p_holm": Entry("", f"Wilcoxon's signed-rank test over clips, {_BOTH}."),
    "naive_wilcoxon_p": Entry(
        "",
        "Wilcoxon's test over all tests of all clips pooled, as papers do. Shown for comparison; "
        "no basis for a conclusion, for it takes repeated tests of a clip for new clips.",
    ),
    "rank_biserial": Entry(
        "", "Effect size over clips, on [-1, 1]; below 0 the row (or a) is better."
    ),
    "detectable_difference": Entry(
        "nats", "Smallest true difference that these data would show with 80 % power."
    ),
    "kl_difference_to_baseline": Entry(
        "nats", "kl_mean less that of the table's best baseline, which never hears the music."
    ),
    "baseline_p_holm": Entry(
        "", "p of the row and that baseline, after Holm's correction for the table's systems."
    ),
    "groups_needed": Entry(
        "groups",
        "How many groups would have to be tested to tell a difference as large as this row's from "
        "the best, with 80 % power; empty where it is told.",
    ),
    "squared_error": Entry(
        "",
        "Squared error of a clip: over the columns of va its mean, over classes its sum (Brier's "
        "score); mean over a fold's clips, then over folds.",
    ),
    "rank_by_squared_error": Entry("", "Rank by squared_error."),
    "tier_by_squared_error": Entry("", "Tier by squared_error, made as tier is."),
    "rank_by_zero_one": Entry("", "Rank by the share of clips in the wrong class: by accuracy."),
    "tier_by_zero_one": Entry("", "Tier by the share of clips in the wrong class."),
    "rank_by_macro_f1": Entry("", "Rank by macro_f1."),
    "tier_by_macro_f1": Entry("", "Tier by macro_f1: a paired bootstrap over groups."),
    "mark": Entry("", "What makes a row doubtful: uncorrelated with truth; worse than a constant."),
    "mse": Entry("", "Mean squared error over all four columns; mean over folds."),
    "rmse": Entry("", "Root mean squared error over all four columns; mean over folds."),
    "accuracy": Entry("", "Share of clips whose most probable class is right."),
    "accuracy_low": Entry("", "Lower end of accuracy's 95 % interval (cluster bootstrap)."),
    "accuracy_high": Entry("", "Upper end of accuracy's 95 % interval."),
    "auc": Entry(
        "",
        "Area under the ROC curve of each class against the others: mean over the folds that have "
        "clips of it and others, then over classes. 0.5 is chance.",
    ),
    "balanced_accuracy": Entry("", "Mean over classes of the share found."),
    "macro_f1": Entry("", "Mean over classes of F1."),
    "macro_f1_low": Entry("", "Lower end of macro_f1's 95 % interval (cluster bootstrap)."),
    "macro_f1_high": Entry("", "Upper end of macro_f1's 95 % interval."),
    "log_loss": Entry("nats", "Cross entropy of the truth and the prediction; mean over folds."),
    "n_nonpositive_std": Entry("", "Predicted standard deviations at or below 0; sum over folds."),
    "n_floored_std": Entry("", "Predicted standard deviations below 0.001; sum over folds."),
    "n_floored_probability": Entry("", "Predicted probabilities below 1e-6; sum over folds."),
    "n_tied_truth": Entry("clips", "Clips on whose class votes are tied; sum over folds."),
    # --- cost ---
    "seconds": Entry("s", "Fitting and predicting; in the leaderboard, the sum over folds."),
    "fit_seconds": Entry("s", "Fitting alone; in the leaderboard, the sum over folds."),
    "predict_seconds": Entry("s", "Predicting all test clips of the fold, features given."),
    "predict_seconds_per_clip": Entry(
        "s", "Predicting one test clip, features given: over all folds, seconds by clips."
    ),
    "cpu_seconds": Entry("s", "The same in processor time."),
    "peak_memory_mb": Entry("MB", "Most memory a fold took."),
    # --- several runs of one cell ---
    "n_runs": Entry(
        "runs", "Runs that have this cell; the row is that of the one that was started first."
    ),
    "kl_mean_least": Entry("nats", "Least kl_mean of these runs; empty where there is one run."),
    "kl_mean_most": Entry("nats", "Largest kl_mean of these runs; empty where there is one run."),
    "listed": Entry("", "Whether the leaderboard has this run's row of the cell."),
    "started": Entry("", "When the run was started, UTC."),
    # --- where it comes from ---
    "dataset_parameters": Entry("", "JSON: the data set's parameters that differ from defaults."),
    "synthetic": Entry("", "Whether music or labels are made by a program."),
    "provenance": Entry("", "What was done to labels on the way in."),
    "protocol": Entry("", "JSON: how clips were split."),
    "spec_hash": Entry("", "SHA-256 of the benchmark as resolved, without paths."),
    "split_hash": Entry("", "SHA-256 of which clips are on which side of which fold."),
    "data_hash": Entry("", "SHA-256 of every clip's id, group and truth hash."),
    "evaluator_version": Entry("", "Raised when any score changes."),
    "evaluator_hash": Entry("", "SHA-256 of the source that scored."),
    "versions": Entry("", "JSON: versions of merbench, Python and packages."),
    "hardware": Entry("", "JSON: what it ran on."),
    "run": Entry("", "The run's id."),
    "cell": Entry("", "Short hash of the system, its seed, the protocol and the data."),
    "error": Entry("", "Why it failed."),
    # --- comparisons ---
    "across": Entry("", "The one axis along which the pair differs; its pairs are one family."),
    "a": Entry("", "One system."),
    "b": Entry("", "The other."),
    "cell_a": Entry("", "Cell of a."),
    "cell_b": Entry("", "Cell of b."),
    "run_a": Entry("", "Run of a."),
    "run_b": Entry("", "Run of b."),
    "kl_difference": Entry("nats", "kl_mean of a less that of b: below 0, a is better."),
    "kl_low": Entry("nats", "Lower end of kl_difference's 95 % interval, corrected for overlap."),
    "kl_high": Entry("nats", "Upper end of kl_difference's 95 % interval."),
    "given": Entry(
        "", "What the comparison holds for: of a single fold, these fitted models alone."
    ),
    "corrected_t": Entry(
        "",
        "Statistic of the test that decides: the difference over its standard error, with a "
        "variance from groups of clips and from training.",
    ),
    "corrected_df": Entry("", "Its degrees of freedom."),
    "corrected_p": Entry("", "Its two-sided p-value."),
    "resampled_p": Entry(
        "",
        "Nadeau and Bengio's corrected resampled t-test, from the folds alone, as papers have it. "
        "Empty for a single fold; decides nothing.",
    ),
    "clip_p": Entry("", "Wilcoxon's signed-rank test over clips, each averaged over its tests."),
    "group_p": Entry(
        "",
        "The same over groups, each the average of its clips: clips of a group are not "
        "independent.",
    ),
    "n_folds_p_below_05": Entry(
        "folds", "In how many Wilcoxon's test within the fold is below 0.05, as papers show it."
    ),
    "group_rank_biserial": Entry("", "Effect size over groups, on [-1, 1]; below 0 a is better."),
    "p_a_better": Entry(
        "",
        "Bayesian correlated t-test: probability that a is better by more than the region of "
        "practical equivalence.",
    ),
    "p_equal": Entry("", "The same: that both are practically equal."),
    "p_b_better": Entry("", "The same: that b is better."),
    "significant": Entry(
        "",
        "Whether corrected_p_holm is below 0.05.",
    ),
    "better": Entry("", "a or b where the difference is significant."),
    # --- separators, fold by fold ---
    "separator_a": Entry("", "The separator that comes first in the run."),
    "separator_b": Entry("", "The separator that is held against it; all else is the same."),
    "kl_mean_a": Entry("nats", "Mean KL of the fold's test clips with separator_a."),
    "kl_mean_b": Entry("nats", "Mean KL of the fold's test clips with separator_b."),
    "kl_median_upper_a": Entry("nats", "Their median with separator_a: the upper middle value."),
    "kl_median_upper_b": Entry("nats", "Their median with separator_b: the upper middle value."),
    "wilcoxon_p": Entry(
        "",
        "Wilcoxon's signed-rank test over the clips of this fold, as papers show it. No basis for "
        "a conclusion over folds, which overlap.",
    ),
    # --- folds and clips ---
    "fold": Entry("", "One repetition of the protocol, from 0."),
    "seed": Entry("", "Where the fold's chance comes from."),
    "n_train": Entry("clips", "Training clips of the fold."),
    "n_test": Entry("clips", "Test clips of the fold."),
    "curve": Entry("", "JSON: one object an epoch, where the model trains in epochs."),
    "trials": Entry(
        "", "JSON: one object a candidate, where the model chooses its parameters itself."
    ),
    "clip": Entry("", "Clip."),
    "place": Entry("", "Place of the clip by its KL under this system; 1 is the worst."),
    "group": Entry("", "Artist, song or series of the clip; never on both sides of a split."),
    "kl": Entry("nats", "KL divergence of this clip's prediction from its truth."),
    # --- where data, plugins and runs are from ---
    "plugin_kind": Entry("", "Kind of plugin: dataset, separator, augmentation, feature or model."),
    "name": Entry("", "Name of the plugin; of a submission, that of its benchmark."),
    "version": Entry("", "Version that the plugin states."),
    "summary": Entry("", "What the plugin says it is, in a line."),
    "description": Entry("", "What else it says of itself, without its parameters."),
    "distribution": Entry("", "Distribution that brings it, as pip calls it."),
    "distribution_version": Entry("", "Version of that."),
    "repository": Entry("", "Address of its code."),
    "commit": Entry("", "Commit of its checkout; of a submission, that of merbench's."),
    "changed": Entry("", "Whether files differed from that commit."),
    "all_parameters": Entry("", "JSON: all its parameters, defaults among them."),
    "source": Entry(
        "",
        "SHA-256 of the source behind a component; of a published number, paper, table and row.",
    ),
    "labels_public": Entry("", "Whether labels stand beside predictions."),
    "licence": Entry("", "Terms of the data set."),
    "homepage": Entry("", "Where the data set is from."),
    "paper": Entry("", "Address of the paper that describes it."),
    "citation": Entry("", "What to cite."),
    "authors": Entry("", "Who is to be named as its authors."),
    "submitter": Entry("", "Who submitted the run, where somebody is named."),
    "published": Entry("", "Day on which it was first published, UTC."),
    "merbench": Entry("", "Version of merbench that ran it."),
    "withheld": Entry(
        "",
        "What is left out here, for labels may not be republished: labels, or labels and "
        "predictions where these repeat labels.",
    ),
    # --- several data sets ---
    "system": Entry(
        "",
        "System, with parameters that differ from defaults; where separators are compared, "
        "without them.",
    ),
    "n_datasets": Entry("data sets", "Data sets that all systems listed were tested on."),
    "mean_rank": Entry("", "Mean over data sets of the system's rank among those listed."),
    "friedman_p": Entry(
        "",
        "Whether any of the systems differ: Friedman's test over data sets, Iman and "
        "Davenport's F.",
    ),
    "cliques": Entry(
        "", "Numbers of the groups of systems, not told apart, that this one belongs to."
    ),
    # --- published numbers ---
    "metric": Entry("", "What was measured, as the source names it."),
    "value": Entry("", "The number."),
    "note": Entry("", "What to know of it."),
    # --- findings ---
    "kind": Entry(
        "",
        "What a finding is about: leads, separation, hearing (who does no better than a baseline), "
        "detectable (differences that would not have shown), people, given (one fold).",
    ),
    "text": Entry("", "The finding, a sentence."),
    "cells": Entry("", "Cells of the rows that it is about, with blanks between."),
    "runs": Entry("", "Their runs, in the same order."),
    # --- the dictionary ---
    "file": Entry("", "File."),
    "column": Entry("", "Column of it."),
    "unit": Entry("", "Its unit, where it has one."),
    "meaning": Entry("", "What it says."),
}

_COLUMN = "(valence_mean|arousal_mean|valence_std|arousal_std)"
_PATTERNS = (
    ("truth_(.+)", Entry("", "True {0}; empty where labels may not be republished.")),
    (
        "predicted_(.+)",
        Entry("", "Predicted {0}; empty where it repeats a label that may not be republished."),
    ),
    (f"mse_{_COLUMN}", Entry("", "Mean squared error of {0}; mean over folds.")),
    (f"rmse_{_COLUMN}", Entry("", "Root mean squared error of {0}; mean over folds.")),
    (f"r2_{_COLUMN}", Entry("", "Coefficient of determination of {0}; mean over folds.")),
    (f"pearson_{_COLUMN}", Entry("", "Pearson's correlation of {0}; mean over folds.")),
    (f"ccc_{_COLUMN}", Entry("", "Lin's concordance of {0}; mean over folds.")),
    (r"kl_(Q\d)", Entry("nats", "Mean KL of the clips of {0}; mean over folds.")),
    (r"confusion_(Q\d)_(Q\d)", Entry("clips", "Clips of {0} called {1}; sum over folds.")),
)


def every_column() -> dict[str, Entry]:
    """Return all that is written down: columns by name, and families of columns by a pattern."""
    return {**_COLUMNS, **dict(_PATTERNS)}
