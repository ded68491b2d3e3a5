"""Diagrams of many systems or clips: what they draw and say."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest
from plotted import lines_of

from merbench.pages import diagrams, svg


def test_clips_of_more_than_four_classes_are_coloured_for_the_most_frequent():
    points = np.random.default_rng(3).uniform(0.2, 0.8, (30, 2))
    text = diagrams.draw_clip_map("k", points, np.arange(30) % 6, list("abcdef"), "what it shows")
    shown = re.findall(r"<text[^>]*>([^<]*)", text)
    assert shown == ["a (5)", "b (5)", "c (5)", "d (5)", "others (10)"]


def test_what_is_text_stays_text():
    text = diagrams.draw_paired_differences(
        "k", ["<script> & co − b"], np.array([0.1]), np.array([0.0]), np.array([0.2]), [True]
    )
    assert "<script>" not in text
    assert "&lt;script&gt; &amp; co − b" in text


def test_accuracies_are_said_with_their_intervals_and_baselines_are_muted(
    monkeypatch: pytest.MonkeyPatch,
):
    seen = lines_of(monkeypatch)
    text = diagrams.draw_accuracies(
        "k", ["forest", "majority", "network"], np.array([0.6, 0.3, 0.2]),
        np.array([0.5, 0.25, np.nan]), np.array([0.7, 0.35, np.nan]),
        [np.array([0.5, 0.7]), np.array([0.3]), np.array([0.2])], [False, True, False],
    )  # fmt: skip
    assert "Test accuracy of 2 systems and 1 baseline" in text
    assert "forest 0.600 (0.500 to 0.700); majority 0.300 (0.250 to 0.350); network 0.200." in text
    intervals = [(tuple(x), k["color"]) for x, _, k in seen]
    assert intervals == [((0.5, 0.7), svg.ACCENT), ((0.25, 0.35), svg.MUTED)]
    shown = [e.text for e in ET.fromstring(text).iter("text")]
    assert [n for n in shown if n in ("forest", "majority", "network")] == [
        "forest", "majority", "network",
    ]  # fmt: skip
    assert {"0.600", "0.300", "0.200", "accuracy"} <= set(shown)


def test_pairs_that_are_significant_are_named_and_filled(monkeypatch: pytest.MonkeyPatch):
    seen = lines_of(monkeypatch)
    names, difference = ["a − b", "a − c", "b − c"], np.array([-0.2, 0.1, 0.3])
    low, high = np.array([-0.3, -0.1, np.nan]), np.array([-0.1, 0.3, np.nan])
    text = diagrams.draw_paired_differences("k", names, difference, low, high, [True, False, False])
    assert "Paired differences of mean KL with 95 % intervals, 3 pairs" in text
    assert "1 are significant: a − b. The table below has the numbers." in text
    # One fold has no interval: no line, and the point stands.
    assert [tuple(x) for x, _, k in seen if k.get("color") == svg.ACCENT] == [
        (-0.3, -0.1), (-0.1, 0.3),
    ]  # fmt: skip
    none = diagrams.draw_paired_differences("k", names, difference, low, high, [False] * 3)
    assert "0 are significant. The table" in none


def test_what_systems_cost_is_listed_from_the_fastest():
    text = diagrams.draw_runtime_against_kl(
        "k", ["slow", "fast"], np.array([100.0, 1.5]), np.array([0.5, 0.9]), ["2", "1"]
    )
    assert "Runtime against mean KL of 2 systems" in text
    assert "fast: 1.5 s, 0.900 nats; slow: 100 s, 0.500 nats." in text
    many = [f"s{i}" for i in range(13)]
    text = diagrams.draw_runtime_against_kl(
        "k", many, np.arange(1.0, 14), np.full(13, 0.5), [""] * 13
    )
    assert "s11: 12 s, 0.500 nats; and so on." in text
    assert "s12:" not in text


def test_clips_of_few_classes_keep_the_order_of_the_classes():
    text = diagrams.draw_clip_map(
        "k", np.arange(10.0).reshape(5, 2), np.array([0, 2, 2, 2, 0]), ["calm", "odd", "sad"], "s"
    )
    assert re.findall(r"<text[^>]*>([^<]*)", text) == ["calm (2)", "sad (3)"]
    assert "5 clips laid out by their features, by t-SNE" in text
    assert "1 clip laid out" in diagrams.draw_clip_map(
        "k", np.zeros((1, 2)), np.zeros(1, int), ["a"], ""
    )


def test_ranks_and_what_cannot_be_told_apart_are_drawn():
    text = diagrams.draw_critical_difference(
        "k", ["a", "b", "c"], np.array([1.2, 2.0, 2.8]), [[0, 1], [1, 2]]
    )
    shown = " ".join(re.findall(r"<text[^>]*>([^<]*)", text))
    assert {"a", "b", "c"} <= set(re.findall(r"[a-z]+", shown))
    assert "1.20" in text
    assert "2.80" in text
