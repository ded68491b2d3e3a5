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


class ChangedError(MerbenchError):
    """A file is no longer what the plan was made of."""
