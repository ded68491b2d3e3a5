"""Whether what a run's files say can be used at all, whoever wrote them: asked before all else.

Nothing here asks whether a run is right (that is verification's to say), only whether its names are
names and its tables are tables: what they hold becomes names of files, keys and links.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from merbench.benchmark.names import AXES
from merbench.bounds import json_document
from merbench.received_names import LINE, NAME, is_line, is_name

if TYPE_CHECKING:
    import pandas as pd

_PARAMETERS = ("parameters", "dataset_parameters")
_JSON_COLUMNS = (*_PARAMETERS, "curve", "trials")


def manifest_faults(manifest: Mapping[str, Any]) -> Iterator[str]:
    """Yield what in a manifest is no name or no line of text, a sentence each."""
    for key in ("name", "run"):
        if not is_name(manifest[key]):
            yield f"its {key} {_shown(manifest[key])} is not {NAME}"
    for key in ("started", "merbench"):
        if not is_line(manifest[key]):
            yield f"its {key} {_shown(manifest[key])} is not {LINE}"
    for entry in manifest["datasets"]:
        if not is_line(entry["name"]):
            yield f"the dataset {_shown(entry['name'])} is not {LINE}"
        for key in ("data_hash", "split_hash"):
            if not is_name(entry.get(key, "-missing")):
                yield f"the {key} {_shown(entry.get(key))} of {entry['name']} is not {NAME}"
    for cell in manifest["cells"]:
        if not is_name(cell["id"]):
            yield f"the cell {_shown(cell['id'])} is not {NAME}"
        for axis in AXES:
            if not is_line(cell[axis]):
                yield f"the {axis} {_shown(cell[axis])} of cell {cell['id']} is not {LINE}"
    for key, names in (("marks", {}), ("predictions_withheld", ())):
        for name in manifest.get(key, names):
            if not is_name(name):
                yield f"the cell {_shown(name)} among its {key} is not {NAME}"


def table_faults(folds: pd.DataFrame, predictions: pd.DataFrame) -> Iterator[str]:
    """Yield what in a run's tables is no name, no line of text or no JSON, a sentence each."""
    for table, what in ((folds, "folds"), (predictions, "predictions")):
        if not len(table):
            continue
        for column in ("cell", *AXES):
            fits, wanted = (is_name, NAME) if column == "cell" else (is_line, LINE)
            for value in table[column].unique():
                if not fits(value):
                    yield f"the {column} {_shown(value)} among its {what} is not {wanted}"
    if not len(folds):
        return
    for column in _JSON_COLUMNS:
        for text in folds[column].unique() if column in folds else ():
            try:
                known = json_document(text) if isinstance(text, str) and text else {}
                if column in _PARAMETERS and not isinstance(known, dict):
                    yield f"{column} {_shown(text)} among its folds are no named parameters"
            except ValueError as error:
                yield f"{column} {_shown(text)} among its folds is no JSON ({error})"


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:60]}…"
