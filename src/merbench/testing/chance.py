"""Global random state: what a plugin's own lines do to it, and what a library does for them.

A plugin takes all chance from the seed that it is given. Its own draw from a global generator is a
fault, and so is a result that follows one; a draw by a library that decides nothing is neither.
"""

from __future__ import annotations

import contextlib
import functools
import linecache
import random
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from merbench.components import Component
from merbench.digests import files_beside
from merbench.testing.contract import BrokenError

T = TypeVar("T")


class Touch(NamedTuple):
    """A line that touched global random state."""

    generator: str
    file: str
    line: int

    def __str__(self) -> str:
        text = linecache.getline(self.file, self.line).strip()
        return f"of {self.generator} at {self.file}:{self.line}" + (f" (`{text}`)" if text else "")


class Watch:
    """Watches a component's use of global random state.

    Parameters
    ----------
    component
        The component. The files of its author are those in which its class stands, and the classes
        that it builds on.
    """

    def __init__(self, component: Component) -> None:
        self._own = files_of_author(component)
        self._innocent = False

    def __call__(self, work: Callable[[], T]) -> T:
        """Do some of the component's work and return what it gives.

        It is done again, line by line, where a global generator is not what it was before.

        Raises
        ------
        BrokenError
            A line of the component's author touched a global generator.
        """
        before = states()
        result = work()
        after = states()
        if not self._innocent and after != {n: before.get(n) or _fresh_torch() for n in after}:
            with disturbed():  # seeding with what was seeded before changes nothing
                touch = touched_by(work, self._own)
            if touch:
                raise BrokenError(
                    f"it used the global random state {touch}; use the seed it is given"
                )
            self._innocent = True
        return result


def states() -> dict[str, Any]:
    """Return the state of every global generator that is loaded, to compare."""
    numpy: Any = np.random.get_state()  # noqa: NPY002
    found: dict[str, Any] = {
        "random": random.getstate(),
        "numpy": (numpy[1].tobytes(), *numpy[2:]),
    }
    if "torch" in sys.modules:
        found["torch"] = sys.modules["torch"].random.get_rng_state().numpy().tobytes()
    return found


def _fresh_torch() -> bytes:
    """Return the state of a torch that was first imported just now."""
    torch = sys.modules["torch"]
    state: bytes = torch.Generator().manual_seed(torch.initial_seed()).get_state().numpy().tobytes()
    return state


GENERATORS = ("random", "numpy", "torch")


@contextlib.contextmanager
def preserved() -> Iterator[None]:
    """Put every global generator back to what it is now."""
    python, numpy = random.getstate(), np.random.get_state()  # noqa: NPY002
    torch = sys.modules.get("torch")
    state = torch.random.get_rng_state() if torch else None
    try:
        yield
    finally:
        random.setstate(python)
        np.random.set_state(numpy)  # noqa: NPY002
        if torch:
            torch.random.set_rng_state(state)


@contextlib.contextmanager
def disturbed(*generators: str) -> Iterator[None]:
    """Set global generators, all where none is named, to another state for a while."""
    generators = generators or GENERATORS
    with preserved():
        if "random" in generators:
            random.seed(random.random())
        if "numpy" in generators:
            np.random.seed(np.random.randint(2**31))  # noqa: NPY002
        torch = sys.modules.get("torch")
        if "torch" in generators and torch:
            seed = 1 + torch.initial_seed() % 2**31
            torch.random.set_rng_state(torch.Generator().manual_seed(seed).get_state())
        yield


def followed(make: Callable[[], NDArray[Any]]) -> str:
    """Say which global generator a result follows that should follow its seed alone; or nothing."""
    with preserved():
        first = make()
    with preserved():
        if not np.array_equal(first, make()):
            return ""  # it has chance of its own
    for generator in GENERATORS:
        with disturbed(generator):
            if not np.array_equal(first, make()):
                return (
                    f": they follow the global random state of {generator}, which a library draws "
                    "from that is given no seed; hand the seed on to it"
                )
    return ""


# --- whose line it was ----------------------------------------------------------------------------


def files_of_author(component: Component) -> tuple[str, ...]:
    """Return the files and folders of a component's author: those of its class and bases."""
    names = [base.__module__ for base in type(component).__mro__ if issubclass(base, Component)]
    names = [name for name in names if not name.startswith("merbench.")]
    found = []
    for name in [*names, *component.source_modules]:
        module = sys.modules.get(name.partition(".")[0])
        folders = getattr(module, "__path__", ())
        found += [f"{Path(folder)}/" for folder in folders]
        if not folders and getattr(module, "__file__", None):
            found.append(str(module.__file__))  # type: ignore[union-attr]
        found += map(str, files_beside(name))
    return tuple(dict.fromkeys(found))


