"""Figures as SVG that stands inside a page: in its colours and fonts, with a text alternative.

matplotlib knows no CSS variables, so figures are drawn in colours that stand for them, which are
replaced in the text that it writes. One figure so serves the light and the dark theme.
"""

from __future__ import annotations

import functools
import hashlib
import io
import pickle
import re
from collections.abc import Callable, Sequence
from html import escape
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

__all__ = [
    "ACCENT", "INK", "LETTER", "MUTED", "OTHER", "PAPER", "RULE", "bare", "dots", "draw",
    "drawn_once",
]  # fmt: skip

_Said = ParamSpec("_Said")

INK, MUTED, RULE, PAPER = "#0a0b01", "#0a0b02", "#0a0b03", "#0a0b04"
ACCENT, OTHER = "#0a0b05", "#0a0b06"
"""Text, secondary text, lines, background; the first series, and what it is held against."""

_VARIABLES = {
    INK: "--ink", MUTED: "--muted", RULE: "--rule", PAPER: "--paper",
    ACCENT: "--series-1", OTHER: "--series-2",
}  # fmt: skip
LETTER = 0.056
"""Width in inches of a letter of a label, on the safe side."""
PIXELS_PER_INCH = 100
"""Width of a figure on a page where there is room for it."""

_STYLE: dict[Any, Any] = {
    "axes.edgecolor": RULE,
    "axes.facecolor": "none",
    "axes.labelcolor": MUTED,
    "axes.labelsize": 8,
    "axes.linewidth": 0.7,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlecolor": INK,
    "axes.titlesize": 8.5,
    "axes.unicode_minus": True,
    "figure.facecolor": "none",
    "font.family": "DejaVu Sans",  # ships with matplotlib: widths are the same everywhere
    "font.size": 8,
    "legend.fontsize": 8,
    "legend.frameon": False,
    "savefig.facecolor": "none",
    "svg.fonttype": "none",
    "svg.hashsalt": "merbench",
    "text.color": INK,
    "xtick.color": RULE,
    "xtick.labelcolor": MUTED,
    "xtick.labelsize": 7.5,
    "xtick.major.size": 2.5,
    "xtick.major.width": 0.7,
    "ytick.color": RULE,
    "ytick.labelcolor": MUTED,
    "ytick.labelsize": 7.5,
    "ytick.major.size": 2.5,
    "ytick.major.width": 0.7,
}
_DRAWN: dict[str, str] = {}
"""Figures of this process, with `_KEY` for their key, by what they were drawn of."""
_MOST_DRAWN = 2_000
_KEY = "\x01"
"""Stands for a figure's key; XML has no such character, so no text of a figure holds it."""
_NUMBER = re.compile(r"(-?\d+\.\d\d)\d+")
_FONT = re.compile(r"font-family: [^;\"]+|(font: [\d. ]*[\d.]+px) [^;\"]+")


def drawn_once(
    figure: Callable[Concatenate[str, _Said], str],
) -> Callable[Concatenate[str, _Said], str]:
    """Let a function that draws, whose first argument is the key, draw the same only once.

    A site shows a figure on several pages, and `verify` draws those that `publish` has just drawn;
    drawing takes most of the time of both. What is equal in all arguments but the key is taken from
    the process's memory, with another key.
    """

    @functools.wraps(figure)
    def drawn(key: str, /, *said: _Said.args, **named: _Said.kwargs) -> str:
        told = pickle.dumps((figure.__qualname__, said, sorted(named.items())))
        place = hashlib.sha256(told).hexdigest()
        text = _DRAWN.get(place)
        if text is None:
            text = figure(_KEY, *said, **named)
            while len(_DRAWN) >= _MOST_DRAWN:
                del _DRAWN[next(iter(_DRAWN))]  # the oldest
            _DRAWN[place] = text
        return text.replace(_KEY, key)

    return drawn


