"""How one check ends."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

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
    try:
        detail = work()
    except BrokenError as broken:
        return Result(name, "failed", str(broken))
    except (Exception, SystemExit) as error:
        return Result(name, "failed", reason(error))
    text = detail if isinstance(detail, str) else ""
    if text.startswith("skipped: "):
        return Result(name, "skipped", text.removeprefix("skipped: "))
    return Result(name, "passed", text)
