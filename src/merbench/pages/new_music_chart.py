"""What a kept model says of new music, as a figure of its own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from merbench.errors import MerbenchError, printable

_NAMED = 40
"""Recordings whose names are written beside them; more would hide each other."""


def draw_estimates(
    columns: Sequence[str], names: Sequence[str], values: Sequence[Sequence[float]], file: Path
) -> None:
    """Draw estimates into a file.

    Of valence and arousal: the plane, a point a recording, with an ellipse of one standard
    deviation. Of classes: a bar a recording, each class's probability a part of it.

    Parameters
    ----------
    columns
        Of the task.
    names
        Of the recordings.
    values
        A row a recording.
    file
        Its suffix decides the format.

    Raises
    ------
    MerbenchError
        The file cannot be written.
    """
    from matplotlib.figure import Figure

    plane = tuple(columns) == ("valence_mean", "arousal_mean", "valence_std", "arousal_std")
    shown = [printable(name) for name in names]
    height = 5.0 if plane else 1.5 + 0.3 * len(names)
    figure = Figure(figsize=(6.0, height), layout="constrained")
    axes = figure.add_subplot()
    if plane:
        from matplotlib.patches import Ellipse

        for name, (valence, arousal, spread, other) in zip(shown, values, strict=True):
            axes.add_patch(
                Ellipse((valence, arousal), 2 * spread, 2 * other, alpha=0.2, linewidth=0)
            )
            axes.plot([valence], [arousal], "o", color="tab:blue", markersize=4)
            if len(names) <= _NAMED:
                axes.annotate(
                    name, (valence, arousal), xytext=(4, 4), textcoords="offset points",
                    fontsize=7, parse_math=False,
                )  # fmt: skip
        axes.set(xlim=(0, 1), ylim=(0, 1), xlabel="valence", ylabel="arousal", aspect="equal")
        axes.axhline(0.5, color="0.8", linewidth=0.8, zorder=0)
        axes.axvline(0.5, color="0.8", linewidth=0.8, zorder=0)
    else:
        begun = [0.0] * len(values)
        for position, column in enumerate(columns):
            parts = [row[position] for row in values]
            axes.barh(range(len(values)), parts, left=begun, label=column)
            begun = [b + part for b, part in zip(begun, parts, strict=True)]
        axes.set_yticks(range(len(values)), shown, parse_math=False)
        axes.invert_yaxis()
        axes.set(xlim=(0, 1), xlabel="probability")
        figure.legend(loc="outside upper center", ncols=min(4, len(columns)), fontsize=8)
    try:
        figure.savefig(file)
    except OSError as error:
        raise MerbenchError(
            f"{file} cannot be written ({error.strerror or error}); name another with --plot"
        ) from error
