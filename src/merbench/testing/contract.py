"""How one check ends."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from merbench.errors import reason


class Result(NamedTuple):
    """How one check ended."""

    check: str
    status: str
    """"passed", "failed" or "skipped"."""
    detail: str = ""


class BrokenError(Exception):
    """A contract is not kept; its text says how."""


def demand(kept: bool, otherwise: str) -> None:
    """Raise `BrokenError` where a contract is not kept."""
    if not kept:
        raise BrokenError(otherwise)


def attempt(name: str, work: Callable[[], object]) -> Result:
    """Run one check; a text that it returns is its detail, or why it was skipped."""
    with _interrupts() as pressed:
        try:
            detail = work()
        except BrokenError as broken:
            return Result(name, "failed", str(broken))
        except BaseException as error:  # a plugin may raise SystemExit, or KeyboardInterrupt
            if pressed:
                raise
            return Result(name, "failed", reason(error))
    text = detail if isinstance(detail, str) else ""
    if text.startswith("skipped: "):
        return Result(name, "skipped", text.removeprefix("skipped: "))
    return Result(name, "passed", text)


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
