"""Plugins tried in a process of their own before this one touches them.

Whatever a plugin does while it is imported or asked whether it is ready (leave, crash, hang, close
standard output, replace somebody's function) it does there first, and a sentence says so here.
"""

from __future__ import annotations

import atexit
import contextlib
import faulthandler
import json
import multiprocessing
import os
import pickle
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, NamedTuple

from merbench.downloads import forbidden
from merbench.errors import PluginError, reason
from merbench.network import refuse_connections
from merbench.plugins.containment import Surroundings, leave_if_copied

PATIENCE = 60.0
"""Seconds that importing a plugin, or asking whether it is ready, may take unless a user says."""
LEAST = 5.0
"""Seconds that it may take at least: a bound meant for tasks may be shorter than an import."""

_FRAME = re.compile(
    r'^  File "(?P<file>[^"]+)", line (?P<line>\d+) in (?P<where>.+)$', re.MULTILINE
)
_START_SECONDS = 120.0
_LEAVE_SECONDS = 2.0

_patience = PATIENCE


def wait_at_most(seconds: float | None) -> None:
    """Set how long an import or `ready()` may take in this process; None for the usual bound."""
    global _patience
    _patience = PATIENCE if seconds is None else max(LEAST, seconds)


def wanted() -> bool:
    """Tell whether plugins are to be tried: a worker's parent has done so already."""
    return _child is not None and multiprocessing.parent_process() is None


class Answer(NamedTuple):
    """What came of a trial: nothing to complain of, or a fault and its traceback."""

    fault: str = ""
    trace: str = ""
    said: str = ""
    """What a plugin itself said of why it is not ready."""


def call_apart(do: Callable[..., Answer], *arguments: Any, home: str) -> Answer:
    """Call a function in the process where plugins are tried.

    Parameters
    ----------
    do, arguments
        A function of a module and what it is given; all of it is pickled.
    home
        The plugin's file or folder: where it hung or crashed is named by the line in it.
    """
    assert _child is not None
    return _child.ask(pickle.dumps((do, arguments)), home)


# --- the process that asks ------------------------------------------------------------------------


