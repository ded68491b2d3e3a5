"""Numbers as people read them, on a terminal and on pages."""

from __future__ import annotations

import math
import re
from typing import Any

__all__ = ["DASH", "counted", "duration", "number_text", "p_text", "size", "visible"]

DASH = "–"
"""What stands where there is no number."""

_UNSEEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""Characters that a terminal obeys and does not show: controls but for tabs and line ends, and
those that turn the direction of writing."""


def visible(text: str) -> str:
    r"""Return a text that a terminal shows and does not obey: what it would obey is spelt out.

    A stranger's file may hold `\x1b[2J`, which clears the screen, or worse.
    """
    return _UNSEEN.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def number_text(value: Any, digits: int = 3, *, signed: bool = False) -> str:
    """Write a number for a table, or a dash where there is none."""
    if _is_missing(value):
        return DASH
    rounded = round(float(value), digits) + 0.0  # no minus before a zero
    return f"{rounded:{'+' if signed else ''}.{digits}f}"


def p_text(p: float | None) -> str:
    """Write a p-value for a table, or a dash where there is none."""
    if _is_missing(p):
        return DASH
    return "< 0.001" if p is not None and p < 0.001 else f"{p:.3f}"


def counted(n: object, word: str) -> str:
    """Write how many there are of what a word says: `1 fold`, `2 folds`."""
    return f"{n} {word}{'s' if n != 1 else ''}"


def duration(seconds: float | None) -> str:
    """Write a length of time as people say it, or a dash where there is none."""
    if seconds is None or _is_missing(seconds):
        return DASH
    if seconds < 90:
        return f"{seconds:.1f} s" if seconds < 9.95 else f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def size(megabytes: float) -> str:
    """Write an amount of data as people say it; small ones so that none reads as nothing."""
    if 0 < megabytes < 0.95:
        return f"{megabytes * 1000:.1f} kB"
    return f"{megabytes:.0f} MB" if megabytes < 999.5 else f"{megabytes / 1000:.1f} GB"


def _is_missing(value: Any) -> bool:
    return value is None or not math.isfinite(float(value))
