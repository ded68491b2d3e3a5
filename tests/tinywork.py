"""Tasks that do nothing, or something to their worker process; quick to import in one."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from merbench.steps.step import Step
from merbench.steps.store import Store


@dataclass(frozen=True)
class TinyStep(Step):
    """A task that does nothing."""

    key: str
    needs: tuple[str, ...] = ()
    stage = "fit"

    @property
    def title(self) -> str:
        return f"step {self.key}"


@dataclass(frozen=True)
class Act(Step):
    """A task that does something to its worker process."""

    key: str
    act: Callable[[], None]
    needs: tuple[str, ...] = ()
    device: str = "cpu"
    alike: str | None = None
    gains: int = 1
    stage = "fit"

    @property
    def occupies(self) -> str:
        return self.device

    @property
    def title(self) -> str:
        return f"act {self.key}"

    def run(self, store: Store) -> None:
        self.act()
        (store.folder / self.key).write_text(str(os.getpid()))


def nothing() -> None:
    pass


def write_variable(name: str, path: str) -> None:
    """Write what the environment has under a name into a file."""
    Path(path).write_text(os.environ.get(name, ""))


def die_soon() -> None:
    """Leave the worker, but only after the task has ended."""
    threading.Timer(0.2, os._exit, [5]).start()


def trace_a_while() -> None:
    """Write into `$TINY_TRACE` when it began and, 0.3 s later, when it ended."""
    began = time.monotonic()
    time.sleep(0.3)
    with Path(os.environ["TINY_TRACE"]).open("a") as file:
        file.write(f"{began} {time.monotonic()}\n")


def be_killed() -> None:
    os.kill(os.getpid(), 9)


def leave_a_child() -> None:
    """Die with a child left, named in `$TINY_TRACE`, that keeps everything open."""
    child = os.fork()
    if child == 0:
        time.sleep(60)
        os._exit(0)
    Path(os.environ["TINY_TRACE"]).write_text(str(child))
    os._exit(6)


def leave_children() -> None:
    """End well, with two processes left, named in `$TINY_TRACE`: a child, and a child's child."""
    trace = os.environ["TINY_TRACE"]
    child = subprocess.Popen(["sleep", "60"], start_new_session=True)
    code = (
        "import subprocess; print(subprocess.Popen(['sleep', '60'], stdout=subprocess.DEVNULL).pid)"
    )
    orphan = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    Path(trace).write_text(f"{child.pid} {orphan.stdout}")


def wait_for_a_child_that_eats() -> None:
    """Wait for a child that takes 400 MB and sleeps."""
    code = "import time; held = b'x' * 400_000_000; time.sleep(60)"
    subprocess.run([sys.executable, "-c", code])


class Unreadable:
    """Can be sent, and not read."""

    def __reduce__(self):
        return _refuse_in_workers, ()

    def __call__(self) -> None:
        pass


def _refuse_in_workers() -> Unreadable:
    if multiprocessing.parent_process() is not None:
        raise ImportError("no such plugin here")
    return Unreadable()


def work_of(store: Store, key: str) -> int:
    """Process that did a task."""
    return int((store.folder / key).read_text())
