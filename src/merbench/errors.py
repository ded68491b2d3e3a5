"""The errors a user is meant to read: one sentence that says what, where, and what to do."""


class MerbenchError(Exception):
    """Base of every error shown without a traceback."""


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
