"""What several commands show in the same way."""

from __future__ import annotations

import json
import math
import re
import shutil
import sys
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import typer

from merbench.cli import output
from merbench.wording import visible

if TYPE_CHECKING:
    from rich.console import Console

    from merbench.plugins.registry import Registry

_GAP = 2
"""Blanks between two columns of a table."""
_NARROW = 6
"""Width below which no column of words is squeezed."""
_PIPED = 160
"""Width where the output is no terminal and nobody says how wide it is."""


STOPPED = "stopped; finished work is kept, run the same command to go on"
"""What Ctrl-C is answered with."""


def console(*, err: bool = False) -> Console:
    """Return a console: as wide as `COLUMNS` says, else as the terminal is, else for whole rows."""
    from rich.console import Console

    plain = Console(stderr=err, highlight=False)
    if err and plain.is_terminal:
        return plain
    width = shutil.get_terminal_size((_PIPED, 24)).columns
    return Console(stderr=err, highlight=False, width=width)


def say(text: object, *, err: bool = False) -> None:
    """Print a line, in which nothing makes the terminal do anything."""
    typer.echo(visible(str(text)), err=err)


def print_json(document: Any) -> None:
    """Print JSON with NaN as null, and nothing else."""
    text = json.dumps(_finite(document), indent=1, ensure_ascii=False)
    # JSON spells out only some of what a terminal obeys.
    output.print_document(_OBEYED.sub(lambda found: f"\\u{ord(found[0]):04x}", text))


_OBEYED = re.compile(r"[\x7f-\x9f]")


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {str(key): _finite(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(inner) for inner in value]
    return value


def print_files(files: Iterable[object], *, as_json: bool, said: str = "") -> None:
    """Print which files were written: a sentence about them, without one each of them, or JSON."""
    names = [str(file) for file in files]
    if as_json:
        print_json({"files": names})
        return
    for line in [said] if said else names:
        say(line)


def print_table(
    columns: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    title: str = "",
    right: Sequence[str] = (),
    spare: Sequence[str] = (),
    elsewhere: str = "",
    styles: Sequence[str] = (),
) -> None:
    """Print a table that is whole however narrow the terminal: no number is ever broken.

    Parameters
    ----------
    columns, rows
        Headings, and a text for each of them in every row.
    title
        Stands above.
    right
        Columns of numbers, which are never broken.
    spare
        Columns that are left out, the last first, where the terminal is too narrow for all. A
        line below the table names them.
    elsewhere
        Where the columns that are left out can be read: a file, or an option.
    styles
        A rich style for each row.
    """
    from rich import box
    from rich.table import Table
    from rich.text import Text

    output, rows = console(), [[visible(text) for text in row] for row in rows]
    cells = {column: [row[i] for row in rows] for i, column in enumerate(columns)}
    words = [column for column in columns if column not in right]
    least = {c: _width([c, *cells[c]] if c in right else _words(c, cells[c])) for c in columns}
    room = output.width - 1  # the table's edge
    left_out: list[str] = []
    for column in reversed(spare):
        if _total(least) > room:
            left_out.insert(0, column)
            del least[column]
    for smallest in ({c: _width(_pieces(c, cells[c])) for c in words}, dict.fromkeys(words, 0)):
        _squeeze(least, room, {c: max(_NARROW, w) for c, w in smallest.items() if c in least})
    output.width = max(output.width, _total(least) + 1)  # rather than break a number
    wanted = {c: max(0, _width([c, *cells[c]]) - width) for c, width in least.items()}
    share = min(1.0, max(0, room - _total(least)) / max(1, sum(wanted.values())))
    widths = {c: width + int(share * wanted[c]) for c, width in least.items()}
    table = Table(
        title=Text(visible(title), style="table.title") if title else None,
        box=box.SIMPLE_HEAD,
        title_justify="left",
        padding=(0, 1, 0, 0),
    )
    for column, width in widths.items():
        justify: Any = "right" if column in right else "left"
        heading = Text(_filled(column, width))
        table.add_column(heading, justify=justify, overflow="fold", width=width)
    for position in range(len(rows)):
        texts = [Text(_filled(cells[c][position], width)) for c, width in widths.items()]
        table.add_row(*texts, style=styles[position] if position < len(styles) else None)
    output.print(table)
    if left_out:
        where = f"; see {elsewhere}" if elsewhere else ""
        said = f"no room here for {', '.join(left_out)}{where}"
        say(textwrap.fill(said, room, break_long_words=False, break_on_hyphens=False) + "\n")


def _total(widths: Mapping[str, int]) -> int:
    return sum(widths.values()) + _GAP * len(widths)


def _squeeze(widths: dict[str, int], room: int, least: Mapping[str, int]) -> None:
    """Narrow the widest columns, one character at a time, until all fit or none may be narrower."""
    while _total(widths) > room:
        wider = [c for c, width in least.items() if widths[c] > width]
        if not wider:
            return
        widths[max(wider, key=widths.__getitem__)] -= 1


def _width(texts: Iterable[str]) -> int:
    from rich.cells import cell_len

    return max(map(cell_len, texts), default=0)


def _words(column: str, cells: Sequence[str]) -> list[str]:
    """Return what a column of words is broken into at blanks."""
    return [word for text in (column, *cells) for word in text.split()]


def _pieces(column: str, cells: Sequence[str]) -> list[str]:
    """Return what a column of words is broken into where blanks are too few: at hyphens."""
    return [
        piece
        for word in _words(column, cells)
        for piece in textwrap.wrap(word, 1, break_long_words=False)
    ]


def _filled(text: str, width: int) -> str:
    """Break a text into lines at blanks, else at hyphens between words, else anywhere."""
    lines = [textwrap.wrap(line, width) or [""] for line in text.split("\n")]
    return "\n".join(piece for pieces in lines for piece in pieces)


def print_text(text: str) -> None:
    """Print paragraphs, filled to the terminal's width; lists and examples stay as they are."""
    from rich.text import Text

    for paragraph in text.split("\n\n"):
        laid_out = any(line.startswith((" ", "-", "*")) for line in paragraph.splitlines())
        console().print(
            Text(visible(paragraph if laid_out else " ".join(paragraph.split()))), end="\n\n"
        )


def warn(message: str) -> None:
    """Print a warning to standard error."""
    say(f"warning: {message}", err=True)


def debugging() -> bool:
    """Tell whether tracebacks are wanted."""
    return "--debug" in sys.argv


def warn_of_problems(registry: Registry) -> None:
    """Print what keeps plugins from being used."""
    for problem in registry.problems:
        warn(str(problem))
        if problem.trace and debugging():
            say(problem.trace, err=True)
