"""The figures: what they draw and say, and that they are the same each time."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Callable

import numpy as np
import pytest
from plotted import lines_of, scales_of

from merbench.leaderboard.clip_agreement import Confusion
from merbench.leaderboard.roc import Curve
from merbench.pages import diagrams, figures, svg

RNG = np.random.default_rng(3)
KL = RNG.gamma(2, 0.4, 200)
LABELS = RNG.uniform(0.2, 0.8, (30, 4)) * [1, 1, 0.3, 0.3]
GUESSES = LABELS + RNG.normal(0, 0.05, LABELS.shape)

DRAWN: dict[str, Callable[[], str]] = {
    "kl_histogram": lambda: figures.draw_kl_histogram(
        "k", {"mixed": KL, "stems": KL + 0.2}, title="t"
    ),
    "training_curves": lambda: figures.draw_training_curves(
        "k", [{"epoch": np.arange(1, 5.0), "train_loss": np.array([4, 3, 2.0, 1])}] * 2, "loss",
        ["train_loss"],
    ),
    "valence_arousal_plane": lambda: figures.draw_valence_arousal_plane(
        "k", LABELS, GUESSES, KL[:30]
    ),
    "clip_scatter": lambda: figures.draw_clip_scatter(
        "k", LABELS[:, 0], GUESSES[:, 0], "valence_mean"
    ),
    "stem_levels": lambda: figures.draw_stem_levels(
        "k", {"bass": np.array([-9.0, -6, -3]), "vocals": np.array([-60.0, -2, 0.5])}, -60.0
    ),
    "confusion": lambda: figures.draw_confusion(
        "k", Confusion(tuple("abcd"), np.arange(16).reshape(4, 4), 30)
    ),
    "roc_curves": lambda: figures.draw_roc_curves(
        "k", [Curve(f"Q{i}", np.array([0, 0.3, 1]), np.array([0, 0.6, 1]), 0.65, 9)
              for i in range(9)], 11, 0.6,
    ),
    "clip_map": lambda: diagrams.draw_clip_map(
        "k", LABELS[:, :2], np.arange(30) % 6, list("abcdef"), "what it shows"
    ),
    "accuracies": lambda: diagrams.draw_accuracies(
        "k", ["forest", "majority"], np.array([0.6, 0.3]), np.array([0.5, np.nan]),
        np.array([0.7, np.nan]), [np.array([0.55, 0.65]), np.array([0.3])], [False, True],
    ),
    "paired_differences": lambda: diagrams.draw_paired_differences(
        "k", ["a − b", "a − c"], np.array([-0.2, 0.1]), np.array([-0.3, -0.1]),
        np.array([-0.1, 0.3]), [True, False],
    ),
    "runtime_against_kl": lambda: diagrams.draw_runtime_against_kl(
        "k", ["fast", "good"], np.array([1.0, 100.0]), np.array([0.9, 0.5]), ["1", ""]
    ),
    "critical_difference": lambda: diagrams.draw_critical_difference(
        "k", ["a", "b", "c"], np.array([1.2, 2.0, 2.8]), [[0, 1]]
    ),
}  # fmt: skip


def test_every_figure_is_among_those_tested():
    known = {*figures.__all__, *diagrams.__all__} - {"POINTS"}
    assert {f"draw_{name}" for name in DRAWN} == known


@pytest.fixture(params=DRAWN)
def drawn(request: pytest.FixtureRequest) -> tuple[str, str]:
    return request.param, DRAWN[request.param]()


def test_a_figure_tells_what_it_shows_to_people_who_cannot_see_it(drawn: tuple[str, str]):
    _, text = drawn
    root = ET.fromstring(text)  # sound XML
    assert root.get("role") == "img"
    named = {e.get("id"): e for e in root if e.get("id")}
    title, description = (named[i] for i in root.get("aria-labelledby").split())
    assert (title.tag, description.tag) == ("title", "desc")
    assert len(title.text) > 10
    assert re.search(r"\d", title.text + description.text), "no number in the description"


def test_a_figure_takes_its_colours_and_fonts_from_the_page(drawn: tuple[str, str]):
    _, text = drawn
    assert set(re.findall(r"#[0-9a-f]{6}\b", text)) <= {"#000000", "#ffffff"}
    assert "var(--ink)" in text or "var(--muted)" in text
    assert not re.search(r"fill: ?#000000|stroke: ?#000000", text)
    assert "DejaVu" not in text
    assert "<style" not in text, "a style in a figure is a style of the whole page"


def test_a_figure_is_the_same_each_time_and_names_no_date(drawn: tuple[str, str]):
    name, text = drawn
    assert DRAWN[name]() == text
    assert "metadata" not in text
    assert not re.search(r"20\d\d-\d\d-\d\d", text)


def test_ids_are_the_figures_own(drawn: tuple[str, str]):
    _, text = drawn
    assert all(i.startswith("k-") for i in re.findall(r' id="([^"]*)"', text))
    used = set(re.findall(r'(?:url\(|href=")#([^")]+)', text))
    assert used <= set(re.findall(r' id="([^"]*)"', text))


def test_a_histogram_has_thirty_bins_that_hold_every_clip(monkeypatch: pytest.MonkeyPatch):
    seen = []
    histogram = np.histogram
    monkeypatch.setattr(
        np, "histogram", lambda *a, **k: seen.append(histogram(*a, **k)) or seen[-1]
    )
    far = np.append(KL, 500.0)
    text = figures.draw_kl_histogram("k", {"a": far, "b": KL}, title="t")
    for (counts, edges), values in zip(seen, (far, KL), strict=True):
        assert len(counts) == 30
        assert counts.sum() == len(values)
        assert edges[-1] < 10, "one clip far off leaves no room for the others"
    assert seen[0][0][-1] >= 1
    assert re.search(r"\d+ above [\d.]+ stand in the last bin", text)


def test_a_histogram_says_the_means_and_medians():
    text = figures.draw_kl_histogram("k", {"a": np.array([1.0, 2.0, 6.0])}, title="t")
    assert "a: 3 clips, mean 3.000 (dashed), median 2.000, largest 6.000 nats" in text


def test_the_confusion_matrix_shows_every_count():
    matrix = Confusion(("calm", "angry"), np.array([[7, 1], [2, 11]]), 18)
    text = figures.draw_confusion("k", matrix)
    shown = {e.text for e in ET.fromstring(text).iter("text")}
    assert {"7", "1", "2", "11", "calm", "angry"} <= shown
    assert "18 of 21 right" in text
    assert "calm: 7 as calm, 1 as angry; angry: 2 as calm, 11 as angry." in text


def test_of_many_classes_the_most_frequent_are_drawn_and_the_mean_is_of_all():
    text = DRAWN["roc_curves"]()
    assert "ROC curves of 11 classes, each against the others, the 9 most frequent drawn" in text
    assert "mean 0.600; Q0 0.650 of 9 clips" in text
    assert text.count(" 0.65</text>") == 9


def test_many_points_stay_small():
    many = RNG.uniform(0, 1, (1000, 2))
    text = figures.draw_clip_scatter("k", many[:, 0], many[:, 1], "valence_mean")
    assert len(text) < 20_000
    assert text.count("h0") == len(set(map(tuple, many.round(9).tolist())))


def test_points_outside_the_axes_are_counted():
    text = figures.draw_clip_scatter(
        "k", np.array([0.2, 0.4]), np.array([-0.5, 0.4]), "valence_mean"
    )
    assert "1 predictions outside 0 to 1 stand at the edge" in text


# --- training curves -----------------------------------------------------------------------------


def fold(**series: list[float]) -> dict[str, np.ndarray]:
    longest = max(map(len, series.values()))
    arrays = {name: np.array(values, float) for name, values in series.items()}
    return {"epoch": np.arange(1.0, longest + 1)} | arrays


def test_training_curves_of_folds_that_stopped_early_are_averaged_over_those_that_went_on():
    curves = [fold(train_loss=[4, 2]), fold(train_loss=[2])]
    text = figures.draw_training_curves("k", curves, "loss", ["train_loss"])
    assert "train loss, mean over folds, from 3 in the first epoch to 2 in epoch 2" in text
    curves = [fold(train_loss=[4, 2]), fold(train_loss=[2]), fold(train_loss=[3, 1, 0.5])]
    text = figures.draw_training_curves("k", curves, "loss", ["train_loss"])
    assert "from 3 in the first epoch to 1.5 in epoch 2, lowest 1.5" in text
    assert "the mean ends where fewer than half of the folds went on" in text
    assert "Loss in training: 3 folds, 3 epochs" in text


def test_accuracy_stands_on_the_whole_scale_and_its_best_epoch_is_said(
    monkeypatch: pytest.MonkeyPatch,
):
    limits = scales_of(monkeypatch)
    curves = [fold(train_accuracy=[0.3, 0.5, 0.6], validation_accuracy=[0.3, 0.45, 0.4])]
    names = ["train_accuracy", "validation_accuracy"]
    text = figures.draw_training_curves("k", curves, "accuracy", names)
    assert limits == [(0, 1)]
    assert "validation accuracy from 0.3 in the first epoch to 0.4 in epoch 3, highest 0.45" in text
    assert "mean over folds" not in text
    assert "Accuracy in training: 1 fold, 3 epochs" in text
    shown = [e.text for e in ET.fromstring(text).iter("text")]
    assert "accuracy" in shown
    assert "loss" not in shown


def test_a_loss_whose_zero_is_far_off_has_the_room_for_itself(monkeypatch: pytest.MonkeyPatch):
    limits = scales_of(monkeypatch)
    for last in (1.2, 0.1):
        figures.draw_training_curves("k", [fold(train_loss=[1.4, last])], "loss", ["train_loss"])
    (far, _), (near, _) = limits
    assert far > 1
    assert near == 0


def test_a_line_is_a_fold_and_the_thick_one_their_mean(monkeypatch: pytest.MonkeyPatch):
    seen = lines_of(monkeypatch)
    curves = [fold(train_loss=[4, 2], validation_loss=[5, 3]), fold(train_loss=[2, 1])]
    figures.draw_training_curves("k", curves, "loss", ["train_loss", "validation_loss"])
    thick = [(y.tolist(), k["color"]) for _, y, k in seen if k["linewidth"] > 1]
    assert thick == [([3, 1.5], svg.ACCENT), ([5, 3], svg.OTHER)]
    thin = [y.tolist() for _, y, k in seen if k["linewidth"] < 1]
    assert thin == [[4, 2], [2, 1], [5, 3]]


def test_long_trainings_are_averaged_to_what_can_be_seen(monkeypatch: pytest.MonkeyPatch):
    seen = lines_of(monkeypatch)
    losses = RNG.uniform(0, 1, 2_001)
    curves = [fold(train_loss=losses.tolist())] * 10
    text = figures.draw_training_curves("k", curves, "loss", ["train_loss"])
    assert "a point is the mean of 11 epochs" in text
    assert len(text) < 60_000
    for x, y, _ in seen:
        assert len(x) == len(y) == 182 <= figures.POINTS
        assert y[0] == pytest.approx(losses[:11].mean())
        assert y[-1] == pytest.approx(losses[-10:].mean())
        assert x[0] == 6
