"""What figures plot, seen while they are drawn."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.axes import Axes


def lines_of(monkeypatch: pytest.MonkeyPatch) -> list[tuple[np.ndarray, np.ndarray, dict]]:
    """What is plotted from now on."""
    seen = []
    plot = Axes.plot
    monkeypatch.setattr(
        Axes, "plot", lambda self, x, y, **k: seen.append((x, y, k)) or plot(self, x, y, **k)
    )
    return seen


def scales_of(monkeypatch: pytest.MonkeyPatch) -> list[tuple[float, float]]:
    """The vertical axis of every figure from now on, as it is when it gets its label."""
    seen = []
    label = Axes.set_ylabel
    monkeypatch.setattr(
        Axes,
        "set_ylabel",
        lambda self, *a, **k: seen.append(self.get_ylim()) or label(self, *a, **k),
    )
    return seen
