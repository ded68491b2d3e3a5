"""Figures as SVG inside a page: its colours, its ids, and no waste."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Callable

import numpy as np
import pytest
from matplotlib.figure import Figure

from merbench.pages import svg


def nothing(figure: Figure) -> None:
    pass


def test_numbers_in_texts_are_not_cut():
    def paint(figure):
        svg.bare(figure, 0.1, 0.1, 0.1, 0.1).text(0.5, 0.5, "0.123456")

    assert "0.123456" in svg.draw("k", (2, 2), paint, title="t", description="d")


def test_a_figure_is_as_large_as_it_is_asked_for_and_says_what_it_is():
    text = svg.draw("k", (3, 1.5), nothing, title="a < b", description="nothing & more")
    root = ET.fromstring(text)
    assert (root.get("width"), root.get("height")) == ("300", "150")  # pixels
    assert root.get("viewBox") == "0 0 216 108"  # points
    assert [(e.tag, e.get("id"), e.text) for e in root][:2] == [
        ("title", "k-t", "a < b"), ("desc", "k-d", "nothing & more"),
    ]  # fmt: skip
    assert root.get("aria-labelledby") == "k-t k-d"


@pytest.mark.parametrize(
    ("colour", "variable"),
    [
        (svg.INK, "--ink"), (svg.MUTED, "--muted"), (svg.RULE, "--rule"), (svg.PAPER, "--paper"),
        (svg.ACCENT, "--series-1"), (svg.OTHER, "--series-2"),
    ],
)  # fmt: skip
def test_a_colour_is_the_pages_own(colour: str, variable: str):
    def paint(figure: Figure) -> None:
        svg.bare(figure, 0, 0, 0, 0).plot([0, 1], [0, 1], color=colour)

    text = svg.draw("k", (1, 1), paint, title="t", description="d")
    assert f"stroke: var({variable})" in text
    assert colour not in text


def test_margins_are_inches():
    figure = Figure(figsize=(4, 2))
    axes = svg.bare(figure, 1, 0.6, 0.5, 0.1)
    box = axes.get_position()
    assert (box.x0, box.y0) == pytest.approx((0.25, 0.25))
    assert (box.x1, box.y1) == pytest.approx((0.85, 0.95))


def test_points_are_one_path_with_a_stroke_each():
    def paint(figure: Figure) -> None:
        axes = svg.bare(figure, 0, 0, 0, 0)
        axes.set_axis_off()
        axes.set(xlim=(0, 1), ylim=(0, 1))
        svg.dots(axes, np.array([0.5, 0.25]), np.array([0.5, 0.75]), colour=svg.ACCENT)

    text = svg.draw("k", (1, 1), paint, title="t", description="d")
    (path,) = re.findall(r'<path d="([^"]*h0[^"]*)"', text)
    assert path == "M36 36h0M18 18h0"


def test_no_points_draw_nothing():
    def paint(figure: Figure) -> None:
        axes = svg.bare(figure, 0, 0, 0, 0)
        axes.set_axis_off()
        svg.dots(axes, [], [], colour=svg.ACCENT)

    assert "<path" not in svg.draw("k", (1, 1), paint, title="t", description="d")


def test_coordinates_are_tenths_of_a_point():
    assert svg._shorter_path("M 1.2345 2.0 \nL 30.04 4.96 \nz") == "M1.2 2L30 5z"
    assert svg._shorter_path("M 1 2 L 1 2") == "M1 2h0"


# --- the same figure again -----------------------------------------------------------------------


@pytest.fixture
def drawings(monkeypatch: pytest.MonkeyPatch) -> list[tuple[object, ...]]:
    """What was really drawn, by a process that has drawn nothing before."""
    monkeypatch.setattr(svg, "_DRAWN", {})
    return []


@pytest.fixture
def line(drawings: list[tuple[object, ...]]) -> Callable[..., str]:
    @svg.drawn_once
    def drawn(key: str, height: np.ndarray, *, title: str = "t") -> str:
        drawings.append((height.tolist(), title))

        def paint(figure: Figure) -> None:
            svg.bare(figure, 0.1, 0.1, 0.1, 0.1).plot(height)

        return svg.draw(key, (1, 1), paint, title=title, description="d")

    return drawn


def test_the_same_figure_is_drawn_once_and_has_the_key_that_is_asked_for(line, drawings):
    one, other = line("one", np.array([0.0, 1.0])), line("other", np.array([0.0, 1.0]))
    assert len(drawings) == 1
    assert "one-t" in one
    assert one.replace("one-", "other-") == other
    undecorated = line.__wrapped__("other", np.array([0.0, 1.0]))
    assert undecorated == other


@pytest.mark.parametrize(
    ("height", "named"), [([0.0, 2.0], {}), ([0, 1], {}), ([0.0, 1.0], {"title": "u"})]
)
def test_another_figure_is_drawn_anew(line, drawings, height, named):
    line("k", np.array([0.0, 1.0]))
    line("k", np.array(height), **named)
    assert len(drawings) == 2


def test_no_more_figures_are_kept_than_there_is_room_for(line, drawings, monkeypatch):
    monkeypatch.setattr(svg, "_MOST_DRAWN", 2)
    for height in (0.0, 1.0, 2.0, 2.0, 0.0):
        line("k", np.array([height, 1.0]))
    assert [height[0] for height, _ in drawings] == [0.0, 1.0, 2.0, 0.0]
    assert len(svg._DRAWN) == 2
