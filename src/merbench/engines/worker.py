"""Running one step in a worker, whatever engine has sent it there."""

from __future__ import annotations

import pickle
import traceback
import warnings
from collections.abc import Callable
from typing import NamedTuple

from merbench import devices
from merbench.components.base import plugin_sources
from merbench.engines.schedule import Failure
from merbench.errors import MerbenchError, reason
from merbench.network import refused
from merbench.plugins import whereabouts
from merbench.steps.batch import SomeFailedError
from merbench.steps.step import Step
from merbench.steps.store import Store


class Sent(NamedTuple):
    """A step as it goes to a worker.

    Attributes
    ----------
    key
        Of the artifact that it leaves.
    occupies
        The device that it must have for itself.
    sources
        The packages and files of the plugins that take part in it.
    pickled
        The step; whoever passes it on need not have its plugins.
    """

    key: str
    occupies: str
    sources: frozenset[str]
    pickled: bytes


def sent(step: Step) -> Sent:
    """Return a step as it goes to a worker."""
    return Sent(step.key, step.occupies, plugin_sources(*step.plugins), pickle.dumps(step))


def unsendable(error: BaseException) -> str:
    """Say in words why a step could not be made ready for a worker."""
    return (
        f"cannot be sent to a worker process ({error}); "
        "define the plugin's classes at the top of its module"
    )


def run(sent: Sent, store: Store, begin: Callable[[], None] = lambda: None) -> Failure | None:
    """Run a step once its turn on its device has come, and return what went wrong.

    Parameters
    ----------
    sent
        From the function of that name.
    store
        Where the step finds what it needs, and leaves its artifact.
    begin
        Called when the turn has come: waiting for it is no part of the step's time.
    """

    def do() -> None:
        with devices.turn(store.folder, sent.occupies):
            begin()
            step: Step = pickle.loads(sent.pickled)
            step.run(store)

    return guarded(do)


def guarded(do: Callable[[], object]) -> Failure | None:
    """Do something and return what went wrong."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            do()
    except SomeFailedError as error:
        parts = {key: _failure(each) for key, each in error.failed.items()}
        return Failure(str(error), "", parts)
    except BaseException as error:  # a plugin may even call sys.exit
        return _failure(error)
    return None


def _failure(error: BaseException) -> Failure:
    trace = "".join(traceback.format_exception(error))
    error = refused(error) or error
    if isinstance(error, MerbenchError):
        return Failure(str(error), trace)
    if isinstance(error, MemoryError):
        return Failure("ran out of memory; lower --jobs", trace)
    return Failure(f"{reason(error)}{whereabouts.place(error, short=True)}", trace)
