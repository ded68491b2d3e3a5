"""Who uses a store: a file a run, from which `merbench cache` knows what may go.

While a process works with a store its file says so. It is believed as long as the process lives: on
this machine the system is asked, of another machine's processes a touch of the file every minute
is the sign of life. Afterwards the file of a run stays, and says which artifacts the run used.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import platform
import threading
import time
import uuid
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from merbench.errors import StoreError

BEAT_SECONDS = 60.0
"""How often a process touches its file."""
PATIENCE_SECONDS = 15 * 60.0
"""How old the last touch of another machine's process may be before it counts as dead."""

Keys = Mapping[str, tuple[str, ...]]
"""Keys of artifacts, by the title of the dataset that they are of."""


@dataclass(frozen=True)
class Use:
    """One use of a store.

    Attributes
    ----------
    file
        Where it stands.
    what
        The command, or the benchmark's name.
    host, process, born
        Whose it is: machine, process and when that started, in seconds since the epoch.
    folder
        The run's, absolute; empty where it is no run, or none yet.
    run
        The run's own id, once it is finished.
    ended
        When it was, in seconds since the epoch; None where it goes on, or was cut off.
    keys
        What it uses; None where it is not known yet, and may be anything.
    """

    file: Path
    what: str = ""
    host: str = ""
    process: int = 0
    born: float = 0.0
    folder: str = ""
    run: str = ""
    ended: float | None = None
    keys: Keys | None = field(default=None, repr=False)

    @property
    def all_keys(self) -> frozenset[str]:
        """Keys of all datasets."""
        return frozenset(key for keys in (self.keys or {}).values() for key in keys)

    @property
    def described(self) -> str:
        """Whose use it is, for messages."""
        where = f" into {self.folder}" if self.folder else ""
        return f"{self.what}{where} (process {self.process} on {self.host})"

    def alive(self, now: float) -> bool:
        """Tell whether the process still works; `now` is what the store's disk takes for now."""
        if self.ended is not None:
            return False
        if self.host == platform.node():
            return _born(self.process) == self.born
        with contextlib.suppress(OSError):
            return now - self.file.stat().st_mtime < PATIENCE_SECONDS
        return False

    def stands(self) -> bool:
        """Tell whether the run is still where it was written, as far as can be seen from here.

        Another machine's folder may be out of sight: its run is taken to stand.
        """
        if not self.folder or self.keys is None:
            return False
        if self.host != platform.node() or not self.run:
            return self.host != platform.node() or Path(self.folder).is_dir()
        try:
            manifest = json.loads((Path(self.folder) / "manifest.json").read_text())
            return bool(manifest["run"] == self.run)
        except (OSError, ValueError, LookupError, TypeError):
            return False


def _folder(store: Path) -> Path:
    return store / "uses"


def begin_use(store: Path, what: str) -> Use:
    """Say that this process works with a store; waits while something is being removed from it.

    Raises
    ------
    StoreError
        The store cannot be written.
    """
    process = os.getpid()
    file = _folder(store) / f"{uuid.uuid4().hex}.json"
    use = Use(file, what, platform.node(), process, _born(process) or 0.0)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with _taking_turns(store, fcntl.LOCK_SH):
            _write(use)
    except OSError as error:
        raise _unwritable(store, error) from error
    threading.Thread(target=_beat, args=(file,), daemon=True).start()
    return use


def _unwritable(store: Path, error: OSError) -> StoreError:
    return StoreError(
        f"the store {store} cannot be written ({error.strerror or error}); make it writable or "
        "set MERBENCH_HOME to a folder that is"
    )


def with_keys(use: Use, keys: Mapping[str, Iterable[str]], folder: Path) -> Use:
    """Say which artifacts a run uses, and where it will be written; returns the use anew."""
    known = {dataset: tuple(sorted(found)) for dataset, found in keys.items()}
    return _written(use, keys=known, folder=str(folder.absolute()))


