"""Data as they were published, which a dataset reads that knows them: no column need be guessed."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from merbench.components import Dataset
from merbench.planning.datasets import check_clips, read_clips
from merbench.plugins import containment
from merbench.plugins.registry import Registry


class KnownLayout(NamedTuple):
    """A dataset, and the folder that it reads."""

    dataset: str
    root: Path

    def __str__(self) -> str:
        return (
            f"the dataset {self.dataset} reads {self.root} as it was published, with the groups "
            f"and labels that it is known to have; write `{self.dataset}: {{root: {self.root}}}` "
            "under `datasets` of a benchmark file"
        )


def known_layout(registry: Registry, labels: Path, audio: Path | None) -> KnownLayout | None:
    """Find a dataset that reads a file of labels in the folder that holds it and the audio.

    Each dataset that needs nothing but a root is asked for its clips: who does not know the folder
    says so at once, for want of its files.

    Parameters
    ----------
    registry
        Where the datasets are.
    labels
        The file.
    audio
        Folder of the clips' audio; None for that of the labels.
    """
    labels, audio = labels.resolve(), (audio or labels.parent).resolve()
    folder = Path(os.path.commonpath([labels.parent, audio]))
    if folder in (Path.home(), *Path.home().parents):
        return None  # some look through all of their folder, and a home holds more than data
    for entry in registry.of_kind("dataset"):
        cls = entry.cls
        assert issubclass(cls, Dataset)
        if not cls.needs_root or any(field.is_required() for field in cls.model_fields.values()):
            continue
        try:
            with containment.contained(), _opened() as opened:
                dataset = cls()
                check_clips(dataset, read_clips(dataset, folder))
        except (Exception, SystemExit):  # it is not its data, whatever it trips over
            continue
        # The folder may hold several data sets: what is read may be another.
        if str(labels) in opened:
            return KnownLayout(entry.name, folder)
    return None


_listener: set[str] | None = None
_listening = False


@contextlib.contextmanager
def _opened() -> Iterator[set[str]]:
    """Hand out the paths of the files that are opened within the block."""
    global _listener, _listening
    if not _listening:  # an audit hook stays for good
        _listening = True
        sys.addaudithook(_hear)
    _listener = set()
    try:
        yield _listener
    finally:
        _listener = None


def _hear(event: str, arguments: tuple[Any, ...]) -> None:
    if _listener is not None and event == "open" and isinstance(arguments[0], (str, os.PathLike)):
        _listener.add(os.path.realpath(arguments[0]))
