from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from made_up import COLUMNS, made_up
from merbench import MerbenchError, Task
from merbench.evaluation.comparison import holm
from merbench.scoring.score_arrays import score_arrays
from merbench.scoring.score_file import score_file
from merbench.scoring.score_rows import system_rows

# Nguyen et al. (2022), Tables 1 and 2: E mixed, E sep, M mixed, M sep, W.
PUBLISHED = {
    "crnn_fold_0": ("0.948", "1.783", "0.526", "1.423", "0.000"),
    "crnn_fold_1": ("1.075", "0.992", "0.570", "0.753", "0.512"),
    "crnn_fold_2": ("0.890", "1.073", "0.590", "0.686", "0.033"),
    "crnn_fold_3": ("0.846", "1.037", "0.604", "0.804", "0.002"),
    "crnn_fold_4": ("0.775", "0.832", "0.526", "0.626", "0.004"),
    "crnn_fold_5": ("0.703", "0.945", "0.530", "0.647", "0.000"),
    "crnn_fold_6": ("0.829", "1.666", "0.567", "1.130", "0.000"),
    "crnn_fold_7": ("1.012", "0.994", "0.644", "0.589", "0.190"),
    "crnn_fold_8": ("1.195", "1.968", "0.740", "1.061", "0.000"),
    "crnn_fold_9": ("1.107", "1.272", "0.712", "0.836", "0.006"),
    "rf_fold_0": ("2.172", "2.035", "1.336", "1.151", "0.020"),
    "rf_fold_1": ("1.961", "1.875", "1.373", "1.302", "0.083"),
    "rf_fold_2": ("2.369", "2.270", "1.530", "1.539", "0.466"),
    "rf_fold_3": ("2.097", "1.882", "1.180", "1.076", "0.018"),
    "rf_fold_4": ("2.476", "2.385", "1.399", "1.332", "0.203"),
    "rf_fold_5": ("2.371", "2.247", "1.465", "1.288", "0.128"),
    "rf_fold_6": ("2.120", "2.199", "1.230", "1.237", "0.549"),
    "rf_fold_7": ("2.376", "2.350", "1.261", "1.272", "0.714"),
    "rf_fold_8": ("2.135", "2.120", "1.239", "1.361", "0.862"),
    "rf_fold_9": ("2.440", "2.446", "1.129", "1.101", "0.932"),
}


def published(shared: Path, model: str) -> dict[str, dict[str, Any]]:
    """Score the authors' files that are at hand."""
    results = {
        path.stem: score_file(path, id="song_id", truth="gt", predictions="mixed, sep")
        for path in (shared / "golden/nguyen2022").glob(f"{model}_fold_*.csv")
    }
    assert len(results) >= 2
    return results


@pytest.mark.parametrize("model", ["crnn", "rf"])
def test_the_papers_tables_come_out_to_every_printed_digit(shared: Path, model: str) -> None:
    for name, result in published(shared, model).items():
        systems, (comparison,) = result["systems"], result["comparisons"]
        row = (
            systems["mixed"]["kl_mean"],
            systems["sep"]["kl_mean"],
            systems["mixed"]["kl_median_upper"],
            systems["sep"]["kl_median_upper"],
            comparison["wilcoxon_p"],
        )
        assert tuple(f"{value:.3f}" for value in row) == PUBLISHED[name]
        assert result["n"] == 154
        assert (comparison["a"], comparison["b"]) == ("mixed", "sep")
        assert systems["mixed"]["n_nonpositive_std"] == systems["mixed"]["n_floored_std"] == 0


def test_table_2_would_have_been_caught(shared: Path) -> None:
    for result in published(shared, "rf").values():
        warnings = result["warnings"]
        misaligned = [w.split(":")[0] for w in warnings if "misaligned" in w]
        worse = [w.split(":")[0] for w in warnings if "constant-moments" in w and "in-sample" in w]
        assert misaligned == worse == ["mixed", "sep"]


