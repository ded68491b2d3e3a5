"""`merbench score`: the paper's tables from the authors' files, and what is wrong with a file."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

COLUMNS = ("valence_mean", "arousal_mean", "valence_std", "arousal_std")


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """Predictions of two systems for 12 clips, one of them twice as far off."""
    lines = ["song_id," + ",".join(f"{p}_{c}" for p in ("gt", "near", "far") for c in COLUMNS)]
    for i in range(12):
        truth = (0.2 + 0.05 * i, 0.8 - 0.05 * i, 0.1, 0.12)
        off = 0.02 * (-1) ** i
        near = (truth[0] + off, truth[1] - off, 0.1, 0.12)
        far = (truth[0] + 2 * off, truth[1] - 2 * off, 0.1, 0.12)
        numbers = ",".join(f"{n:.4f}" for n in (*truth, *near, *far))
        lines.append(f"s{i},{numbers}")
    path = tmp_path / "predictions.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


def test_the_papers_numbers_come_out_of_the_program(shared: Path, program: Any) -> None:
    path = shared / "golden/nguyen2022/crnn_fold_0.csv"
    done = program(
        "score", path, "--id", "song_id", "--truth", "gt", "--predictions", "mixed,sep", "--json"
    )
    assert done.status == 0
    result = done.json
    assert result["n"] == 154
    mixed, separated = result["systems"]["mixed"], result["systems"]["sep"]
    # Nguyen et al. 2022, Table 1, first row.
    assert f"{mixed['kl_mean']:.3f} {mixed['kl_median_upper']:.3f}" == "0.948 0.526"
    assert f"{separated['kl_mean']:.3f} {separated['kl_median_upper']:.3f}" == "1.783 1.423"
    (comparison,) = result["comparisons"]
    assert (comparison["a"], comparison["b"]) == ("mixed", "sep")
    assert f"{comparison['wilcoxon_p']:.3f}" == "0.000"
    assert {"kl_median", "mse", "r2", "n_nonpositive_std"} <= set(mixed)


def test_warnings_stand_beside_the_json(shared: Path, program: Any) -> None:
    path = shared / "golden/nguyen2022/rf_fold_0.csv"
    done = program("score", path, "--predictions", "mixed,sep", "--json")
    assert done.status == 0
    assert done.json["warnings"]
    assert done.stderr.splitlines() == [f"warning: {w}" for w in done.json["warnings"]]


def test_quadrants_are_scored_by_their_task(call: Any, tmp_path: Path) -> None:
    path = tmp_path / "quadrants.csv"
    columns = [f"{p}_Q{i}" for p in ("gt", "sure", "unsure") for i in range(1, 5)]
    lines = ["song_id," + ",".join(columns)]
    for i in range(8):
        truth = [float(k == i % 4) for k in range(4)]
        unsure = [0.1 + 0.6 * share for share in truth]
        if i == 0:
            unsure = unsure[::-1]
        lines.append(f"s{i}," + ",".join(map(str, truth + truth + unsure)))
    path.write_text("\n".join(lines) + "\n")
    result = call(
        "score", path, "--task", "quadrant", "--predictions", "sure,unsure", "--json"
    ).json
    sure, unsure = result["systems"]["sure"], result["systems"]["unsure"]
    assert (sure["accuracy"], sure["macro_f1"]) == (1, 1)
    assert unsure["accuracy"] == 7 / 8
    assert unsure["confusion"]["Q1"] == {"Q1": 1, "Q2": 0, "Q3": 0, "Q4": 1}
    assert unsure["kl"]["Q2"] == pytest.approx(-math.log(0.7))
    table = call("score", path, "--task", "quadrant", "--predictions", "sure,unsure").stdout
    assert "macro F1" in table


def test_means_alone_take_a_stated_deviation(call: Any, table: Path) -> None:
    lines = [line.split(",") for line in table.read_text().splitlines()]
    kept = [i for i, name in enumerate(lines[0]) if not name.endswith("_std")]
    table.write_text("\n".join(",".join(line[i] for i in kept) for line in lines) + "\n")
    assert "give --fixed-std" in call("score", table, "--predictions", "near").error
    done = call("score", table, "--predictions", "near", "--fixed-std", "0.1", "--json")
    assert done.json["systems"]["near"]["kl_mean"] == pytest.approx((0.02 / 0.1) ** 2, rel=1e-6)
    shown = call("score", table, "--predictions", "near", "--fixed-std", "0.1")
    assert "fixed_std=0.1" in shown.stdout
    assert "each is taken to be 0.1" in " ".join(shown.stderr.split())


def test_json_of_a_small_table(call: Any, table: Path) -> None:
    result = call("score", table, "--predictions", "near,far", "--json").json
    # KL of equal deviations: half the squared distance in deviations.
    expected = 0.5 * ((0.02 / 0.1) ** 2 + (0.02 / 0.12) ** 2)
    assert result["systems"]["near"]["kl_mean"] == pytest.approx(expected, rel=1e-6)
    assert result["systems"]["far"]["kl_mean"] == pytest.approx(4 * expected, rel=1e-6)


def test_a_table_for_people(call: Any, table: Path) -> None:
    done = call("score", table, "--predictions", "near,far")
    assert done.status == 0
    lines = done.stdout.splitlines()
    order = [line.split()[0] for line in lines if line.split()[:1] in (["near"], ["far"])]
    assert order[:2] == ["near", "far"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--predictions", "near,gone"], "gone_valence_mean"),
        (["--predictions", ","], "name the prefix of at least one system"),
        (["--predictions", "near,near"], "'near' twice"),
        (["--predictions", "near", "--id", "clip"], "clip"),
        (["--predictions", "near", "--truth", "truth"], "truth_valence_mean"),
    ],
)
def test_mistakes_are_one_line(call: Any, table: Path, arguments: list[str], message: str) -> None:
    assert message in call("score", table, *arguments).error


def test_bad_cells_are_named_with_file_and_line(call: Any, table: Path) -> None:
    table.write_text(table.read_text().replace("s3,0.3500", "s3,much"))
    error = call("score", table, "--predictions", "near").error
    assert "predictions.csv:5" in error
    assert "gt_valence_mean" in error


def test_a_missing_file_is_named(call: Any) -> None:
    assert "gone.csv" in call("score", "gone.csv", "--predictions", "a").error


def test_a_narrow_table_names_what_it_leaves_out(call: Any, table: Path, monkeypatch: Any) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    text = table.read_text().replace("far_", "a_system_of_a_rather_long_name_")
    table.write_text(text.replace(",0.1000,0.1200\n", ",-0.1000,0.1200\n"))
    done = call("score", table, "--predictions", "near,a_system_of_a_rather_long_name")
    assert "12 of 24 predicted standard deviations are not above 0" in done.stderr
    assert max(map(len, done.stdout.splitlines())) <= 80
    _, of_systems, of_pairs = " ".join(done.stdout.split()).split("no room here for ")
    assert "CCC arousal; see --json" in of_systems
    assert "p (Holm)" in of_systems  # a column of the table that follows
    assert of_pairs == "Wilcoxon p; see --json"
