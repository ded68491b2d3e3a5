"""What lies in a store, how much of it there is, and taking out what nobody needs."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from merbench.errors import MerbenchError, StoreError
from merbench.steps import uses
from merbench.steps.store import Store
from merbench.steps.uses import Use

NO_RUN = "(no run)"
"""The dataset of what no known run uses: nothing says which it was made of."""
NO_PLUGIN = "(merbench)"
"""The plugin of what merbench itself makes: tables and levels."""


@dataclass(frozen=True)
class StoredArtifact:
    """One artifact, as its index describes it.

    Attributes
    ----------
    key
        Its name.
    stage
        What made it: separate, extract, assemble, measure or fit.
    plugin
        Name of the component that did.
    bytes
        Size of its arrays.
    made
        When, in seconds since the epoch.
    """

    key: str
    stage: str
    plugin: str
    bytes: int
    made: float


def stored_artifacts(folder: Path) -> Iterator[StoredArtifact]:
    """Yield what lies in a store; what is damaged counts by the size of its files."""
    for path in sorted(folder.glob("??/*")):
        if path.name[:2] != path.parent.name:
            continue  # somebody else's
        index_file = path / "artifact.json"
        try:
            made = path.stat().st_mtime
            index = json.loads(index_file.read_text())
            stage, plugin = _stage(index), str(index["info"].get("component", NO_PLUGIN))
            size = int(index["bytes"])
        except (OSError, ValueError, LookupError, TypeError, AttributeError):
            if not path.is_dir():
                continue  # it was taken out meanwhile
            stage, plugin = "damaged", NO_PLUGIN
            size = 0
            for file in path.glob("*"):
                with contextlib.suppress(OSError):
                    size += file.stat().st_size
        yield StoredArtifact(path.name, stage, plugin, size, made)


def _stage(index: Mapping[str, Any]) -> str:
    """Tell what made an artifact from what it holds."""
    arrays, info = index["arrays"], index["info"]
    if "predictions" in arrays:
        return "fit"
    if "rows" in arrays:
        return "assemble"
    if "frame_rate" in info:
        return "extract"
    return "separate" if "sample_rate" in info and "component" in info else "measure"


@dataclass(frozen=True)
class Inventory:
    """A store's artifacts, and who uses them.

    Attributes
    ----------
    artifacts
        By key.
    uses
        Finished and unfinished runs, and what works with the store now.
    datasets
        Of each key that a run uses: the title of the dataset, the first where there are several.
    """

    artifacts: Mapping[str, StoredArtifact]
    uses: Sequence[Use]
    datasets: Mapping[str, str]

    @classmethod
    def of(cls, folder: Path) -> Inventory:
        """Look through a store."""
        known = uses.uses(folder)
        datasets: dict[str, str] = {}
        for use in known:
            for dataset, keys in (use.keys or {}).items():
                for key in keys:
                    datasets.setdefault(key, dataset)
        return cls({a.key: a for a in stored_artifacts(folder)}, known, datasets)

    def sizes(self, by: str, keys: Collection[str] | None = None) -> dict[str, tuple[int, int]]:
        """Return the number and the bytes of artifacts, of all or of some keys.

        Parameters
        ----------
        by
            `stage`, `dataset` or `plugin`.
        keys
            Which count; those that are not in the store count nothing.
        """
        found: dict[str, tuple[int, int]] = {}
        for artifact in self.artifacts.values():
            if keys is not None and artifact.key not in keys:
                continue
            name = self.datasets.get(artifact.key, NO_RUN)
            name = name if by == "dataset" else str(getattr(artifact, by))
            count, size = found.get(name, (0, 0))
            found[name] = count + 1, size + artifact.bytes
        return dict(sorted(found.items(), key=lambda item: -item[1][1]))

    def used_by(self, folder: Path) -> Use:
        """Return the use of the run in a folder.

        Raises
        ------
        MerbenchError
            No run of that folder is known to the store.
        """
        wanted = str(folder.absolute())
        for use in reversed(self.uses):
            if use.folder == wanted and use.keys is not None:
                return use
        if not folder.is_dir():
            raise MerbenchError(
                f"there is no run in {folder}, nor does the store know one that was; `merbench "
                "cache` lists those that it knows"
            )
        raise MerbenchError(
            f"the store does not know what {folder} uses: the run was made on another store, or by "
            "an earlier merbench; run it again, and what is in the store is found"
        )


@dataclass(frozen=True)
class Wanted:
    """What is to be taken out of a store: artifacts to which all of this applies.

    Attributes
    ----------
    older_than
        Seconds since it was made, and since the last run that used it; None for any age.
    runs
        Folders of runs: what these use and no other run does; none for any artifact.
    keep_runs
        Folders of runs, what these use stays.
    unreferenced
        Whether what a run uses that still stands stays.
    """

    older_than: float | None = None
    runs: Sequence[Path] = ()
    keep_runs: Sequence[Path] = ()
    unreferenced: bool = False

    def choose(self, inventory: Inventory, now: float) -> list[StoredArtifact]:
        """Return the artifacts to which it applies."""
        kept = {key for run in self.keep_runs for key in inventory.used_by(run).all_keys}
        last: dict[str, float] = {}
        chosen = {inventory.used_by(run).file for run in self.runs}
        only = {k for use in inventory.uses if use.file in chosen for k in use.all_keys}
        for use in inventory.uses:
            if (self.runs and use.file not in chosen) or (self.unreferenced and use.stands()):
                kept |= use.all_keys
            for key in use.all_keys:
                last[key] = max(last.get(key, 0.0), use.ended or 0.0)
        return [
            artifact
            for key, artifact in inventory.artifacts.items()
            if key not in kept
            and (not self.runs or key in only)
            and (
                self.older_than is None
                or now - max(artifact.made, last.get(key, 0.0)) > self.older_than
            )
        ]


def prune_store(
    store: Store,
    wanted: Wanted,
    now: float,
    *,
    dry: bool = False,
    report: Callable[[StoredArtifact], None] = lambda artifact: None,
) -> list[StoredArtifact]:
    """Take artifacts out of a store, but for those that something uses at this moment.

    Uses that want to begin meanwhile wait.

    Parameters
    ----------
    store
        From which they are taken.
    wanted
        Which.
    now
        In seconds since the epoch.
    dry
        Whether nothing is to be done.
    report
        Told of each that was taken out.

    Returns
    -------
    list
        What was taken out, or would be.

    Raises
    ------
    StoreError
        A process has just begun to use the store, and nobody knows yet what it will need.
    """
    # Who only looks writes nothing, and may look at a store that cannot be written.
    with contextlib.nullcontext() if dry else uses.none_begins(store.folder):
        inventory = Inventory.of(store.folder)
        living = uses.living(store.folder, list(inventory.uses))
        for use in living:
            if use.keys is None:
                raise StoreError(
                    f"the store is in use by {use.described}, and what that needs is not known "
                    "yet; wait until it is done"
                )
        used = {key for use in living for key in use.all_keys}
        since = min((use.file.stat().st_ctime for use in living), default=None)
        since = None if since is None else min(since, *(use.born for use in living))
        taken = []
        for artifact in wanted.choose(inventory, now):
            # What was made since a living run began may be its own, whatever it is.
            if artifact.key in used or (since is not None and artifact.made >= since):
                continue
            if not dry:
                store.discard(artifact.key)
            report(artifact)
            taken.append(artifact)
        return taken


_UNITS = {"h": 3600.0, "d": 86400.0, "w": 7 * 86400.0}


def age_in_seconds(text: str) -> float:
    """Return an age that somebody wrote, `30d`, `12h` or `2w`, in seconds.

    Raises
    ------
    MerbenchError
        It is none.
    """
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([hdw])", text.strip())
    if not found:
        raise MerbenchError(f"{text!r} is no age; write hours, days or weeks: 12h, 30d or 2w")
    return float(found[1]) * _UNITS[found[2]]