def test_table_1_is_not_taken_for_misaligned(shared: Path) -> None:
    for result in published(shared, "crnn").values():
        assert not any("misaligned" in w and w.startswith("mixed") for w in result["warnings"])


def score(frame: pd.DataFrame, path: Path, **changes: Any) -> dict[str, Any]:
    frame.to_csv(path, index=False)
    return score_file(
        path, **({"id": "song", "truth": "gt", "predictions": ["good", "noisy"]} | changes)
    )


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "predictions.csv"


def test_a_result_is_plain_json_of_the_documented_form(file: Path) -> None:
    result = score(made_up(), file)
    assert json.loads(json.dumps(result, allow_nan=False)) == result
    assert list(result) == ["n", "systems", "comparisons", "warnings"]
    assert result["n"] == 40
    assert list(result["systems"]) == ["good", "noisy"]
    good = result["systems"]["good"]
    for metric in ("r2", "pearson", "ccc", "mse_by_column", "rmse_by_column"):
        assert list(good[metric]) == list(COLUMNS)
    assert good["kl_mean"] < result["systems"]["noisy"]["kl_mean"] < good["kl_mean_best_constant"]
    (comparison,) = result["comparisons"]
    assert comparison["kl_mean_difference"] < 0
    assert comparison["rank_biserial"] < 0
    assert comparison["wilcoxon_p"] < 0.001
    assert result["warnings"] == []


def test_three_systems_are_compared_in_pairs_as_one_family(file: Path) -> None:
    frame = made_up()
    for column in COLUMNS:
        frame[f"third_{column}"] = frame[f"noisy_{column}"].iloc[::-1].to_numpy()
    comparisons = score(frame, file, predictions="good,noisy,third")["comparisons"]
    assert [(c["a"], c["b"]) for c in comparisons] == [
        ("good", "noisy"),
        ("good", "third"),
        ("noisy", "third"),
    ]
    p = [c["wilcoxon_p"] for c in comparisons]
    assert [c["wilcoxon_p_holm"] for c in comparisons] == list(holm(p))
    assert min(holm(p)) == 3 * min(p)


def test_order_of_rows_does_not_matter(file: Path) -> None:
    frame = made_up()
    one, other = score(frame, file), score(frame.sample(frac=1, random_state=1), file)
    for name, metrics in one["systems"].items():
        for metric, value in metrics.items():
            assert other["systems"][name][metric] == pytest.approx(value), metric
    assert other["comparisons"][0]["wilcoxon_p"] == one["comparisons"][0]["wilcoxon_p"]


def test_parquet_scores_as_csv_does(file: Path, tmp_path: Path) -> None:
    frame = made_up()
    frame.to_parquet(tmp_path / "predictions.parquet")
    parquet = score_file(
        tmp_path / "predictions.parquet", id="song", truth="gt", predictions=["good", "noisy"]
    )
    assert parquet == score(frame, file)


def test_quadrants_are_scored_by_the_same_door(file: Path) -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"song": range(30)})
    frame[[f"gt_{q}" for q in Task.QUADRANT.columns]] = np.eye(4)[rng.integers(4, size=30)]
    frame[[f"p_{q}" for q in Task.QUADRANT.columns]] = rng.dirichlet(np.ones(4), 30)
    frame.to_csv(file, index=False)
    result = score_file(file, id="song", truth="gt", predictions="p", task=Task.QUADRANT)
    metrics = result["systems"]["p"]
    assert sum(n for row in metrics["confusion"].values() for n in row.values()) == 30
    assert "in-sample" in " ".join(result["warnings"])
    assert system_rows(result)[0]["accuracy"] == f"{metrics['accuracy']:.3f}"


def test_undefined_numbers_are_null(file: Path) -> None:
    frame = made_up()
    frame["good_valence_std"] = 0.15
    result = score(frame, file)
    assert result["systems"]["good"]["pearson"]["valence_std"] is None
    json.dumps(result, allow_nan=False)


