"""The errors a user is meant to read: one sentence that says what, where, and what to do."""

from __future__ import annotations

__all__ = [
    "AudioError",
    "MerbenchError",
    "PluginError",
    "SpecError",
    "StoreError",
    "printable",
]


def printable(text: str) -> str:
    r"""Return text that every table, file and terminal takes.

    Python holds bytes of a file's name that are not valid UTF-8 as lone surrogates, which cannot
    be written anywhere; they are spelt out, as in `caf\udce9.wav`.
    """
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


class MerbenchError(Exception):
    """Base of every error shown without a traceback."""

    def __init__(self, *args: object) -> None:
        super().__init__(*(printable(arg) if isinstance(arg, str) else arg for arg in args))


class AudioError(MerbenchError):
    """A recording cannot be used."""


class SpecError(MerbenchError):
    """A benchmark file says something that cannot be run."""


class PluginError(MerbenchError):
    """A plugin cannot be found, loaded, or breaks its contract."""


class StoreError(MerbenchError):
    """The store cannot be read or written."""


def text_of(error: BaseException) -> str:
    """Return an error's text in one line, whatever state the error is in."""
    try:
        return " ".join(str(error).split())
    except BaseException as broken:
        return f"its text cannot be shown, for asking for it raised {type(broken).__name__}"


def reason(error: BaseException) -> str:
    """Return an error's kind and text in one line."""
    return f"{type(error).__name__}: {text_of(error)}"
