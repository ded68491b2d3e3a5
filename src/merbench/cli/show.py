"""What several commands show in the same way."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import typer

from merbench.cli import output

if TYPE_CHECKING:
    from rich.console import Console

    from merbench.plugins import Registry

_GAP = 2
"""Blanks between two columns of a table."""


STOPPED = "stopped; finished work is kept, run the same command to go on"
"""What Ctrl-C is answered with."""


def console(*, err: bool = False) -> Console:
    """Return a console; wide enough for whole rows where the output is no terminal."""
    from rich.console import Console

    plain = Console(stderr=err, highlight=False)
    return plain if plain.is_terminal else Console(stderr=err, highlight=False, width=160)


def print_json(document: Any) -> None:
    """Print JSON with NaN as null, and nothing else."""
    output.print_document(json.dumps(_finite(document), indent=1, ensure_ascii=False))


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {str(key): _finite(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(inner) for inner in value]
    return value


def print_table(
    columns: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    title: str = "",
    right: Sequence[str] = (),
    spare: Sequence[str] = (),
    styles: Sequence[str] = (),
) -> None:
    """Print a table.

    Parameters
    ----------
    columns, rows
        Headings, and a text for each of them in every row.
    title
        Stands above.
    right
        Columns of numbers, which are never broken.
    spare
        Columns that are left out, the last first, where the terminal is too narrow for all.
    styles
        A rich style for each row.
    """
    from rich import box
    from rich.table import Table
    from rich.text import Text

    output, rows = console(), list(rows)
    cells = {column: [row[i] for row in rows] for i, column in enumerate(columns)}
    least = {c: _least_width(c, texts, whole=c in right) for c, texts in cells.items()}
    room = output.width - 1  # the table's edge
    for column in reversed(spare):
        if sum(least.values()) + _GAP * len(least) > room:
            del least[column]
    room = max(0, room - sum(least.values()) - _GAP * len(least))
    wanted = {c: max(map(len, [c, *cells[c]])) - width for c, width in least.items()}
    share = min(1.0, room / max(1, sum(wanted.values())))
    table = Table(
        title=title or None, box=box.SIMPLE_HEAD, title_justify="left", padding=(0, 1, 0, 0)
    )
    for column, width in least.items():
        justify: Any = "right" if column in right else "left"
        table.add_column(
            column, justify=justify, overflow="fold", width=width + int(share * wanted[column])
        )
    for position, row in enumerate(zip(*(cells[column] for column in least), strict=True)):
        style = styles[position] if position < len(styles) else None
        table.add_row(*map(Text, row), style=style)
    output.print(table)


def print_text(text: str) -> None:
    """Print paragraphs, filled to the terminal's width; lists and examples stay as they are."""
    from rich.text import Text

    for paragraph in text.split("\n\n"):
        laid_out = any(line.startswith((" ", "-", "*")) for line in paragraph.splitlines())
        console().print(Text(paragraph if laid_out else " ".join(paragraph.split())), end="\n\n")


def _least_width(column: str, cells: Sequence[str], *, whole: bool) -> int:
    """Width below which a name or number would be broken, but for very long ones."""
    words = column.split()
    for cell in cells:
        words += [cell] if whole else cell.split()
    return min(24, max(map(len, words), default=0))


def number(value: Any, digits: int = 3) -> str:
    """A number for a table, or a dash where there is none."""
    if value is None or not math.isfinite(float(value)):
        return "–"
    return f"{float(value):.{digits}f}"


def duration(seconds: float) -> str:
    """A length of time as people say it."""
    if not math.isfinite(seconds):
        return "–"
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"


def size(megabytes: float) -> str:
    """An amount of data as people say it."""
    return f"{megabytes:.0f} MB" if megabytes < 1000 else f"{megabytes / 1000:.1f} GB"


def warn(message: str) -> None:
    """Print a warning to standard error."""
    typer.echo(f"warning: {message}", err=True)


def debugging() -> bool:
    """Tell whether tracebacks are wanted."""
    return "--debug" in sys.argv


def warn_of_problems(registry: Registry) -> None:
    """Print what keeps plugins from being used."""
    for problem in registry.problems:
        warn(str(problem))
        if problem.trace and debugging():
            typer.echo(problem.trace, err=True)
