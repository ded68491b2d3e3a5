"""What a plugin's code may change of the process that it runs in: it is put back, or named."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
import types
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from merbench.plugins.importing import PREFIX


@dataclass(frozen=True)
class Surroundings:
    """What of this process a plugin may change in passing."""

    folder: str
    filters: list[Any]
    handlers: dict[signal.Signals, Any]
    streams: tuple[Any, Any, Any]
    recursion: int
    hook: Any

    @classmethod
    def now(cls) -> Surroundings:
        # Only the main thread sets handlers, so only there can they have changed.
        main = threading.current_thread() is threading.main_thread()
        kept = (signal.SIGINT, signal.SIGTERM, signal.SIGCHLD, signal.SIGALRM, signal.SIGPIPE)
        return cls(
            str(Path.cwd()),
            list(warnings.filters),
            {s: signal.getsignal(s) for s in kept} if main else {},
            (sys.stdin, sys.stdout, sys.stderr),
            sys.getrecursionlimit(),
            sys.excepthook,
        )

    def restore(self) -> None:
        with contextlib.suppress(OSError):
            os.chdir(self.folder)
        if warnings.filters != self.filters:
            warnings.filters[:] = self.filters  # type: ignore[index]
            warnings._filters_mutated()  # type: ignore[attr-defined]
        for number, handler in self.handlers.items():
            if handler is not None and signal.getsignal(number) is not handler:
                signal.signal(number, handler)
        sys.stdin, sys.stdout, sys.stderr = self.streams
        sys.setrecursionlimit(self.recursion)
        sys.excepthook = self.hook


_thread = threading.local()


@contextlib.contextmanager
def contained() -> Iterator[None]:
    """Let a plugin's code run; what it prints goes to standard error, what it changes is put back.

    That is the working folder, handlers of signals, filters of warnings, the standard streams, and
    standard output below Python, where libraries in C and child processes write. Within a block
    that sees to it already, nothing more is done.
    """
    if getattr(_thread, "contained", False):
        yield
        return
    _thread.contained = True
    before, process = Surroundings.now(), os.getpid()
    kept = None
    with contextlib.suppress(OSError, ValueError):
        sys.stdout.flush()
    with contextlib.suppress(OSError):
        kept = os.dup(1)
        os.dup2(2, 1)
    sys.stdout = sys.stderr
    try:
        yield
    finally:
        _thread.contained = False
        leave_if_copied(process)
        before.restore()
        if kept is not None:
            os.dup2(kept, 1)
            os.close(kept)


def leave_if_copied(process: int) -> None:
    """End a copy of the process that a plugin made by forking and let go on with our work."""
    if os.getpid() != process:
        os._exit(0)


def replaced(module: str) -> str:
    """Name a function or class of somebody else's that a module has put its own in place of."""
    own = module.partition(".")[0]
    folder = _plugin_folder(own)
    theirs = [
        (name, other)
        for name, other in list(sys.modules.items())
        if isinstance(other, types.ModuleType)
        and name not in (own, "__main__", "sys")
        and not name.startswith(f"{own}.")
        # Files of one folder may import each other's.
        and not (folder and folder == _plugin_folder(name.partition(".")[0]))
    ]
    for name, other in theirs:
        for attribute, value in list(vars(other).items()):
            if isinstance(value, types.FunctionType):
                source = value.__globals__.get("__name__")
            elif isinstance(value, type):
                source = value.__module__
            else:
                continue
            if isinstance(source, str) and (source == own or source.startswith(f"{own}.")):
                return f"{name}.{attribute}"
    return ""


def _plugin_folder(module: str) -> str:
    """Return the folder that a plugin file or package lies in, or nothing if it is installed."""
    file = getattr(sys.modules.get(module), "__file__", None)
    if not module.startswith(PREFIX) or not isinstance(file, str):
        return ""
    path = Path(file)
    return str(path.parent.parent if path.name == "__init__.py" else path.parent)
