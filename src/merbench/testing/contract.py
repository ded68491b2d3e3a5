"""How one check ends."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from types import TracebackType
from typing import Any, NamedTuple

from merbench.errors import MerbenchError, reason


class Result(NamedTuple):
    """How one check ended."""

    check: str
    status: str
    """"passed", "failed" or "skipped"."""
    detail: str = ""
    """What was found, or done."""
    place: str = ""
    """Of a failed check: where in the author's file, as file:line."""
    why: str = ""
    """Why it matters."""
    write: str = ""
    """The line to write."""


class BrokenError(Exception):
    """A contract is not kept; its text says how."""


def demand(kept: bool, otherwise: str) -> None:
    """Raise `BrokenError` where a contract is not kept."""
    if not kept:
        raise BrokenError(otherwise)


def attempt(name: str, work: Callable[[], object], own: Sequence[str] = ()) -> Result:
    """Run one check; a text that it returns is its detail, or why it was skipped.

    Parameters
    ----------
    name
        Of the check.
    work
        What it does.
    own
        The author's files and folders, in which what is raised is placed.
    """
    with _interrupts() as pressed:
        try:
            detail = work()
        except BrokenError as broken:
            return Result(name, "failed", str(broken))
        except BaseException as error:  # a plugin may raise SystemExit, or KeyboardInterrupt
            if pressed:
                raise
            place = innermost(error.__traceback__, own)
            # What merbench itself found in what a plugin returned, nobody's line raised.
            judged = isinstance(error, MerbenchError) and own and not place
            return Result(name, "failed", str(error) if judged else reason(error), place)
    text = detail if isinstance(detail, str) else ""
    if text.startswith("skipped: "):
        return Result(name, "skipped", text.removeprefix("skipped: "))
    return Result(name, "passed", text)


def innermost(trace: TracebackType | None, own: Sequence[str]) -> str:
    """Return the last line of a traceback that stands in an author's files, as file:line."""
    place = ""
    while trace is not None:
        file = trace.tb_frame.f_code.co_filename
        if file.startswith(tuple(own)):
            place = f"{file}:{trace.tb_lineno}"
        trace = trace.tb_next
    return place


@contextlib.contextmanager
def _interrupts() -> Iterator[list[int]]:
    """Hand out a list that is filled when Ctrl-C is pressed: what a plugin raises is its fault."""
    pressed: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield pressed
        return
    before = signal.getsignal(signal.SIGINT)

    def note(number: int, frame: Any) -> None:
        pressed.append(number)
        if callable(before):
            before(number, frame)

    signal.signal(signal.SIGINT, note)
    try:
        yield pressed
    finally:
        signal.signal(signal.SIGINT, before)
