"""Scores of separators as a chart and a CSV file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from merbench.csv_text import rows_text
from merbench.separation.multitracks import MIXTURE
from merbench.separation.scoring import SeparationScore, medians

_PLOTTED = (-30.0, 30.0)
_COLOURS = ("#999999", "#4477aa", "#ee6677", "#228833", "#ccbb44", "#66ccee", "#aa3377")


def write_csv(path: Path, scores: Sequence[SeparationScore]) -> None:
    """Write one row a track, stem and method; a cell is empty where a ratio is not defined."""
    text = rows_text(
        SeparationScore._fields, ([_cell(value) for value in score] for score in scores)
    )
    path.write_text(text, encoding="utf-8", newline="")


def _cell(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return "" if np.isnan(value) else f"{value:.4f}"
    return str(value)


def plot(path: Path, scores: Sequence[SeparationScore], title: str) -> None:
    """Draw SI-SDR and BSSEval's SDR as SVG: a bar is the median of the tracks, a dot a track.

    Tracks beyond 30 dB either way stand at that edge.
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure

    rows = medians(scores)
    stems = list(dict.fromkeys(row["stem"] for row in rows))
    methods = [MIXTURE, *(m for m in dict.fromkeys(s.method for s in scores) if m != MIXTURE)]
    width = 0.8 / len(methods)
    shown = (("si_sdr", "SI-SDR (whole track)"), ("bsseval_sdr", "SDR (BSSEval v4)"))
    figure = Figure(figsize=(5.0 * len(shown), 4.0), layout="constrained")
    for axes, (metric, label) in zip(figure.subplots(1, len(shown)), shown, strict=True):
        for number, method in enumerate(methods):
            offset = (number - (len(methods) - 1) / 2) * width
            colour = _COLOURS[number % len(_COLOURS)]
            heights = {r["stem"]: r[metric] for r in rows if r["method"] == method}
            drawn = [(i, heights[s]) for i, s in enumerate(stems) if _finite(heights.get(s))]
            axes.bar([i + offset for i, _ in drawn], [h for _, h in drawn], width, color=colour,
                     alpha=0.6, label=method)  # fmt: skip
            dots = [
                (stems.index(s.stem) + offset, getattr(s, metric))
                for s in scores
                if s.method == method and _finite(getattr(s, metric))
            ]
            ratios = np.clip([y for _, y in dots], *_PLOTTED)
            axes.plot([x for x, _ in dots], ratios, ".", color="black", markersize=3)
        axes.axhline(0, color="black", linewidth=0.8)
        axes.set_ylim(*_limits([getattr(s, metric) for s in scores]))
        axes.set_xticks(range(len(stems)), stems)
        axes.set_ylabel(f"{label}, dB")
    handles, labels = figure.axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(methods), frameon=False)
    figure.suptitle(title)
    # Nothing in the file changes unless the scores do.
    with mpl.rc_context({"svg.hashsalt": "merbench", "svg.fonttype": "none"}):
        figure.savefig(path, format="svg", metadata={"Date": None, "Creator": "merbench"})


def _limits(values: Sequence[float]) -> tuple[float, float]:
    """Return where an axis begins and ends; a stem that is heard alone may score 150 dB."""
    low, high = _PLOTTED
    shown = np.clip([0.0, *(v for v in values if _finite(v))], low, high)
    return float(shown.min()) - 1, float(shown.max()) + 1


def _finite(value: float | None) -> bool:
    return value is not None and bool(np.isfinite(value))
