"""What is waited for is said where it takes long and nothing bounds it."""

from __future__ import annotations

import contextlib
import sys
import threading
from collections.abc import Iterator

__all__ = ["LONG", "said_if_long"]

LONG = 30.0
"""Seconds after which a user is told."""


@contextlib.contextmanager
def said_if_long(what: str) -> Iterator[None]:
    """Say on standard error what goes on, once, if it takes longer than `LONG`.

    A plan asks plugins for clips and splits in the process of the command itself, where no time
    limit ends what never ends: so that nobody waits without knowing for whom.

    Parameters
    ----------
    what
        Such as "clips() of my-data".
    """

    def say() -> None:
        note = f"note: {what} has been running for {LONG:.0f} s; Ctrl-C ends the command"
        print(note, file=sys.stderr, flush=True)

    timer = threading.Timer(LONG, say)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
