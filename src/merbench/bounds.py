"""How large what one is given may be: counted before it is expanded.

A few kilobytes can stand for gigabytes: in a compressed table, in YAML whose aliases hold aliases,
in a grid of parameters. Each is counted first, and refused in one sentence with the number.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from merbench.errors import MerbenchError
from merbench.parquet_pages import pages_of

__all__ = [
    "MOST_COMBINATIONS",
    "MOST_FITS",
    "MOST_FOLDS",
    "json_document",
    "json_file",
    "parquet_table",
    "product",
]

MOST_COMBINATIONS = 100_000
"""Of a benchmark file: of its choices on all axes, and of the parameters of one grid."""
MOST_FOLDS = 10_000
"""Of a protocol."""
MOST_FITS = 2_000_000
"""Of a run: folds of all its cells."""

_JSON_DEPTH = 60
_JSON_BYTES = 2**28
_TABLE_BYTES = 2 * 2**30
_TABLE_VARIABLE = "MERBENCH_TABLE_BYTES"
_CELL_BYTES = 8


def product(sizes: Iterable[int]) -> int:
    """Return how many combinations lists of these sizes have; an empty list counts as one."""
    return math.prod(max(1, size) for size in sizes)


def json_document(text: str | bytes) -> Any:
    """Read JSON that came from elsewhere.

    Raises
    ------
    ValueError
        It is no JSON, nested too deeply, or holds half a character.
    """
    try:
        document = json.loads(text)
    except RecursionError:
        raise ValueError(f"it is nested more than {_JSON_DEPTH} deep") from None
    level, depth = [document], 0
    while level := [value for value in level if _holds_more(value)]:
        depth += 1
        if depth > _JSON_DEPTH:
            raise ValueError(f"it is nested more than {_JSON_DEPTH} deep")
        level = [
            inner
            for value in level
            for inner in ([*value, *value.values()] if isinstance(value, dict) else value)
        ]
    return document


def _holds_more(value: Any) -> bool:
    """Tell whether a value holds others; see of a text that it can be written to a file."""
    if isinstance(value, str) and not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            raise ValueError("a text in it holds half a character (a lone surrogate)") from None
    return isinstance(value, (dict, list))


def json_file(path: Path) -> Any:
    """Read a file of JSON that came from elsewhere.

    Raises
    ------
    OSError
        It cannot be read.
    ValueError
        It is too large, no JSON, or nested too deeply.
    """
    size = path.stat().st_size
    if size > _JSON_BYTES:
        raise ValueError(f"{path.name} has {size:,} bytes; {_JSON_BYTES:,} are the most")
    try:
        return json_document(path.read_bytes())
    except ValueError as error:
        raise ValueError(f"{path.name}: {error}") from None


def parquet_table(path: Path, *, plain: bool = False, **reading: Any) -> Any:
    """Read a Parquet file that came from elsewhere, once its footer says that it is no bomb.

    Texts come as categories: however often one stands there, it is held once.

    Parameters
    ----------
    path
        The file.
    plain
        Whether the caller makes a text of its own for each cell, so that all of them are counted.
    reading
        For `pyarrow.parquet.ParquetFile.read`, as `columns`.

    Returns
    -------
    pyarrow.Table

    Raises
    ------
    MerbenchError
        It would unpack to more than 2 GiB, or what `MERBENCH_TABLE_BYTES` says.
    OSError, ValueError
        It is no Parquet file, or is damaged.
    """
    import pyarrow
    import pyarrow.parquet

    try:
        with pyarrow.parquet.ParquetFile(path) as file:
            names = _texts(file.schema_arrow)
            _refuse_nested(path, file.schema_arrow)
            _refuse_bomb(path, file.metadata)
        with pyarrow.parquet.ParquetFile(path, read_dictionary=names) as file:
            table = file.read(**reading)
        if plain:
            _refuse_more(path, file.metadata, sum(map(_text_bytes, table.columns)), _most())
        return table
    except (pyarrow.ArrowException, MemoryError) as error:
        # Not all of these are errors of Python's own kinds.
        raise ValueError(f"{path.name} is damaged ({' '.join(str(error).split())})") from None


def _texts(schema: Any) -> list[str]:
    import pyarrow

    types = pyarrow.types
    return [
        field.name
        for field in schema
        if types.is_string(field.type)
        or types.is_large_string(field.type)
        or types.is_binary(field.type)
        or types.is_large_binary(field.type)
        or types.is_dictionary(field.type)
    ]


def _most() -> int:
    return int(os.environ.get(_TABLE_VARIABLE) or _TABLE_BYTES)


def _text_bytes(column: Any) -> int:
    """Return how many bytes a column's texts have, each counted as often as it stands there."""
    import pyarrow
    from pyarrow import compute

    if not pyarrow.types.is_dictionary(column.type):
        return 0
    lengths = (
        compute.sum(compute.binary_length(chunk.dictionary).take(chunk.indices)).as_py()
        for chunk in column.chunks
    )
    return sum(length or 0 for length in lengths)


def _refuse_nested(path: Path, schema: Any) -> None:
    """See that a table has one value a cell: no footer bounds what lists hold."""
    import pyarrow

    for field in schema:
        if pyarrow.types.is_nested(field.type):
            raise MerbenchError(
                f"{path}: the column {field.name} holds lists or structures; write a table with "
                "one value a cell"
            )


def _refuse_bomb(path: Path, metadata: Any) -> None:
    """See that a table unpacks to what memory has room for, by its footer and by its pages.

    What repeats is stored once: a column of a billion equal numbers takes a few bytes.
    """
    most = _most()
    groups = [metadata.row_group(i) for i in range(metadata.num_row_groups)]
    rows = max(metadata.num_rows, sum(group.num_rows for group in groups))
    widths = [
        max(_CELL_BYTES, metadata.schema.column(i).length) for i in range(metadata.num_columns)
    ]
    unpacked = sum(group.total_byte_size for group in groups)
    _refuse_more(path, metadata, max(unpacked, rows * sum(widths)), most)
    if unpacked < 0 or rows < 0:
        raise ValueError(f"{path.name} is damaged (a size in it is negative)")
    try:
        pages = pages_of(path, metadata)
    except ValueError as error:
        raise ValueError(f"{path.name} is damaged ({error})") from None
    _refuse_more(path, metadata, max(pages.unpacked, pages.values * max(widths, default=0)), most)


def _refuse_more(path: Path, metadata: Any, size: int, most: int) -> None:
    if size > most:
        raise MerbenchError(
            f"{path} has {path.stat().st_size:,} bytes and unpacks to {size:,} "
            f"({metadata.num_rows:,} rows of {metadata.num_columns} columns); {most:,} are the "
            f"most: if you trust it, set {_TABLE_VARIABLE} to more"
        )