def end_use(use: Use, run: str = "") -> None:
    """Say that the use is over: of a finished run, named by its id, it stays known what it used."""
    if not run:
        use.file.unlink(missing_ok=True)
        return
    for other in uses(use.file.parent.parent):
        # The same folder, overwritten or gone on with: the earlier use of it is past.
        if other.file != use.file and (other.folder, other.host) == (use.folder, use.host):
            other.file.unlink(missing_ok=True)
    _written(use, run=run, ended=time.time())


@contextlib.contextmanager
def in_use(store: Path, what: str) -> Iterator[None]:
    """Work with a store in the block, so that nothing is removed from it."""
    use = begin_use(store, what)
    try:
        yield
    finally:
        end_use(use)


def uses(store: Path) -> list[Use]:
    """Return all uses that are known of, finished or not; what cannot be read says nothing."""
    found = []
    for file in sorted(_folder(store).glob("*.json")):
        with contextlib.suppress(OSError, ValueError, LookupError, TypeError, AttributeError):
            found.append(_use(file, json.loads(file.read_text())))
    return found


def _use(file: Path, said: dict[str, Any]) -> Use:
    """Return what a file says of a use; raises where it is not what `_write` writes."""
    keys = said.pop("keys")
    known = None if keys is None else {name: tuple(each) for name, each in keys.items()}
    use = Use(file, keys=known, **said)
    texts = (use.what, use.host, use.folder, use.run, *(use.all_keys if known else ()))
    numbers = (use.process, use.born, *(() if use.ended is None else (use.ended,)))
    if not all(isinstance(text, str) for text in texts) or not all(
        isinstance(number, (int, float)) for number in numbers
    ):
        raise TypeError(file)
    return use


def living(store: Path, found: list[Use]) -> list[Use]:
    """Return those whose process still works; what dead ones left, and says nothing, is removed."""
    now = _disk_time(store)
    for use in found:
        if use.keys is None and not use.alive(now):
            with contextlib.suppress(OSError):  # of a store that cannot be written it stays
                use.file.unlink(missing_ok=True)
    return [use for use in found if use.alive(now)]


@contextlib.contextmanager
def none_begins(store: Path) -> Iterator[None]:
    """Keep uses from beginning in the block; they wait until it is over.

    Raises
    ------
    StoreError
        The store cannot be written.
    """
    with contextlib.ExitStack() as stack:
        try:
            stack.enter_context(_taking_turns(store, fcntl.LOCK_EX))
        except OSError as error:
            raise _unwritable(store, error) from error
        yield


@contextlib.contextmanager
def _taking_turns(store: Path, how: int) -> Iterator[None]:
    store.mkdir(parents=True, exist_ok=True)
    with (store / "uses.lock").open("a") as file:
        # A disk that knows no locks has none to wait for.
        with contextlib.suppress(OSError):
            fcntl.flock(file, how)
        yield


def _disk_time(store: Path) -> float:
    """Return what the disk takes for now: another machine's clock may differ from this one's."""
    probe = _folder(store) / f".{uuid.uuid4().hex}"
    try:
        probe.touch()
        now = probe.stat().st_mtime
        probe.unlink()
    except OSError:
        return time.time()
    return now


def _written(use: Use, **changes: Any) -> Use:
    changed = replace(use, **changes)
    _write(changed)
    return changed


def _write(use: Use) -> None:
    document = {name: value for name, value in asdict(use).items() if name != "file"}
    temporary = use.file.with_suffix(".writing")
    temporary.write_text(json.dumps(document))
    temporary.replace(use.file)


def _beat(file: Path) -> None:
    while True:
        time.sleep(BEAT_SECONDS)
        try:
            os.utime(file)
        except FileNotFoundError:
            return
        except OSError:
            continue  # a network's disk may be away for a while


def _born(process: int) -> float | None:
    """Return when a process started; None where it is gone. A number may be another's by now."""
    import psutil

    try:
        found = psutil.Process(process)
        return None if found.status() == psutil.STATUS_ZOMBIE else float(found.create_time())
    except psutil.Error:
        return None
