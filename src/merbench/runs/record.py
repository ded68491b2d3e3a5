"""What a run records, in memory and on disk: a manifest and two tables."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from merbench.bounds import json_file, parquet_table
from merbench.errors import MerbenchError, data_fault, text_of
from merbench.runs import received
from merbench.whole_files import replacing

if TYPE_CHECKING:
    import pandas as pd

MANIFEST, FOLDS, PREDICTIONS = "manifest.json", "folds.parquet", "predictions.parquet"
STEMS = "stems.parquet"
UNFINISHED = "unfinished"
"""A file that says that the others are being written, or that this was cut off."""


@dataclass(frozen=True)
class RunRecord:
    """What a run recorded, from which all else follows.

    Parameters
    ----------
    manifest
        What was run, with what, on what.
    folds
        One row a cell and fold.
    predictions
        One row a cell, fold and clip.
    stems
        One row a separated clip and stem, as `stems.table` gives; None where none were kept.
    """

    manifest: dict[str, Any]
    folds: pd.DataFrame
    predictions: pd.DataFrame
    stems: pd.DataFrame | None = None


def read_record(folder: Path) -> RunRecord:
    """Read what a run recorded; texts of the predictions come as categories, for their number.

    Raises
    ------
    MerbenchError
        A file is missing, damaged or too large, or a name in it is none.
    """
    for name in (MANIFEST, FOLDS, PREDICTIONS):
        if not (folder / name).is_file():
            advice = "; name the folder that `merbench run` wrote"
            if is_unfinished(folder):
                advice = (
                    ", for the run goes on or was stopped before it could write its results; run "
                    "it again: finished work is kept"
                )
            raise MerbenchError(f"{folder} is no run: {name} is missing{advice}")
    try:
        manifest = json_file(folder / MANIFEST)
        if not isinstance(manifest, dict) or "evaluator" not in manifest:
            raise MerbenchError(
                f"the run {folder} was made by an earlier merbench, whose manifest says too "
                "little; run it again: finished work is kept"
            )
        _refuse(folder, received.manifest_faults(manifest))
        folds = read_run_table(folder / FOLDS)
        predictions = parquet_table(folder / PREDICTIONS).to_pandas()
        _refuse(folder, received.table_faults(folds, predictions))
    except (OSError, ValueError) as error:
        raise MerbenchError(
            f"the run {folder} cannot be read ({text_of(error)}); run it again"
        ) from None
    except (LookupError, TypeError, AttributeError) as error:
        raise MerbenchError(
            f"{folder} is no run: its files do not hold what a run's do ({data_fault(error)})"
        ) from None
    try:
        stems = read_run_table(folder / STEMS) if (folder / STEMS).is_file() else None
    except (OSError, ValueError) as error:
        raise MerbenchError(
            f"{folder / STEMS} cannot be read ({text_of(error)}); run it again"
        ) from None
    return RunRecord(manifest, folds, predictions, stems)


def read_run_table(path: Path) -> pd.DataFrame:
    """Read a table of a run whose texts are few: as plain texts.

    Raises
    ------
    MerbenchError
        It unpacks to too much.
    OSError, ValueError
        It cannot be read.
    """
    table = parquet_table(path, plain=True).to_pandas()
    texts = [name for name in table.columns if str(table[name].dtype) == "category"]
    plain: pd.DataFrame = table.assign(
        **{name: table[name].astype(table[name].cat.categories.dtype) for name in texts}
    )
    return plain


def _refuse(folder: Path, faults: Iterator[str]) -> None:
    """Raise the first fault of files that came from wherever."""
    fault = next(faults, "")
    if fault:
        raise MerbenchError(f"the run {folder} cannot be used: {fault}")


def is_unfinished(folder: Path) -> bool:
    """Tell whether a folder waits for a run's results: it is empty, or not all were written."""
    if not folder.is_dir() or (folder / MANIFEST).exists():
        return False
    return (folder / UNFINISHED).exists() or not any(folder.iterdir())


def write_record(run: RunRecord, folder: Path) -> None:
    """Write what a run recorded; each file appears whole, the manifest last."""
    folder.mkdir(parents=True, exist_ok=True)
    tables = {FOLDS: run.folds, PREDICTIONS: run.predictions}
    if run.stems is None or run.stems.empty:
        (folder / STEMS).unlink(missing_ok=True)
    else:
        tables[STEMS] = run.stems
    for name, table in tables.items():
        with replacing(folder / name) as temporary:
            write_parquet([table], temporary)
    with replacing(folder / MANIFEST) as temporary:
        temporary.write_text(manifest_text(run.manifest), encoding="utf-8")


def manifest_text(manifest: dict[str, Any]) -> str:
    """Return a manifest as its file holds it."""
    return json.dumps(manifest, indent=1) + "\n"


def write_parquet(parts: list[pd.DataFrame], path: Path) -> None:
    """Write tables below each other; the same rows give the same bytes.

    A column that one of them lacks is empty there.
    """
    import pyarrow
    import pyarrow.parquet

    tables = [pyarrow.Table.from_pandas(part, preserve_index=False) for part in parts]
    types: dict[str, Any] = {}
    for table in tables:
        for field in table.schema:
            known = types.setdefault(field.name, _stored_type(field.type, pyarrow))
            if pyarrow.types.is_null(known):
                types[field.name] = _stored_type(field.type, pyarrow)
    schema = pyarrow.schema(list(types.items()))
    texts = [name for name, kind in types.items() if pyarrow.types.is_dictionary(kind)]
    with pyarrow.parquet.ParquetWriter(
        path, schema, compression="zstd", use_dictionary=texts, store_schema=False
    ) as writer:
        for table in tables:
            columns = [
                table[name].cast(kind)
                if name in table.column_names
                else pyarrow.nulls(table.num_rows, kind)
                for name, kind in types.items()
            ]
            writer.write_table(pyarrow.table(columns, schema=schema))


def _stored_type(kind: Any, pyarrow: Any) -> Any:
    types = pyarrow.types
    if types.is_dictionary(kind):
        kind = kind.value_type
    if types.is_string(kind) or types.is_large_string(kind):
        return pyarrow.dictionary(pyarrow.int32(), pyarrow.string())
    return kind
