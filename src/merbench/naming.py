"""Names that users write: the nearest right one for a wrong one."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def closest(name: str, names: Iterable[str]) -> str | None:
    """Return the right name that a wrong one is like, where there is one."""
    return next(iter(difflib.get_close_matches(name, sorted(names), n=1, cutoff=0.6)), None)


def nearest(name: str, names: Iterable[str]) -> str:
    """Return '; did you mean …?' or the list of right names, to end an error with."""
    names = sorted(names)
    if close := closest(name, names):
        return f"; did you mean {close!r}?"
    return f"; choose from {', '.join(names)}" if names else ""
