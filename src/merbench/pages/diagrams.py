"""Figures of systems against each other, one function each; `figures` has those of clips."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from merbench.pages.svg import (
    ACCENT,
    INK,
    LETTER,
    MUTED,
    OTHER,
    PAPER,
    RULE,
    bare,
    dots,
    draw,
    drawn_once,
)
from merbench.wording import counted

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

__all__ = [
    "draw_accuracies", "draw_clip_map", "draw_critical_difference", "draw_paired_differences",
    "draw_runtime_against_kl",
]  # fmt: skip

_ROW = 0.24
_COLOURS = (ACCENT, OTHER, MUTED, INK)
_COLOURED = len(_COLOURS)


@drawn_once
def draw_accuracies(
    key: str,
    names: Sequence[str],
    accuracy: Array,
    low: Array,
    high: Array,
    folds: Sequence[Array],
    baseline: Sequence[bool],
) -> str:
    """Draw the accuracy of systems, a row a system: mean, interval, and single folds.

    Parameters
    ----------
    names
        Of the k rows, in the order they are drawn in.
    accuracy, low, high
        Shape (k,), on [0, 1]: means over folds and their intervals. NaN where there is none.
    folds
        Of each row: the accuracies of its folds, drawn where there are several.
    baseline
        Which are baselines; these are muted, and a line marks the best.
    """
    left = 0.2 + LETTER * max(map(len, names))
    blind = np.asarray(baseline, bool)

    def paint(figure: Figure) -> None:
        axes = bare(figure, left, 0.5, 0.42, 0.1)
        rows = np.arange(len(names))
        if blind.any():
            axes.axvline(accuracy[blind].max(), color=MUTED, linewidth=0.8, linestyle=(0, (3, 2)))
        for row, single in enumerate(folds):
            if len(single) > 1:
                dots(axes, single, np.full(len(single), row + 0.3), colour=MUTED, size=1.8)
        for row, ends in enumerate(zip(low, high, strict=True)):
            if np.isfinite(ends).all():
                axes.plot(ends, (row, row), color=MUTED if blind[row] else ACCENT, linewidth=1.4,
                          solid_capstyle="butt")  # fmt: skip
        dots(axes, accuracy[~blind], rows[~blind], colour=ACCENT, size=6, alpha=1)
        dots(axes, accuracy[blind], rows[blind], colour=MUTED, size=6, alpha=1)
        axes.set(xlim=(0, 1), ylim=(len(names) - 0.4, -0.6))
        for row, value in enumerate(accuracy):
            axes.annotate(f"{value:.3f}", (1, row), xytext=(6, 0), textcoords="offset points",
                          va="center", color=MUTED if blind[row] else INK)  # fmt: skip
        axes.set_yticks(rows, names)
        axes.tick_params(axis="y", length=0)
        for label, muted in zip(axes.get_yticklabels(), blind, strict=True):
            label.set_color(MUTED if muted else INK)
        axes.spines["left"].set_visible(False)
        axes.set_xlabel("accuracy")

    listed = "; ".join(
        f"{name} {value:.3f}" + (f" ({a:.3f} to {b:.3f})" if np.isfinite([a, b]).all() else "")
        for name, value, a, b in zip(names, accuracy, low, high, strict=True)
    )
    return draw(
        key,
        (max(5.4, left + 4.4), 0.55 + _ROW * len(names)),
        paint,
        title=f"Test accuracy of {counted(int((~blind).sum()), 'system')}"
        + (f" and {counted(int(blind.sum()), 'baseline')}" if blind.any() else ""),
        description=f"{listed}.",
    )


@drawn_once
def draw_clip_map(
    key: str, points: Array, classes: NDArray[np.intp], names: Sequence[str], summary: str
) -> str:
    """Draw clips on a plane, a colour a class; of more than four the most frequent have one.

    Parameters
    ----------
    points
        Shape (n, 2), whatever their unit.
    classes
        Shape (n,): positions in `names`.
    names
        Of the classes.
    summary
        What the figure shows, in words.
    """
    counts = np.bincount(classes, minlength=len(names))
    frequent = [int(c) for c in np.argsort(-counts, kind="stable")[:_COLOURED] if counts[c]]
    frequent = sorted(frequent) if int((counts > 0).sum()) <= _COLOURED else frequent
    others = ~np.isin(classes, frequent)
    legend = 0.3 + LETTER * max(8, *(len(names[c]) + 6 for c in frequent))
    size = 3.4

    def paint(figure: Figure) -> None:
        axes = bare(figure, 0.1, legend, 0.1, 0.1)
        width = 2.6 if len(points) > 500 else 4.0
        dots(axes, *points[others].T, colour=RULE, size=width, alpha=1)
        for place, (c, colour) in enumerate(zip(frequent, _COLOURS, strict=False)):
            dots(axes, *points[classes == c].T, colour=colour, size=width, alpha=0.75)
            height = 0.95 - 0.07 * place
            axes.plot([1.04], [height], marker="o", markersize=4, color=colour,
                      transform=axes.transAxes, clip_on=False)  # fmt: skip
            axes.text(1.08, height, f"{names[c]} ({counts[c]})", color=INK, va="center",
                      transform=axes.transAxes)  # fmt: skip
        if others.any():
            axes.text(1.08, 0.95 - 0.07 * len(frequent), f"others ({others.sum()})", color=MUTED,
                      va="center", transform=axes.transAxes)  # fmt: skip
        low, high = points.min(axis=0), points.max(axis=0)
        room = 0.04 * np.maximum(high - low, 1e-9)
        axes.set(xlim=(low[0] - room[0], high[0] + room[0]),
                 ylim=(low[1] - room[1], high[1] + room[1]))  # fmt: skip
        axes.set_xticks([])
        axes.set_yticks([])

    return draw(
        key,
        (size + legend, size),
        paint,
        title=f"{counted(len(points), 'clip')} laid out by their features, by t-SNE",
        description=summary,
    )


@drawn_once
def draw_paired_differences(
    key: str,
    names: Sequence[str],
    difference: Array,
    low: Array,
    high: Array,
    significant: Sequence[bool],
) -> str:
    """Draw differences of KL with their intervals, a row a pair.

    Parameters
    ----------
    names
        What is compared, `a` against `b`.
    difference, low, high
        Shape (p,), nats: `a` minus `b`, below 0 where `a` is better. NaN where there is no
        interval.
    significant
        Which are called so; these are filled.
    """
    left = 0.2 + LETTER * max(map(len, names))
    height = 0.55 + _ROW * len(names)

    def paint(figure: Figure) -> None:
        axes = bare(figure, left, 0.15, 0.42, 0.1)
        axes.axvline(0, color=MUTED, linewidth=0.8)
        rows = np.arange(len(names))
        for row, ends in enumerate(zip(low, high, strict=True)):
            if np.isfinite(ends).all():
                axes.plot(ends, (row, row), color=ACCENT, linewidth=1.4, solid_capstyle="butt")
        sure = np.asarray(significant, bool)
        dots(axes, difference, rows, colour=ACCENT, size=6, alpha=1)
        dots(axes, difference[~sure], rows[~sure], colour=PAPER, size=3.6, alpha=1)
        spread = np.concatenate([difference, low, high, [0.0]])
        spread = spread[np.isfinite(spread)]
        room = 0.06 * (np.ptp(spread) or 1)
        axes.set(xlim=(spread.min() - room, spread.max() + room), ylim=(len(names) - 0.4, -0.6))
        axes.set_yticks(rows, names)
        axes.tick_params(axis="y", length=0, labelcolor=INK)
        axes.spines["left"].set_visible(False)
        axes.set_xlabel("difference of mean KL, nats (below 0: the first is better)")

    sure = [n for n, yes in zip(names, significant, strict=True) if yes]
    return draw(
        key,
        (max(5.2, left + 3.4), height),
        paint,
        title=f"Paired differences of mean KL with 95 % intervals, {len(names)} pairs",
        description=(
            f"{len(sure)} are significant"
            + (f": {'; '.join(sure)}." if sure else ".")
            + " The table below has the numbers."
        ),
    )


@drawn_once
def draw_runtime_against_kl(
    key: str, names: Sequence[str], seconds: Array, kl: Array, marks: Sequence[str]
) -> str:
    """Draw what systems cost against how well they do.

    Parameters
    ----------
    names
        Of the systems.
    seconds, kl
        Shape (k,): seconds of fitting and predicting over all folds, above 0, and mean KL.
    marks
        What stands beside a system's point: a number that the caption explains, or nothing.
    """

    def paint(figure: Figure) -> None:
        axes = bare(figure, 0.5, 0.15, 0.42, 0.1)
        axes.set_xscale("log")
        for formatted in (axes.xaxis.set_major_formatter, axes.xaxis.set_minor_formatter):
            formatted("{x:g}")
        front = np.array([bool(mark) for mark in marks])
        dots(axes, seconds[~front], kl[~front], colour=MUTED, size=5, alpha=0.7)
        ends = np.flatnonzero(front)[np.argsort(seconds[front], kind="stable")]
        axes.step(seconds[ends], kl[ends], where="post", color=ACCENT, linewidth=1, alpha=0.6)
        dots(axes, seconds[front], kl[front], colour=ACCENT, size=6, alpha=1)
        room = 0.08 * (np.ptp(kl) or 1)
        axes.set_xlim(seconds.min() / 1.6, seconds.max() * 1.6)
        axes.set_ylim(max(0, kl.min() - room), kl.max() + room)
        if np.ptp(np.log10(seconds)) > 1:  # enough room for the powers of ten alone
            axes.xaxis.set_minor_formatter("")
        for mark, x, y in zip(marks, seconds, kl, strict=True):
            # Below and to the left: no system is faster and better than a marked one.
            axes.annotate(mark, (x, y), xytext=(-3, -3), textcoords="offset points", ha="right",
                          va="top")  # fmt: skip
        axes.set(xlabel="seconds of fitting and predicting, all folds", ylabel="mean KL, nats")

    order = np.argsort(seconds, kind="stable")
    listed = "; ".join(f"{names[i]}: {seconds[i]:.3g} s, {kl[i]:.3f} nats" for i in order[:12])
    return draw(
        key,
        (3.6, 3.1),  # as wide as a phone
        paint,
        title=f"Runtime against mean KL of {len(names)} systems",
        description=listed + ("; and so on." if len(names) > 12 else "."),
    )


@drawn_once
def draw_critical_difference(
    key: str, names: Sequence[str], ranks: Array, cliques: Sequence[Sequence[int]]
) -> str:
    """Draw mean ranks over datasets, joined where systems cannot be told apart.

    Demšar (2006), "Statistical comparisons of classifiers over multiple data sets", Figure 1, with
    the cliques of pairwise tests in place of one critical difference.

    Parameters
    ----------
    names, ranks
        Of k systems; rank 1 is best.
    cliques
        Positions of systems that no test tells apart, two at least each.
    """
    order = np.argsort(ranks, kind="stable")
    k = len(names)
    half = (k + 1) // 2
    margin = 0.3 + LETTER * max(map(len, names))
    bars = 0.14 * len(cliques) + 0.14
    height = 0.5 + bars + _ROW * half + 0.1

    def paint(figure: Figure) -> None:
        axes = bare(figure, margin, margin, 0.05, 0.32)
        span = height - 0.37  # inches of the axes: y is counted in them, downwards
        axes.set(xlim=(1, max(k, 2)), ylim=(span, 0))
        axes.xaxis.set_ticks_position("top")
        axes.set_xticks(range(1, max(k, 2) + 1))
        axes.set_yticks([])
        axes.spines["top"].set_visible(True)
        axes.spines[["left", "bottom"]].set_visible(False)
        for place, system in enumerate(order):
            first = place < half
            y = bars + _ROW * (place if first else k - 1 - place) + 0.1
            edge = axes.get_xlim()[0 if first else 1]
            axes.plot([ranks[system], ranks[system], edge], [0, y, y], color=MUTED, linewidth=0.7,
                      clip_on=False)  # fmt: skip
            axes.annotate(f"{names[system]}  {ranks[system]:.2f}" if first
                          else f"{ranks[system]:.2f}  {names[system]}", (edge, y),
                          xytext=(-4 if first else 4, 0), textcoords="offset points",
                          ha="right" if first else "left", va="center")  # fmt: skip
        for level, clique in enumerate(cliques):
            ends = [ranks[i] for i in clique]
            y = 0.12 + 0.14 * level
            axes.plot([min(ends) - 0.04, max(ends) + 0.04], [y, y], color=ACCENT, linewidth=3,
                      clip_on=False)  # fmt: skip

    listed = ", ".join(f"{names[i]} {ranks[i]:.2f}" for i in order)
    joined = "; ".join(", ".join(names[i] for i in clique) for clique in cliques)
    return draw(
        key,
        (max(5.2, 2 * margin + 2.6), height),
        paint,
        title=f"Critical-difference diagram: mean ranks of {k} systems over datasets",
        description=f"Mean ranks: {listed}. "
        + (f"Not to be told apart: {joined}." if cliques else "All can be told apart."),
    )