def touched_by(work: Callable[[], object], own: tuple[str, ...]) -> Touch | None:
    """Do something line by line, and return the line of one's own that touched global state."""
    tracer = _Tracer(own)
    before = sys.gettrace()
    sys.settrace(tracer.call)
    try:
        work()
    finally:
        sys.settrace(before)
    return tracer.touch


class _Files(NamedTuple):
    """Beginnings of the paths of generators' own code, and of what hands a call of torch's on."""

    generators: tuple[str, ...]
    wrappers: tuple[str, ...]


def _files() -> _Files:
    return _files_with(getattr(sys.modules.get("torch"), "__file__", None))


@functools.cache  # asked for every function that is called
def _files_with(torch: str | None) -> _Files:
    """Return them for the torch of this file, or for none that is loaded."""
    numpy = str(Path(str(np.random.__file__)).parent)
    ours = (str(random.__file__), numpy)
    if torch is None:
        return _Files(ours, ())
    folder = Path(torch).parent
    wrappers = (str(folder / "_compile.py"), f"{folder / '_dynamo'}/")
    return _Files((*ours, str(folder / "random.py")), wrappers)


class _Tracer:
    """Compares global state between the lines of an author's own files.

    What changes while a library works that an own line called is the library's doing, unless that
    is the generator's own code, as in `random.shuffle` or `torch.manual_seed`.
    """

    def __init__(self, own: tuple[str, ...]) -> None:
        self._own = own
        self._touched: dict[str, tuple[Touch, Any]] = {}
        """For each generator the line that changed its state, and the state before."""
        self._state = states()
        self._line: tuple[str, int] | None = None
        self._libraries: list[tuple[FrameType, bool]] = []
        """Functions that own lines called, and whether they are a generator's."""

    def call(self, frame: FrameType, event: str, arg: Any) -> Any:
        """Meet a function that is called."""
        file = frame.f_code.co_filename
        caller = frame.f_back
        called_by_own = caller is not None and caller.f_code.co_filename.startswith(self._own)
        if file.startswith(self._own):
            self._settle(blame=called_by_own)
            self._line = (file, frame.f_lineno)
            return self._own_line
        if called_by_own:
            self._settle(blame=True)
            self._libraries.append((frame, False))
        if self._libraries and self._is_generator(file):
            outer, _ = self._libraries[-1]
            between = frame
            while between is not outer and between.f_back and self._is_wrapper(between.f_back):
                between = between.f_back
            self._libraries[-1] = (outer, self._libraries[-1][1] or between is outer)
        return self._library_line if called_by_own else None

    def _is_generator(self, file: str) -> bool:
        return file.startswith(_files().generators)

    def _is_wrapper(self, frame: FrameType) -> bool:
        """Tell whether a function only hands a call of torch's on."""
        return frame.f_code.co_filename.startswith(_files().wrappers)

    def _own_line(self, frame: FrameType, event: str, arg: Any) -> Any:
        self._settle(blame=True)
        at = frame.f_back if event == "return" else frame
        if at is not None and at.f_code.co_filename.startswith(self._own):
            self._line = (at.f_code.co_filename, at.f_lineno)
        else:
            self._line = None
        return self._own_line

    def _library_line(self, frame: FrameType, event: str, arg: Any) -> Any:
        if event == "return" and self._libraries and self._libraries[-1][0] is frame:
            _, generator = self._libraries.pop()
            caller = frame.f_back
            if caller is not None:
                self._line = (caller.f_code.co_filename, caller.f_lineno)
            self._settle(blame=generator)
        return self._library_line

    def _settle(self, *, blame: bool) -> None:
        """Put a change since the last look down to the line that was running, or to nobody.

        What is put back later, as by `torch.random.fork_rng`, was no change.
        """
        now = states()
        for name, state in now.items():
            before = self._state.get(name, state)
            if name in self._touched and self._touched[name][1] == state:
                del self._touched[name]
            elif state != before and blame and self._line and name not in self._touched:
                self._touched[name] = Touch(name, *self._line), before
        self._state = now

    @property
    def touch(self) -> Touch | None:
        """The first line whose change was not put back."""
        return next((touch for touch, _ in self._touched.values()), None)
