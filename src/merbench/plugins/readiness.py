"""Asking plugins whether they can work here."""

from __future__ import annotations

import contextlib
import pickle
import traceback
from collections.abc import Sequence

from merbench.components import Component
from merbench.errors import MerbenchError, PluginError, reason, text_of
from merbench.plugins import containment, trial, whereabouts
from merbench.plugins.discovery import _foreign, _Source


class NotAskedError(PluginError):
    """A component did not answer whether it is ready: its `ready()` is broken."""


def ready(component: Component) -> None:
    """Ask a component whether it can work here.

    Raises
    ------
    MerbenchError
        It cannot, and says why.
    NotAskedError
        Asking raised something else, ended or crashed the process, or took too long.
    """
    asked = b""
    if _foreign and trial.wanted():
        with contextlib.suppress(Exception):  # that it cannot be sent shows when it should work
            asked = pickle.dumps(component)
    sources = [source for name, source in _foreign.items() if name.encode() in asked]
    if sources:
        top = type(component).__module__.partition(".")[0]
        home = (_foreign.get(top) or sources[0]).home
        answer = trial.call_apart(_ask, sources, asked, home=home)
    else:
        with containment.contained():
            answer = _asked(component)
    if answer.said:
        raise MerbenchError(answer.said)
    if answer.fault:
        raise NotAskedError(f"{component.name} is not ready: {answer.fault}")


def _ask(sources: Sequence[_Source], asked: bytes) -> trial.Answer:
    for source in sources:
        source.load()
    return _asked(pickle.loads(asked))


def _asked(component: Component) -> trial.Answer:
    try:
        component.ready()
    except MerbenchError as error:
        return trial.Answer(said=text_of(error))
    except (Exception, SystemExit) as error:
        return trial.Answer(
            f"{reason(error)}{whereabouts.place(error, short=True)}", traceback.format_exc()
        )
    return trial.Answer()