class _Child:
    """The process where plugins are tried: started when first needed, and anew when it is lost."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._owner = 0

    def ask(self, request: bytes, home: str) -> Answer:
        if self._process is not None and self._process.poll() is not None:
            self.stop()  # it ended between two questions: nobody who is asked for now is to blame
        if self._process is None or self._owner != os.getpid():
            self._start()
        assert self._process is not None
        surroundings = (str(Path.cwd()), dict(os.environ), list(sys.path), _patience)
        with contextlib.suppress(OSError):  # a child that is gone shows when it should answer
            self._pipe.send((surroundings, request))
        deadline = time.monotonic() + _patience
        try:
            if self._pipe.poll(max(0.0, deadline - time.monotonic())):
                answer: Answer = self._pipe.recv()
                if answer.fault:  # nor is the process what it was
                    self.stop()
                return answer
        except (EOFError, OSError):
            return self._lost(home)
        except KeyboardInterrupt:
            self.stop()
            raise
        return self._hung(home)

    def _start(self) -> None:
        ours, theirs = multiprocessing.Pipe()
        self._traces, writing = os.pipe()
        code = (
            "import json, sys; sys.path[:] = json.loads(sys.argv[1]); "
            "from merbench.plugins import trial; trial.serve(*map(int, sys.argv[2:]))"
        )
        self._process = subprocess.Popen(
            [sys.executable, "-c", code, json.dumps(sys.path), str(theirs.fileno()), str(writing)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=(theirs.fileno(), writing),
            # A group of its own: what a plugin leaves behind ends with it, Ctrl-C is ours to hear.
            start_new_session=True,
        )
        self._owner = os.getpid()
        self._pipe = ours
        theirs.close()
        os.close(writing)
        try:
            started = ours.poll(_START_SECONDS) and ours.recv()
        except (EOFError, OSError):
            started = False
        if not started:
            self.stop()
            raise PluginError("the process where plugins are tried does not start; run again")

    def _lost(self, home: str) -> Answer:
        assert self._process is not None
        try:
            status = self._process.wait(_LEAVE_SECONDS)
        except subprocess.TimeoutExpired:
            status = None  # it closed the pipe and lives on
        where = self._where(home)
        self.stop()
        if status is None:
            return Answer(f"it closed the files of the process{where}")
        if status < 0:
            return Answer(f"it crashed the process by {signal.Signals(-status).name}{where}")
        return Answer(f"it ended the process with status {status}{where}")

    def _hung(self, home: str) -> Answer:
        assert self._process is not None
        with contextlib.suppress(OSError):
            self._process.send_signal(signal.SIGABRT)  # faulthandler then writes where it stands
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_LEAVE_SECONDS)
        where = self._where(home)
        self.stop()
        return Answer(f"it took longer than {_patience:g} s{where}; raise --timeout")

    def _where(self, home: str) -> str:
        """Say where a lost process stood: the innermost line of the plugin's, or any."""
        os.set_blocking(self._traces, False)
        try:
            text = os.read(self._traces, 2**16).decode(errors="replace")
        except OSError:
            text = ""
        frames = [m for m in _FRAME.finditer(text) if not m["file"].startswith("<")]
        own = [m for m in frames if m["file"] != __file__ and m["file"].startswith(home or "\0")]
        for frame in own or [m for m in frames if m["file"] != __file__]:
            return f" at {frame['file']}:{frame['line']}, in {frame['where']}"
        return ""

    def stop(self) -> None:
        """End the process and whatever it started."""
        if self._process is None or self._owner != os.getpid():
            return
        with contextlib.suppress(OSError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._process = None
        self._pipe.close()
        os.close(self._traces)


_asking = _Child()
_child: _Child | None = _asking
atexit.register(_asking.stop)


# --- the process that is asked --------------------------------------------------------------------


def serve(pipe: int, traces: int) -> None:
    """Be the process where plugins are tried, until the one that asks is gone."""
    global _child
    _child = None
    connection = Connection(pipe)
    faulthandler.enable(traces)
    connection.send(True)
    # Its end is no concern of the plugins tried here: no hook of theirs runs.
    leave = os._exit
    while True:
        try:
            (folder, environment, path, seconds), request = connection.recv()
        except (EOFError, OSError):
            leave(0)
        with contextlib.suppress(OSError):
            os.chdir(folder)
        os.environ.clear()
        os.environ.update(environment)
        sys.path[:] = path
        if forbidden():
            refuse_connections()
        # Should the one that asks be killed meanwhile, this ends what hangs.
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.setitimer(signal.ITIMER_REAL, seconds + 2 * _LEAVE_SECONDS)
        answer = _answer(request)
        signal.setitimer(signal.ITIMER_REAL, 0)
        connection.send(answer)


def _answer(request: bytes) -> Answer:
    surroundings, before, process = Surroundings.now(), _streams(), os.getpid()
    threads = set(threading.enumerate())
    try:
        do, arguments = pickle.loads(request)
        answer: Answer = do(*arguments)
    except BaseException as error:
        import traceback

        answer = Answer(reason(error), traceback.format_exc())
    leave_if_copied(process)
    closed = [name for name, stream in _streams().items() if stream != before[name]]
    if closed and not answer.fault:
        answer = Answer(f"it closed {' and '.join(closed)}")
    lasting = [t for t in set(threading.enumerate()) - threads if t.is_alive() and not t.daemon]
    if lasting and not answer.fault:
        answer = Answer(
            f"it started the thread {lasting[0].name!r}, which keeps every command from ending; "
            "make it a daemon, or start it when work is done"
        )
    surroundings.restore()
    return answer


def _streams() -> dict[str, Any]:
    """Return what tells an open stream from a closed one, by its name."""
    found: dict[str, Any] = {}
    named = {"standard output": (1, sys.stdout), "standard error": (2, sys.stderr)}
    for name, (number, stream) in named.items():
        try:
            status = os.fstat(number)
            found[name] = (
                status.st_dev,
                status.st_ino,
                bool(getattr(stream, "closed", stream is None)),
            )
        except OSError:
            found[name] = None
    return found