def draw(
    key: str,
    size: tuple[float, float],
    paint: Callable[[Figure], None],
    *,
    title: str,
    description: str,
) -> str:
    """Draw a figure and return it as an `<svg>` element.

    Parameters
    ----------
    key
        Unique in the page: what the element's ids begin with.
    size
        Width and height in inches; one inch is 100 pixels on a page with room for it.
    paint
        Draws into the figure.
    title, description
        What people who cannot see it are told: what it is, and what it shows.
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=size)
        figure.patch.set_visible(False)
        paint(figure)
        buffer = io.StringIO()
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    body = _body(buffer.getvalue(), key)
    width, height = (72 * side for side in size)
    return (
        f'<svg role="img" aria-labelledby="{key}-t {key}-d" viewBox="0 0 {width:g} {height:g}" '
        'stroke-linejoin="round" '
        f'width="{PIXELS_PER_INCH * size[0]:g}" height="{PIXELS_PER_INCH * size[1]:g}">'
        f'<title id="{key}-t">{escape(title)}</title>'
        f'<desc id="{key}-d">{escape(description)}</desc>{body}</svg>'
    )


def _body(text: str, key: str) -> str:
    """Return what stands inside matplotlib's `<svg>`, in the page's terms and without waste."""
    start = text.index(">", text.index("<svg")) + 1
    body = text[start : text.rindex("</svg>")]
    body = re.sub(r"<metadata>.*?</metadata>|<style.*?</style>|<!--.*?-->", "", body, flags=re.S)
    for colour, variable in _VARIABLES.items():
        body = body.replace(colour, f"var({variable})")
    used = set(re.findall(r'(?:url\(|href=")#([^")]+)', body))
    body = re.sub(r' id="([^"]*)"', lambda m: f' id="{key}-{m[1]}"' if m[1] in used else "", body)
    body = re.sub(r'(url\(|href=")#', rf"\g<1>#{key}-", body)
    body = re.sub(r'="[^"]*"', lambda m: _NUMBER.sub(r"\1", m[0]), body)
    body = re.sub(r'(?<= d=")[^"]*', lambda m: _shorter_path(m[0]), body)
    body = _FONT.sub(lambda m: f"{m[1]} var(--sans)" if m[1] else "font-family: var(--sans)", body)
    body = body.replace("xlink:href", "href").replace("<defs></defs>", "")
    body = re.sub(r' transform="rotate\(-0 [^"]*"', "", body)
    return re.sub(r">\s+<", "><", re.sub(r"\s*\n\s*", " ", body)).strip()


def _shorter_path(path: str) -> str:
    """Write coordinates to a tenth of a point, and strokes without length as such."""
    short = " ".join(path.split())
    short = re.sub(r"-?\d+\.\d+", lambda m: f"{float(m[0]):.1f}".removesuffix(".0"), short)
    short = re.sub(r"M (\S+ \S+) L \1(?= |$)", r"M\1h0", short)
    return re.sub(r" ?([MLCQZz]) ?", r"\1", short).strip()


def bare(figure: Figure, left: float, right: float, bottom: float, top: float) -> Axes:
    """Add axes with margins given in inches, which cost no search for a layout."""
    width, height = figure.get_size_inches()
    axes = figure.add_axes(
        (
            left / width,
            bottom / height,
            1 - (left + right) / width,
            1 - (bottom + top) / height,
        )
    )
    axes.patch.set_visible(False)
    return axes


def dots(
    axes: Axes,
    x: NDArray[Any] | Sequence[float],
    y: NDArray[Any] | Sequence[float],
    *,
    colour: str,
    size: float = 3.0,
    alpha: float = 0.5,
) -> None:
    """Draw points as one path of strokes without length: a tenth of what markers take.

    Where many points lie on each other, one path does not darken; `alpha` is that of the whole.
    """
    import numpy as np
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path

    points = np.column_stack([np.asarray(x, float), np.asarray(y, float)])
    if not len(points):
        return
    codes = np.tile(np.array([Path.MOVETO, Path.LINETO], dtype=Path.code_type), len(points))
    path = Path(np.repeat(points, 2, axis=0), codes)
    path.should_simplify = False
    patch = PathPatch(
        path,
        fill=False,
        edgecolor=colour,
        linewidth=size,
        capstyle="round",
        alpha=alpha,
        zorder=3,
    )
    axes.add_artist(patch)  # not add_patch, which measures every stroke
