"""The errors a user is meant to read: one sentence that says what, where, and what to do."""

from __future__ import annotations

from pathlib import Path
from typing import Any


class MerbenchError(Exception):
    """Base of every error shown without a traceback.

    Whatever arguments a subclass is made from, it survives the way from a worker process to the
    terminal: it is rebuilt there from its text, not from its arguments.
    """

    def within(self, place: str) -> MerbenchError:
        """Return the same error, its sentence preceded by the name of what it is about."""
        text = f"{place}: {self}"
        error = _rebuilt(type(self), text, self.__dict__)
        # A class with a `__str__` of its own would leave the place out.
        return error if str(error) == text else MerbenchError(text)

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
