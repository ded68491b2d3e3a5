"""CSV files as merbench writes them: no spreadsheet takes a text in them for a formula.

A program that opens a CSV file computes a cell that begins with `=`, `+`, `-`, `@` or a tab, and
`=HYPERLINK(…)` sends what stands beside it wherever its author likes. Such texts get an apostrophe
in front, which spreadsheets take for "this is text"; so does a text that has apostrophes before
such a sign already, so that reading back takes off exactly what writing put on.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["harmless", "original", "read_csv", "rows_text", "table_text"]

_STARTS = r"(?:^|(?<=[;\t\r\n]))"
"""Where a cell may start: a semicolon parts cells where a comma stands before decimals."""
_SIGNS = "=+@\\-\t\r\uff1d\uff0b\uff0d\uff20"
_BLANKS = " \u00a0\u3000\ufeff\u200b"
"""What some programs take off before they look at a cell."""
_RISKY = re.compile(rf"{_STARTS}(?='*[{_BLANKS}]*[{_SIGNS}])")
_DEFUSED = re.compile(rf"{_STARTS}'(?='*[{_BLANKS}]*[{_SIGNS}])")


def harmless(text: str) -> str:
    """Return a text as it may stand in a CSV file."""
    return _RISKY.sub("'", text)


def original(text: str) -> str:
    """Return the text that `harmless` was given."""
    return _DEFUSED.sub("", text)


def table_text(table: pd.DataFrame) -> str:
    """Return a table as a CSV file holds it: numbers to ten digits, texts made harmless."""
    safe = table.rename(columns=_changed(harmless))
    safe = safe.assign(**_texts_changed(safe, harmless))
    texts = (value for column in safe for value in safe[column] if isinstance(value, str))
    quoting = _quoting([*map(str, safe.columns), *texts])
    text: str = safe.to_csv(index=False, lineterminator="\n", float_format="%.10g", quoting=quoting)
    return text


def rows_text(header: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Return rows of texts as a CSV file holds them; what is a number already stays as it is."""
    import io

    written = [[harmless(cell) for cell in header]]
    written += ([cell if _is_number(cell) else harmless(cell) for cell in row] for row in rows)
    text = io.StringIO(newline="")
    quoting: Any = _quoting(cell for row in written for cell in row)
    csv.writer(text, lineterminator="\n", quoting=quoting).writerows(written)
    return text.getvalue()


def read_csv(path: Path, types: Mapping[str, type] | None = None) -> pd.DataFrame:
    """Read a file that `table_text` gave, each text as it was.

    Parameters
    ----------
    path
        The file.
    types
        Of the columns that must not be taken for numbers.

    Raises
    ------
    OSError, ValueError
        It cannot be read, or is no such file.
    """
    import pandas as pd

    table = pd.read_csv(path, dtype=dict(types or {}))
    table = table.rename(columns=_changed(original))
    return table.assign(**_texts_changed(table, original))


def _quoting(texts: Iterable[str]) -> int:
    """Return which cells to quote: all where Python's own choice would leave out a line's end."""
    return csv.QUOTE_ALL if any("\r" in text for text in texts) else csv.QUOTE_MINIMAL


def _changed(change: Any) -> Any:
    return lambda name: change(name) if isinstance(name, str) else name


def _texts_changed(table: pd.DataFrame, change: Any) -> dict[str, Any]:
    """Return the columns with texts, changed; a text that is not changed stays the same object."""
    found = {}
    for name in table.columns:
        column = table[name]
        if column.dtype.kind in "OU" or str(column.dtype) in ("category", "string", "str"):
            values = column.tolist()
            changed = [change(value) if isinstance(value, str) else value for value in values]
            if changed != values:
                found[str(name)] = changed
    return found


def _is_number(text: str) -> bool:
    return re.fullmatch(r"-?(\d+(\.\d*)?(e[+-]?\d+)?|inf)", text) is not None