def test_shuffled_rows_are_suspected_and_aligned_ones_are_not(file: Path) -> None:
    frame = made_up()
    columns = [f"good_{column}" for column in COLUMNS]
    frame[columns] = frame[columns].sample(frac=1, random_state=3).to_numpy()
    warnings = score(frame, file)["warnings"]
    assert [w.split(":")[0] for w in warnings if "misaligned" in w] == ["good"]
    assert any(w.startswith("good") and "constant-moments" in w for w in warnings)
    assert not any(w.startswith("noisy") for w in warnings)


def test_one_dimension_that_correlates_is_enough(file: Path) -> None:
    frame = made_up()
    column = "good_valence_mean"
    frame[column] = frame[column].sample(frac=1, random_state=3).to_numpy()
    assert not any("misaligned" in w for w in score(frame, file)["warnings"])


def test_mended_standard_deviations_constants_scale_and_the_truth_itself_are_mentioned(
    file: Path,
) -> None:
    frame = made_up()
    frame.loc[:2, "good_arousal_std"] *= -1
    frame.loc[3, "good_arousal_std"] = 0.0
    frame["noisy_valence_mean"] = frame["noisy_arousal_mean"] = 0.5
    warnings = " ".join(score(frame, file)["warnings"])
    assert "good: 4 of 80 predicted standard deviations are not above 0" in warnings
    assert "good: 1 of 80 predicted standard deviations are below 0.001" in warnings
    assert "noisy: it predicts the same means for every clip" in warnings
    assert "[0, 1]" not in warnings
    warnings = " ".join(score(frame, file, predictions="gt")["warnings"])
    assert "gt: it equals the truth on every clip" in warnings
    frame["gt_arousal_mean"] *= 9
    assert "leaves [0, 1]" in " ".join(score(frame, file)["warnings"])


