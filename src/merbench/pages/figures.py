"""Figures of clips, one function each: plain arrays in, an `<svg>` element out.

Every function takes `key`, unique in its page, for the element's ids. Each figure carries a
description of what it shows, for people who cannot see it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from merbench.leaderboard import clip_agreement, distributions
from merbench.leaderboard import training_curves as training
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
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from merbench.leaderboard.clip_agreement import Confusion
    from merbench.leaderboard.roc import Curve

    Array = NDArray[np.float64]

__all__ = [
    "POINTS", "draw_clip_scatter", "draw_confusion", "draw_kl_histogram", "draw_roc_curves",
    "draw_stem_levels", "draw_training_curves", "draw_valence_arousal_plane",
]  # fmt: skip

POINTS = 200
"""Points of a training curve: more than its width shows."""

_PANEL = (2.7, 2.5)
_SMALL = (2.15, 1.65)
_CELL = 0.26
"""Side in inches that a cell of a matrix needs."""


@drawn_once
def draw_kl_histogram(
    key: str, series: Mapping[str, Array], *, title: str, small: bool = False
) -> str:
    """Draw how KL is distributed over clips, in thirty bins: one series, or two laid over another.

    Parameters
    ----------
    series
        KL in nats of any number of clips, by what the series is called.
    small
        Whether the figure is a small one of many.
    """
    found = distributions.kl_histogram(series)
    edges, beyond, shown = found.edges, found.beyond, found.series.values()

    def paint(figure: Figure) -> None:
        axes = bare(figure, 0.4, 0.08, 0.22 if small else 0.42, 0.08)
        for one, colour in zip(shown, (ACCENT, OTHER), strict=False):
            axes.stairs(one.counts, edges, fill=True, color=colour, alpha=0.45)
            axes.stairs(one.counts, edges, color=colour, linewidth=1)
        for one, colour in zip(shown, (ACCENT, OTHER), strict=False):
            end = min(one.mean, edges[-1])
            axes.axvline(end, color=colour, linewidth=1.2, linestyle=(0, (3, 2)))
        axes.set_xlim(0, edges[-1])
        axes.set_ylim(0, 1.06 * max(int(one.counts.max()) for one in shown))
        _few_ticks(axes, whole=True)
        if not small:
            axes.set(xlabel="KL, nats" + (f" ({beyond} beyond)" if beyond else ""), ylabel="clips")

    described = [
        f"{name}: {one.n_clips} clips, mean {one.mean:.3f} (dashed), median "
        f"{one.median:.3f}, largest {one.largest:.3f} nats"
        for name, one in found.series.items()
    ]
    if beyond:
        described.append(f"{beyond} above {edges[-1]:.2f} stand in the last bin")
    return draw(
        key,
        _SMALL if small else _PANEL,
        paint,
        title=f"Histogram of KL in thirty bins: {title}",
        description="; ".join(described) + ".",
    )


@drawn_once
def draw_training_curves(
    key: str, folds: Sequence[Mapping[str, Array]], quantity: str, names: Sequence[str]
) -> str:
    """Draw one quantity that a model's training reported, epoch by epoch.

    Losses as Nguyen et al. (2022), Figures 2 and 3; accuracies, on [0, 1], as Chang (2024). Of long
    trainings, epochs are averaged to at most `POINTS` points.

    Parameters
    ----------
    folds
        One mapping a fold: `epoch`, and what was reported by name, equally long. A thin line is a
        fold; the thick one is the mean over folds, as far as half of them got.
    quantity
        What the figure is of, such as `loss`.
    names
        What of the folds is drawn, four at most; the first two are `ACCENT` and `OTHER`.
    """
    found = training.mean_curves(folds, names)
    longest, epochs, means = found.longest, found.epochs, found.means
    half = len(epochs)
    step = -(-longest // POINTS)

    def paint(figure: Figure) -> None:
        axes = bare(figure, 0.52, 0.08, 0.42, 0.1)
        for name, colour in zip(names, (ACCENT, OTHER, MUTED, INK), strict=False):
            for fold in folds if len(folds) > 1 else ():
                if name in fold:
                    thin = [training.averaged(fold[of], step) for of in ("epoch", name)]
                    axes.plot(*thin, color=colour, linewidth=0.6, alpha=0.3)
            line = [training.averaged(values, step) for values in (epochs, means[name])]
            axes.plot(*line, color=colour, linewidth=1.6, marker="o" if half == 1 else "",
                      markersize=3)  # fmt: skip
        if quantity == "accuracy":
            axes.set_ylim(0, 1)
        elif (ends := axes.get_ylim())[0] < ends[1] / 2:  # else 0 would leave no room
            axes.set_ylim(bottom=min(0.0, ends[0]))
        axes.set_xlim(left=0)
        _few_ticks(axes, whole_x=True)
        axes.set(xlabel="epoch", ylabel=quantity)

    best = ("highest", np.nanmax) if quantity == "accuracy" else ("lowest", np.nanmin)
    over = ", mean over folds," if len(folds) > 1 else ""
    described = [
        f"{_words(name)}{over} from {mean[0]:.4g} in the first epoch to {mean[half - 1]:.4g} in "
        f"epoch {epochs[half - 1]:.0f}, {best[0]} {best[1](mean):.4g}"
        for name, mean in means.items()
    ]
    if len(folds) > 1 and half < longest:
        described.append("the mean ends where fewer than half of the folds went on")
    if step > 1:
        described.append(f"a point is the mean of {step} epochs")
    return draw(
        key,
        _PANEL,
        paint,
        title=f"{quantity[:1].upper()}{quantity[1:]} in training: "
        f"{counted(len(folds), 'fold')}, {counted(longest, 'epoch')}",
        description="; ".join(described) + ".",
    )


@drawn_once
def draw_valence_arousal_plane(key: str, truth: Array, predicted: Array, kl: Array) -> str:
    """Draw labels and predictions as ellipses of one standard deviation, joined clip by clip.

    Parameters
    ----------
    truth, predicted
        Shape (n, 4): valence and arousal means, then standard deviations, on [0, 1].
    kl
        Shape (n,), in nats; named in the description.
    """
    from matplotlib.patches import Ellipse

    def paint(figure: Figure) -> None:
        axes = bare(figure, 0.42, 0.08, 0.42, 0.1)
        axes.axhline(0.5, color=RULE, linewidth=0.6)
        axes.axvline(0.5, color=RULE, linewidth=0.6)
        corners = {"Q1": (0.98, 0.98), "Q2": (0.02, 0.98), "Q3": (0.02, 0.02), "Q4": (0.98, 0.02)}
        for name, (x, y) in corners.items():
            axes.text(x, y, name, color=MUTED, fontsize=7, ha="right" if x > 0.5 else "left",
                      va="top" if y > 0.5 else "bottom")  # fmt: skip
        for true, guess in zip(truth, predicted, strict=True):
            axes.plot([true[0], guess[0]], [true[1], guess[1]], color=MUTED, linewidth=0.5)
            for label, colour, dash in ((true, ACCENT, "solid"), (guess, OTHER, (0, (3, 1.5)))):
                spread = 2 * np.abs(label[2:])
                axes.add_artist(
                    Ellipse((label[0], label[1]), *spread, fill=False, edgecolor=colour,
                            linewidth=1, linestyle=dash)
                )  # fmt: skip
        dots(axes, truth[:, 0], truth[:, 1], colour=ACCENT, alpha=1)
        dots(axes, predicted[:, 0], predicted[:, 1], colour=OTHER, alpha=1)
        axes.set(xlim=(0, 1), ylim=(0, 1), xlabel="valence", ylabel="arousal")
        axes.set_xticks([0, 0.5, 1])
        axes.set_yticks([0, 0.5, 1])

    found = clip_agreement.on_plane(truth, predicted)
    return draw(
        key,
        _PANEL,
        paint,
        title=f"Labels and predictions of {len(truth)} clips on the valence-arousal plane",
        description=(
            f"Ellipses of one standard deviation. The prediction's centre lies "
            f"{found.mean_distance:.2f} from the label's on average, {found.largest_distance:.2f} "
            f"at most, and {found.wider} of {len(truth)} "
            f"predictions are wider than their label; KL from {kl.min():.3f} to {kl.max():.3f} "
            "nats."
        ),
    )


@drawn_once
def draw_clip_scatter(key: str, truth: Array, predicted: Array, name: str) -> str:
    """Draw predictions against labels, a point a clip, for one column of a task.

    Parameters
    ----------
    truth, predicted
        Shape (n,), on [0, 1] but for predictions that leave it, which stand at the edge.
    name
        The column.
    """
    found = clip_agreement.one_column(truth, predicted)
    outside = found.outside

    def paint(figure: Figure) -> None:
        axes = bare(figure, 0.42, 0.08, 0.42, 0.1)
        axes.plot([0, 1], [0, 1], color=RULE, linewidth=0.8)
        dots(axes, truth, np.clip(predicted, 0, 1), colour=ACCENT, size=3.4, alpha=0.6)
        axes.set(xlim=(0, 1), ylim=(0, 1), xlabel="label", ylabel="prediction")
        axes.set_xticks([0, 0.5, 1])
        axes.set_yticks([0, 0.5, 1])

    r = found.correlation
    alike = "one is constant" if r is None else f"correlation {r:.2f}"
    return draw(
        key,
        _PANEL,
        paint,
        title=f"Predicted against true {_words(name)} of {len(truth)} clips",
        description=(
            f"Points on the diagonal are right: {alike}, root mean squared error {found.rmse:.3f}"
            + (f"; {outside} predictions outside 0 to 1 stand at the edge." if outside else ".")
        ),
    )


@drawn_once
def draw_confusion(key: str, matrix: Confusion) -> str:
    """Draw a confusion matrix: rows are true classes, columns predicted ones."""
    from matplotlib.patches import Rectangle

    counts, labels = matrix.counts, matrix.classes
    k = len(labels)
    totals = counts.sum(axis=1, keepdims=True)
    shares = counts / np.maximum(totals, 1)
    longest = max(map(len, labels))
    names = LETTER * longest if longest > 3 else 0.0  # room for them, beside and, turned, below
    wider = max(0.0, _CELL * k - _PANEL[1] + 0.52)

    def paint(figure: Figure) -> None:
        axes = bare(figure, 0.42 + names, 0.1, 0.42 + names, 0.1)
        for i, row in enumerate(counts):
            for j, count in enumerate(row):
                axes.add_artist(
                    Rectangle((j, i), 1, 1, facecolor=ACCENT, edgecolor=PAPER, linewidth=1.5,
                              alpha=float(0.06 + 0.6 * shares[i, j]))
                )  # fmt: skip
                axes.text(j + 0.5, i + 0.5, str(count), ha="center", va="center", color=INK,
                          fontweight="bold" if i == j else "normal")  # fmt: skip
        axes.set(xlim=(0, k), ylim=(k, 0), xlabel="predicted", ylabel="true")
        axes.set_xticks(np.arange(k) + 0.5, labels, rotation=90 if names else 0)
        axes.set_yticks(np.arange(k) + 0.5, labels)
        axes.tick_params(length=0)
        axes.spines[:].set_visible(False)

    rows = "; ".join(
        f"{labels[i]}: " + ", ".join(f"{n} as {labels[j]}" for j, n in enumerate(row) if n)
        for i, row in enumerate(counts.tolist())
        if any(row)
    )
    return draw(
        key,
        (_PANEL[0] + names + wider, _PANEL[1] + names + wider),
        paint,
        title=f"Confusion matrix: {matrix.right} of {int(counts.sum())} right",
        description=f"True class, then how often it was predicted as what. {rows}.",
    )


@drawn_once
def draw_roc_curves(
    key: str, curves: Sequence[Curve], n_classes: int, mean_auc: float | None
) -> str:
    """Draw how well each class is told from the others, over all thresholds.

    As Chang (2024) shows it for classifiers, with the area under each curve.

    Parameters
    ----------
    curves
        The curves to draw, a dozen at most.
    n_classes
        Classes that there is a curve of.
    mean_auc
        Mean area under the curves of all of these, where the leaderboard has it.
    """
    longest = max(len(curve.name) for curve in curves)
    legend = LETTER * (longest + 8)
    colours, dashes = (ACCENT, OTHER, MUTED, INK), ("solid", (0, (4, 1.5)), (0, (1, 1.2)))

    def paint(figure: Figure) -> None:
        axes = bare(figure, 0.42, 0.2 + legend, 0.42, 0.1)
        axes.plot([0, 1], [0, 1], color=RULE, linewidth=0.8)
        for i, curve in enumerate(curves):
            colour, dash = colours[i % len(colours)], dashes[i // len(colours) % len(dashes)]
            axes.plot(curve.false, curve.true, color=colour, linewidth=1.2, linestyle=dash)
            height = 0.97 - 0.085 * i
            axes.plot([1.05, 1.12], [height, height], color=colour, linewidth=1.6, linestyle=dash,
                      clip_on=False)  # fmt: skip
            axes.text(1.15, height, f"{curve.name} {curve.auc:.2f}", color=INK, va="center")
        axes.set(xlim=(0, 1), ylim=(0, 1.005), xlabel="others taken for it", ylabel="found")
        axes.set_xticks([0, 0.5, 1])
        axes.set_yticks([0, 0.5, 1])

    listed = "; ".join(f"{curve.name} {curve.auc:.3f} of {curve.n_clips} clips" for curve in curves)
    mean = "" if mean_auc is None else f"mean {mean_auc:.3f}; "
    fewer = f", the {len(curves)} most frequent drawn" if len(curves) < n_classes else ""
    return draw(
        key,
        (_PANEL[0] + legend + 0.1, _PANEL[1]),
        paint,
        title=f"ROC curves of {n_classes} classes, each against the others{fewer}",
        description=f"Area under the curve, where 0.5 is chance: {mean}{listed}.",
    )


@drawn_once
def draw_stem_levels(key: str, levels: Mapping[str, Array], floor: float) -> str:
    """Draw how loud each stem is in every clip: points, the middle half as a bar, the median.

    Parameters
    ----------
    levels
        Levels of the clips' stems, by the stem's name: shape (n,), dB relative to the mixture.
    floor
        The least level there is, in dB: that of a silent stem.
    """
    quartiles = {
        stem: distributions.level_quantiles(values, floor) for stem, values in levels.items()
    }

    def paint(figure: Figure) -> None:
        left = 0.2 + 0.07 * max(map(len, levels))
        axes = bare(figure, left, 0.15, 0.42, 0.1)
        axes.axvline(0, color=RULE, linewidth=0.8)
        for row, (stem, values) in enumerate(levels.items()):
            dots(axes, values, np.full(len(values), row + 0.22), colour=MUTED, size=2.4, alpha=0.5)
            found = quartiles[stem]
            axes.plot([found.low, found.high], [row - 0.05, row - 0.05], color=ACCENT, linewidth=5,
                      alpha=0.5, solid_capstyle="butt")  # fmt: skip
            middle = [found.middle, found.middle]
            axes.plot(middle, [row - 0.22, row + 0.12], color=ACCENT, linewidth=1.8)
        top = max(3.0, *(float(values.max()) + 1 for values in levels.values()))
        axes.set(xlim=(floor - 1, top), ylim=(len(levels) - 0.4, -0.6))
        axes.set_yticks(range(len(levels)), list(levels))
        axes.tick_params(axis="y", length=0, labelcolor=INK)
        axes.spines["left"].set_visible(False)
        axes.set_xlabel("power relative to the mixture, dB")

    described = [
        f"{stem}: median {found.middle:.1f} dB, middle half from {found.low:.1f} to "
        f"{found.high:.1f}"
        for stem, found in quartiles.items()
    ]
    return draw(
        key,
        (5.4, 0.6 + 0.42 * len(levels)),
        paint,
        title=f"Levels of stems in {len(next(iter(levels.values())))} clips",
        description="; ".join(described) + ".",
    )


def _few_ticks(axes: Axes, *, whole: bool = False, whole_x: bool = False) -> None:
    from matplotlib.ticker import MaxNLocator

    axes.xaxis.set_major_locator(MaxNLocator(5, integer=whole_x))
    axes.yaxis.set_major_locator(MaxNLocator(4, integer=whole))


def _words(name: str) -> str:
    return name.replace("_", " ")
