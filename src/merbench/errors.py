"""The errors a user is meant to read: one sentence that says what, where, and what to do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

__all__ = [
    "AudioError",
    "MerbenchError",
    "PluginError",
    "SpecError",
    "StoreError",
    "TableError",
    "data_fault",
    "kind_of",
    "printable",
    "reason",
    "text_of",
]


def printable(text: str) -> str:
    r"""Return text that every table, file and terminal takes.

    Python holds bytes of a file's name that are not valid UTF-8 as lone surrogates, which cannot
    be written anywhere; they are spelt out, as in `caf\udce9.wav`.
    """
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


class MerbenchError(Exception):
    """Base of every error shown without a traceback.

    Whatever arguments a subclass is made from, it survives the way from a worker process to the
    terminal: it is rebuilt there from its text, not from its arguments.
    """

    def __init__(self, *args: object) -> None:
        super().__init__(*(printable(arg) if isinstance(arg, str) else arg for arg in args))

    def within(self, place: str) -> MerbenchError:
        """Return the same error, its sentence preceded by the name of what it is about."""
        text = f"{place}: {text_of(self)}"
        error = _rebuilt(type(self), text, self.__dict__)
        # A class with a `__str__` of its own would leave the place out.
        return error if text_of(error) == text else MerbenchError(text)

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuilt, (type(self), str(self), self.__dict__)


def _rebuilt(cls: type[MerbenchError], text: str, state: dict[str, Any]) -> MerbenchError:
    error = cls.__new__(cls)
    error.args = (text,)
    error.__dict__.update(state)
    return error


class AudioError(MerbenchError):
    """A recording cannot be used."""


class SpecError(MerbenchError):
    """A benchmark file says something that cannot be run."""


class PluginError(MerbenchError):
    """A plugin cannot be found, loaded, or breaks its contract."""


class StoreError(MerbenchError):
    """The store cannot be read or written."""


class ChangedError(MerbenchError):
    """A file is no longer what the plan was made of."""


class TableError(MerbenchError):
    """A table that somebody wrote cannot be used.

    Parameters
    ----------
    where
        The file, and the line where one is to blame: `labels.csv:12`.
    message
        What is wrong there, and what to do about it.
    """

    def __init__(self, where: str | Path, message: str) -> None:
        super().__init__(f"{where}: {message}")
        self.where, self.message = str(where), message


def text_of(error: BaseException) -> str:
    """Return an error's text in one line, whatever state the error is in."""
    try:
        return " ".join(str(error).split())
    except BaseException as broken:
        return f"its text cannot be shown, for asking for it raised {type(broken).__name__}"


def reason(error: BaseException) -> str:
    """Return an error's kind, and its text if it has one, in one line."""
    return ": ".join(filter(None, [type(error).__name__, text_of(error)]))


def kind_of(value: object) -> str:
    """Name what somebody returned in place of what was asked for, by its type."""
    return "None" if value is None else f"a value of the type {type(value).__name__}"


_SHOWN = 200


def data_fault(error: BaseException) -> str:
    """Say in plain words what is wrong with data that an error came of.

    Whoever sent the data does not know Python's names of errors: for a program's own faults, and a
    plugin's, there is `reason`.
    """
    text = text_of(error)
    text = text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
    if isinstance(error, KeyError):
        return f"{text} is missing"
    if isinstance(error, IndexError):
        return "something in it is shorter than it should be"
    if isinstance(error, (TypeError, AttributeError)):
        return "a value in it is of another kind than it should be"
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    if isinstance(error, MemoryError):
        return "it needs more memory than there is"
    if isinstance(error, OverflowError):
        return "a number in it is too large"
    return text or "nothing more is known"
