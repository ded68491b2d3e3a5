"""Running one step in a worker, whatever engine has sent it there."""

from __future__ import annotations

import pickle
import traceback
import warnings
from collections.abc import Callable

from merbench import devices
from merbench.engines.schedule import Failure
from merbench.errors import MerbenchError
from merbench.steps.batch import SomeFailedError
from merbench.steps.step import Step
from merbench.steps.store import Store


def sent(step: Step) -> tuple[str, bytes]:
    """Return a step as it goes to a worker: the device that it occupies, and its pickle."""
    return step.occupies, pickle.dumps(step)


def run(
    sent: tuple[str, bytes], store: Store, begin: Callable[[], None] = lambda: None
) -> Failure | None:
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
    device, pickled = sent

    def do() -> None:
        with devices.turn(store.folder, device):
            begin()
            step: Step = pickle.loads(pickled)
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
    if isinstance(error, MerbenchError):
        return Failure(str(error), trace)
    if isinstance(error, MemoryError):
        return Failure("ran out of memory; lower --jobs", trace)
    return Failure(f"{type(error).__name__}: {error}", trace)
