"""What the pages of a Parquet file say that they hold, without unpacking any.

A file's footer states how large each column is, but a reader makes room for what the header of each
page says, which nothing compares with the footer: a page may stand for two gigabytes. The headers
are small structures in Thrift's compact protocol, and are read here one by one, each page skipped.
They are described in the `parquet.thrift` of Apache's parquet-format.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

__all__ = ["Pages", "pages_of"]

_MOST_PAGES = 200_000
_DEPTH = 8
_DATA, _DICTIONARY, _DATA_V2 = 0, 2, 3
"""Types of pages."""
_HEADERS = {_DATA: 5, _DICTIONARY: 7, _DATA_V2: 8}
"""Field of a page's header that has more of a page of each type."""
_ENCODING = {_DATA: 2, _DICTIONARY: 2, _DATA_V2: 4}
"""Field of that which says how the values are encoded."""
_DELTA_BYTE_ARRAY = 7
"""An encoding in which a value is the beginning of the one before and a rest: no size bounds it."""

_INTEGERS, _BINARY, _STRUCT = (4, 5, 6), 8, 12
"""Types of values."""
_FIXED = {1: 0, 2: 0, 3: 1, 7: 8}
"""Bytes that those of other types take: true and false none, for the type says which. Headers of
pages have no lists, sets and mappings."""


class Pages(NamedTuple):
    """What the pages of some columns say that they hold, together.

    Parameters
    ----------
    unpacked
        Bytes.
    values
        Values in pages of data, of all columns.
    """

    unpacked: int
    values: int


def pages_of(path: Path, metadata: Any) -> Pages:
    """Add up what the headers of all pages of a file say.

    Parameters
    ----------
    path
        The file.
    metadata
        Its footer, as `pyarrow.parquet` gives it.

    Raises
    ------
    OSError
        It cannot be read.
    ValueError
        A header is damaged, there are more pages than any table needs, or texts are encoded so
        that nothing bounds their size.
    """
    unpacked = values = count = 0
    with path.open("rb") as handle:
        end = path.stat().st_size
        for group in map(metadata.row_group, range(metadata.num_row_groups)):
            for column in map(group.column, range(group.num_columns)):
                if not column.num_values:
                    continue  # nor does a reader look for pages then
                start = column.data_page_offset
                if column.has_dictionary_page and 0 < column.dictionary_page_offset < start:
                    start = column.dictionary_page_offset
                stop = start + column.total_compressed_size
                if not 0 <= start <= stop <= end:
                    raise ValueError(f"{column.path_in_schema} lies outside the file")
                handle.seek(start)
                while handle.tell() < stop:
                    count += 1
                    if count > _MOST_PAGES:
                        raise ValueError(f"it has more than {_MOST_PAGES:,} pages")
                    header = _struct(handle)
                    unpacked += _size(header, 2)
                    values += _values(header)
                    handle.seek(_size(header, 3), 1)
                if handle.tell() != stop:
                    raise ValueError(f"a page of {column.path_in_schema} is cut off")
    return Pages(unpacked, values)


def _size(header: dict[int, Any], field: int) -> int:
    size = header.get(field)
    if not isinstance(size, int) or size < 0:
        raise ValueError("the header of a page is damaged")
    return size


def _values(header: dict[int, Any]) -> int:
    """Return how many values a page of data says that it holds."""
    kind = header.get(1)
    more = header.get(_HEADERS.get(kind, -1)) if isinstance(kind, int) else None
    if not isinstance(kind, int) or not isinstance(more, dict):
        return 0
    if more.get(_ENCODING[kind]) == _DELTA_BYTE_ARRAY:
        raise ValueError(
            "its texts are encoded as differences (DELTA_BYTE_ARRAY), of which nobody can tell "
            "how large they are; write them plainly, or as a dictionary"
        )
    return _size(more, 1) if kind != _DICTIONARY else 0


# --- Thrift's compact protocol -------------------------------------------------------------------


def _struct(handle: BinaryIO, depth: int = 0) -> dict[int, Any]:
    """Read a structure: field to integer, structure, or None for what is of no interest."""
    if depth > _DEPTH:
        raise ValueError("the header of a page is nested too deeply")
    found: dict[int, Any] = {}
    field = 0
    while head := _byte(handle):
        kind = head & 15
        field = field + (head >> 4) if head >> 4 else _signed(handle)
        found[field] = _value(handle, kind, depth)
    return found


def _value(handle: BinaryIO, kind: int, depth: int) -> Any:
    if kind in _INTEGERS:
        return _signed(handle)
    if kind == _STRUCT:
        return _struct(handle, depth + 1)
    if kind == _BINARY:
        handle.seek(_varint(handle), 1)
    elif kind in _FIXED:
        handle.seek(_FIXED[kind], 1)
    else:
        raise ValueError("the header of a page is damaged")
    return None


def _byte(handle: BinaryIO) -> int:
    read = handle.read(1)
    if not read:
        raise ValueError("the file ends within the header of a page")
    return read[0]


def _varint(handle: BinaryIO) -> int:
    value = 0
    for shift in range(0, 70, 7):
        byte = _byte(handle)
        value |= (byte & 127) << shift
        if byte < 128:
            return value
    raise ValueError("the header of a page is damaged")


def _signed(handle: BinaryIO) -> int:
    value = _varint(handle)
    return (value >> 1) ^ -(value & 1)