def test_a_handful_of_clips_is_scored_too(file: Path) -> None:
    for n in (1, 2, 3):
        result = score(made_up(n=n), file)
        assert result["n"] == n
        assert result["comparisons"][0]["wilcoxon_p"] <= 1


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"id": "sonf"}, r"csv:1: there is no column 'sonf'; did you mean 'song'\?"),
        ({"id": "zzz"}, r"csv:1: there is no column 'zzz'; there are song, gt_valence_mean"),
        ({"truth": "gtt"}, r"no column 'gtt_valence_mean'; did you mean 'gt_valence_mean'\?"),
        ({"predictions": "god"}, r"no column 'god_valence_mean'; did you mean 'good_valence"),
        ({"predictions": " , "}, "no predictions to score"),
        ({"predictions": []}, "no predictions to score"),
        ({"predictions": "good,good "}, "predictions name 'good' twice"),
    ],
)
def test_wrong_names_are_answered_with_right_ones(
    file: Path, changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(MerbenchError, match=message):
        score(made_up(), file, **changes)


@pytest.mark.parametrize(
    ("row", "column", "cell", "message"),
    [
        (3, "good_arousal_mean", "high", r"csv:5: column 'good_arousal_mean' holds 'high'"),
        (3, "good_arousal_mean", "", r"csv:5: column 'good_arousal_mean' is empty"),
        (0, "good_arousal_mean", "nan", r"csv:2: column 'good_arousal_mean' holds 'nan'"),
        (0, "good_arousal_mean", "1e999", r"csv:2: .* no finite number"),
        (0, "gt_arousal_mean", "0,5", r"csv:2: .* holds '0,5'"),
        (0, "gt_arousal_mean", "1_0", r"csv:2: .* holds '1_0'"),
        (9, "gt_valence_std", "0", r"csv:11: .* column 'gt_valence_std' is 0, and must be above"),
        (9, "gt_valence_std", "1e-320", r"csv:11: .* is 9.9.*e-321, and must be above 1e-06"),
        (3, "good_valence_mean", "1e99", r"csv:5: column 'good_valence_mean' holds 1e\+99; pred"),
        (9, "gt_arousal_std", "-0.1", r"csv:11: .* column 'gt_arousal_std' is -0.1"),
        (9, "song", "song 2", r"csv:11: 'song' song 2 stands already at .*csv:4"),
        (9, "song", " ", r"csv:11: column 'song' is empty"),
    ],
)
def test_wrong_cells_are_named_by_line_and_column(
    file: Path, row: int, column: str, cell: str, message: str
) -> None:
    frame = made_up().astype(object)
    frame.loc[row, column] = cell
    with pytest.raises(MerbenchError, match=message):
        score(frame, file)


def without_spread(frame: pd.DataFrame) -> pd.DataFrame:
    return frame[[column for column in frame if not str(column).endswith("_std")]]


def test_means_alone_say_what_is_needed(file: Path) -> None:
    with pytest.raises(MerbenchError) as caught:
        score(without_spread(made_up()), file)
    message = str(caught.value)
    assert "csv:1: there is no column 'gt_valence_std' and no column 'gt_arousal_std'" in message
    assert "--fixed-std 0.1" in message
    assert "did you mean" not in message


def test_a_system_of_means_alone_is_told_what_it_lacks(file: Path) -> None:
    frame = made_up().drop(columns=["good_valence_std", "good_arousal_std"])
    with pytest.raises(MerbenchError, match=r"no column 'good_valence_std' .* the truth has them"):
        score(frame, file)


def test_means_alone_take_a_stated_deviation(file: Path) -> None:
    frame = made_up()
    result = score(without_spread(frame), file, fixed_std=0.125)
    columns = [f"gt_{column}" for column in COLUMNS]
    good = [f"good_{column}" for column in COLUMNS]
    for prefix in ("gt", "good", "noisy"):
        for dimension in ("valence", "arousal"):
            frame[f"{prefix}_{dimension}_std"] = 0.125
    expected = score_arrays(frame[columns].to_numpy(), {"good": frame[good].to_numpy()})
    for metric in ("kl_mean", "kl_median", "mse", "kl_mean_best_constant"):
        wanted = expected["systems"]["good"][metric]
        assert result["systems"]["good"][metric] == pytest.approx(wanted), metric
    assert result["fixed_std"] == 0.125
    assert "each is taken to be 0.125" in result["warnings"][0]
    assert system_rows(result)[0]["system"] == "good (fixed_std=0.125)"
    json.dumps(result, allow_nan=False)


def test_predicted_deviations_count_beside_labels_without(file: Path) -> None:
    frame = made_up().drop(columns=["gt_valence_std", "gt_arousal_std"])
    result = score(frame, file, fixed_std=0.125)
    assert result["systems"]["good"]["kl_mean"] != pytest.approx(
        score(without_spread(frame), file, fixed_std=0.125)["systems"]["good"]["kl_mean"]
    )


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"fixed_std": 0.1}, "which --fixed-std would ignore"),
        ({"fixed_std": 0.0}, "must be above 0"),
        ({"fixed_std": float("nan")}, "must be above 0"),
        ({"fixed_std": 0.1, "task": Task.QUADRANT}, "for labels of valence and arousal"),
    ],
)
def test_a_stated_deviation_where_none_belongs_is_refused(
    file: Path, changes: dict[str, Any], says: str
) -> None:
    with pytest.raises(MerbenchError, match=says):
        score(made_up(), file, **changes)


def test_tables_of_other_programs_are_scored_alike(file: Path) -> None:
    frame = made_up()
    plain = score(frame, file)
    text = frame.to_csv(index=False, sep=";", decimal=",")
    file.write_bytes(f"sep=;\n# mine\n{text}".encode("utf-16"))
    assert score_file(file, id="song", truth="gt", predictions="good,noisy") == plain


def test_probabilities_that_are_none_are_named_by_line(file: Path) -> None:
    file.write_text("song,gt_Q1,gt_Q2,gt_Q3,gt_Q4,p_Q1,p_Q2,p_Q3,p_Q4\na,1,0,0,0,1,1,0,0\n")
    with pytest.raises(MerbenchError, match=r"p: predicted .* \(clip a at .*csv:2\)"):
        score_file(file, id="song", truth="gt", predictions="p", task=Task.QUADRANT)
