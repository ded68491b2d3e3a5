"""Made clips in the layout of a dataset, on which a benchmark can be tried."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from merbench.components import Component, Dataset
from merbench.components.base import source_digest
from merbench.errors import MerbenchError
from merbench.steps.store import home


def miniature(dataset: type[Component]) -> Path:
    """Return the folder of a dataset's miniature; it is made where there is none yet.

    Raises
    ------
    MerbenchError
        The dataset makes none, or it cannot be written.
    """
    assert issubclass(dataset, Dataset)
    folder = home() / "miniatures" / f"{dataset.name}-{source_digest(dataset)[:12]}"
    if folder.is_dir():
        return folder
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent) as temporary:
            made = Path(temporary) / "whole"
            made.mkdir()
            dataset().miniature(made)
            if not folder.is_dir():
                shutil.move(made, folder)
    except OSError as error:
        raise MerbenchError(
            f"the miniature of {dataset.name} cannot be written to {folder} "
            f"({error.strerror or error}); set MERBENCH_HOME to a folder that can be written"
        ) from error
    return folder
