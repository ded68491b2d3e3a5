"""What the columns of somebody's table of labels may be, from their names and from what they hold.

A guess is sure where a name says it and the content agrees; whatever else is said to be a guess.
"""

from __future__ import annotations

import contextlib
import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from merbench import Guess, Task
from merbench.delimited import Delimited, read_delimited, shown
from merbench.errors import TableError as LabelError
from merbench.numerals import has_decimal_commas, number
from merbench_plugins.datasets.label_table import NAMELESS
from merbench_plugins.datasets.named_files import (
    Rows,
    audio_guesses,
    columns_named,
    rows_as_said,
)
from merbench_plugins.datasets.quadrant_labels import QUADRANTS

VALENCE = ("valence", "valenz", "pleasure", "pleasantness", "val", "v")
AROUSAL = ("arousal", "activation", "energy", "aro", "ar", "a")
MEAN = frozenset({"mean", "avg", "average", "mu", "static", "rating"})
SPREAD = frozenset({"std", "sd", "stdev", "stddev", "deviation", "dev", "sigma"})
OTHER = frozenset(
    {"min", "max", "median", "raw", "n", "count", "var", "variance", "se", "predicted", "pred"}
)
GROUPS = ("artist", "band", "performer", "composer", "singer", "group", "series", "film")
GROUPS_LIKELY = ("game", "soundtrack", "album", "author", "speaker", "dominant artist")
CLASSES = ("emotion", "mood", "label", "class", "category", "target", "quadrant")
QUADRANT_WORDS = ("quadrant", "quad", "q", "emotion", "mood", "label", "class", "target")
SPLIT_WORDS = ("split", "partition", "subset", "part", "set", "fold")
EMOTIONS = frozenset(
    {
        "amazement", "anger", "angry", "boredom", "calm", "calmness", "fear", "fearful",
        "happiness", "happy", "joy", "joyful", "neutral", "nostalgia", "peaceful", "power", "relax",
        "relaxed", "sad", "sadness", "scary", "solemnity", "surprise", "tender", "tenderness",
        "tension", "transcendence", "wonder"
    }
)  # fmt: skip
SCALES = (
    (0, 1), (1, 5), (1, 7), (1, 9), (0, 10), (1, 10), (0, 100),
    (-1, 1), (-2, 2), (-3, 3), (-4, 4), (-5, 5), (-10, 10), (-100, 100),
)  # fmt: skip
MOST_CLASSES = 20
FIXED_STD = 0.1
READABLE = 0.8
"""Share of a column's cells that must be numbers, for it to be one of numbers with faults."""
FEWEST_FEATURES = 5
RATED = ("valence_mean", "arousal_mean", "valence_std", "arousal_std")
LABELS = (*RATED, "quadrant", "shares", "category", "votes")
COLUMNS = ("id", "group", "split", *LABELS)
"""Parameters that name columns."""

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_JOINED = re.compile(
    r"(valence|arousal|val|aro|v|a)(mean|avg|average|std|sd|stdev|stddev|dev)", re.IGNORECASE
)


@dataclass(frozen=True)
class GuessedColumn:
    """A column of a table: its name, and what stands in it."""

    name: str
    cells: tuple[str, ...]

    @cached_property
    def words(self) -> frozenset[str]:
        """The words of its name, in lower case."""
        found: set[str] = set()
        for word in _WORD.findall(self.name):
            joined = _JOINED.fullmatch(word)
            found |= {part.casefold() for part in (joined.groups() if joined else (word,))}
        return frozenset(found)

    @cached_property
    def numbers(self) -> tuple[float, ...]:
        """Its cells as numbers; none at all where many of them are no numbers."""
        commas = has_decimal_commas(self.cells)
        found = []
        for cell in self.cells:
            with contextlib.suppress(ValueError):
                found.append(number(cell, decimal_comma=commas))
        found = [value for value in found if math.isfinite(value)]
        return tuple(found) if len(found) >= READABLE * len(self.cells) else ()

    @cached_property
    def distinct(self) -> tuple[str, ...]:
        """What it holds, each once, in the order of the alphabet."""
        return tuple(sorted(set(self.cells)))

    @property
    def tells_lines_apart(self) -> bool:
        """Whether each line has another text in it."""
        return len(self.distinct) == len(self.cells) and "" not in self.distinct

    def is_named(self, words: Iterable[str]) -> bool:
        """Tell whether one of some words is in its name."""
        return not self.words.isdisjoint(words)


def guesses(
    path: Path,
    root: Path | None,
    task: Task | None,
    given: Mapping[str, Any],
    splits: Mapping[str, str],
) -> list[Guess]:
    """Guess what the columns of a table of labels are.

    Parameters
    ----------
    path
        The table.
    root
        The folder of the clips' audio; None where there is none.
    task
        What labels are wanted; None for what the table has.
    given
        Parameters that are known, and need no guess.
    splits
        The words for parts of a published split.

    Raises
    ------
    TableError
        It cannot be read, or nothing in it looks like labels.
    """
    table = read_delimited(path)
    if not table.rows:
        raise LabelError(path, "there are no lines after the header; restore the file")
    cells = list(zip(*(row for _, row in table.rows), strict=True))
    columns = [
        GuessedColumn(*named) for named in zip(table.columns, cells, strict=True) if named[0]
    ]
    _refuse_unknown(table, given)
    found = _labels(columns, task, given, table.header)
    used = {
        name for value in (*given.values(), *(g.value for g in found)) for name in _names(value)
    }
    rest = [column for column in columns if column.name not in used]
    rated = {name for guess in found for name in _names(guess.value)}
    unique = [c for c in columns if c.tells_lines_apart and c.name not in rated]
    if isinstance(given.get("id"), str):
        unique = [column for column in columns if column.name == given["id"]]
    rows: Rows | None = None
    if isinstance(given.get("audio"), str):
        texts = {column.name: column.cells for column in columns}
        rows = rows_as_said(root, texts, given["audio"], given.get("id", "id")) if root else None
    elif "audio" not in given:
        identity, rows = _identity(rest, unique, root)
        found = [*identity, *found]
    if rows is not None and len(rows) < len(table.rows):
        why = f"{len(rows)} of {len(table.rows)} rows have audio"
        lines = tuple(table.rows[row][0] for row in rows)
        found = [Guess("csv", path.name, True, why, lines), *_of_rows(found, columns, rows)]
    found += [*_group(rest), *_split(rest, splits)]
    if root is None and "features" not in given:
        used |= {name for guess in found for name in _names(guess.value)}
        found += _features([column for column in columns if column.name not in used], path)
    return [guess for guess in found if guess.parameter not in given]


def _refuse_unknown(table: Delimited, given: Mapping[str, Any]) -> None:
    """Raise where a column is named that is not there."""
    for parameter in (*COLUMNS, "audio"):
        names = list(_names(given.get(parameter)))
        if parameter == "audio" and names and (in_braces := columns_named(names[0])):
            names = [name for name in in_braces if name != "id"]
        for name in names:
            if name not in table.columns:
                raise LabelError(
                    table.header,
                    f"it has no column {name!r}, which --set {parameter} names; choose from "
                    f"{shown(table.columns)}",
                )


def _of_rows(
    found: Sequence[Guess], columns: Sequence[GuessedColumn], rows: Rows
) -> Iterator[Guess]:
    """Take from guesses the classes that none of some rows has."""
    category = next((g.value for g in found if g.parameter == "category"), None)
    cells = {column.name: column.cells for column in columns}
    for guess in found:
        if guess.parameter == "categories" and category is not None:
            guess = guess._replace(value=sorted({cells[category][row] for row in rows}))
        yield guess


def _names(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, (list, tuple)):
        for inner in value:
            yield from _names(inner)


# --- labels ---------------------------------------------------------------------------------------


def _labels(
    columns: Sequence[GuessedColumn], task: Task | None, given: Mapping[str, Any], header: str
) -> list[Guess]:
    """Return what holds the labels: the kind that says most of a clip goes first."""
    if given.keys() & {*LABELS[4:]}:
        known = [column for column in columns if column.name == given.get("category")]
        return [Guess("categories", list(c.distinct), True, "what stands in it") for c in known]
    rated = _valence_and_arousal(columns, given) if task in (None, Task.VA) else []
    if given.keys() & {*RATED}:
        return rated
    if rated and "fixed_std" not in {guess.parameter for guess in rated}:
        return rated
    ways = {Task.QUADRANT: (_quadrant,), Task.CLASSES: (_category, _votes), Task.VA: ()}
    wanted = ways[task] if task else (_quadrant, None, _category, _votes)
    for way in wanted:
        found = rated if way is None else way(columns)
        if found:
            return found
    if rated:
        return rated
    what = f"labels of the task {task}" if task else "labels"
    raise LabelError(
        header,
        f"none of its columns ({shown([column.name for column in columns])}) looks like {what}; "
        "name them with --set, as in --set valence_mean=V --set arousal_mean=A",
    )


def _valence_and_arousal(columns: Sequence[GuessedColumn], given: Mapping[str, Any]) -> list[Guess]:
    best = {
        parameter: _dimension(columns, names, spread=parameter.endswith("std"))
        for parameter, names in zip(RATED, (VALENCE, AROUSAL) * 2, strict=True)
    }
    for column in columns:
        best |= {p: (column, True) for p in RATED if given.get(p) == column.name}
    means, complete = [best[p] for p in RATED[:2]], all(best[p] for p in RATED[2:])
    if not all(means):
        return []
    found = []
    for parameter in RATED if complete else RATED[:2]:
        named = best[parameter]
        assert named is not None
        why = f"its name, and {len(named[0].numbers)} numbers in it"
        found.append(Guess(parameter, named[0].name, named[1], why))
    found.append(_scale([v for named in means if named for v in named[0].numbers]))
    if not complete:
        why = "no column of standard deviations over raters: this number was not measured"
        found.append(Guess("fixed_std", FIXED_STD, False, why))
    return found


def _dimension(
    columns: Sequence[GuessedColumn], names: Sequence[str], *, spread: bool
) -> tuple[GuessedColumn, bool] | None:
    """Return the column of a dimension's means or deviations, and whether its name is plain."""
    known = {*names, *MEAN, *SPREAD}
    ranked = sorted(
        (
            next(i for i, name in enumerate(names) if name in column.words),
            len(column.words - known),
            not column.is_named(MEAN),
            position,
        )
        for position, column in enumerate(columns)
        if column.is_named(names)
        and column.is_named(SPREAD) == spread
        and not column.is_named(OTHER)
        and column.numbers
    )
    if not ranked:
        return None
    first = ranked[0]
    rivals = [other for other in ranked[1:] if other[:3] == first[:3]]
    return columns[first[3]], first[0] == 0 and first[1] == 0 and not rivals


def _scale(values: Sequence[float]) -> Guess:
    """Return the narrowest usual scale that all means are on."""
    low, high = min(values), max(values)
    for least, most in SCALES:
        if least <= low and high <= most:
            sure = (high - low) > 0.5 * (most - least) and (least, most) != (1, 5)
            why = f"means from {low:g} to {high:g}"
            return Guess("scale", [least, most], sure, why)
    around = [math.floor(low), math.ceil(high)]
    return Guess("scale", around, False, f"means from {low:g} to {high:g}: no usual scale")


def _quadrant(columns: Sequence[GuessedColumn]) -> list[Guess]:
    for column in columns:
        if set(column.distinct) <= set(QUADRANTS):
            return [Guess("quadrant", column.name, True, f"it holds {', '.join(column.distinct)}")]
    for column in columns:
        if column.is_named(QUADRANT_WORDS) and set(column.distinct) <= {"1", "2", "3", "4"}:
            sure = column.is_named(QUADRANT_WORDS[:2])
            return [Guess("quadrant", column.name, sure, "its name, and 1 to 4 in it")]
    return []


def _category(columns: Sequence[GuessedColumn]) -> list[Guess]:
    for word in CLASSES:
        for column in columns:
            n = len(column.distinct)
            if word in column.words and 2 <= n <= MOST_CLASSES and n <= len(column.cells) / 2:
                if "" in column.distinct or column.is_named({"id", "strength", "polarity"}):
                    continue
                why = f"its name, and {n} different texts in {len(column.cells)} lines"
                return [
                    Guess("category", column.name, word in CLASSES[:2], why),
                    Guess("categories", list(column.distinct), True, "what stands in it"),
                ]
    return []


def _votes(columns: Sequence[GuessedColumn]) -> list[Guess]:
    named = [c for c in columns if c.is_named(EMOTIONS) and c.numbers and min(c.numbers) >= 0]
    if len(named) < 3:
        return []
    return [Guess("votes", [c.name for c in named], False, "names of emotions, and no number < 0")]


# --- what else there is ---------------------------------------------------------------------------


def _identity(
    columns: Sequence[GuessedColumn], unique: Sequence[GuessedColumn], root: Path | None
) -> tuple[list[Guess], Rows | None]:
    """Return the column of ids, how a clip's file is named, and the rows that have one."""
    order = ("id", "song", "track", "clip", "fname", "filename", "file", "name", "number", "title")

    def rank(column: GuessedColumn) -> int:
        return min((i for i, word in enumerate(order) if word in column.words), default=len(order))

    likely = sorted(unique, key=rank)
    if root is not None:
        cells = {column.name: column.cells for column in columns}
        cells |= {column.name: column.cells for column in unique}
        return audio_guesses(root, cells, [column.name for column in likely])
    if not likely or rank(likely[0]) == len(order):
        why = "no column differs in each line: the line's number is it"
        return [Guess("id", None, False, why)], None
    return [Guess("id", likely[0].name, True, "its name, and another text in each line")], None


def _group(columns: Sequence[GuessedColumn]) -> list[Guess]:
    for words, sure in ((GROUPS, True), (GROUPS_LIKELY, False)):
        for word in words:
            for column in columns:
                named = [cell for cell in column.cells if cell.casefold() not in NAMELESS]
                if word in column.words and 1 < len(set(named)) < len(named):
                    why = f"its name, and {len(set(named))} different texts in {len(named)} lines"
                    return [Guess("group", column.name, sure, why)]
    return []


def _split(columns: Sequence[GuessedColumn], splits: Mapping[str, str]) -> list[Guess]:
    for column in columns:
        parts = {splits.get(cell.casefold(), "?") for cell in column.cells if cell}
        if column.is_named(SPLIT_WORDS) and {"train", "test"} <= parts and "?" not in parts:
            return [Guess("split", column.name, True, f"it holds {', '.join(column.distinct)}")]
    return []


def _features(columns: Sequence[GuessedColumn], path: Path) -> list[Guess]:
    """Return columns of features, where there is no audio that any could be extracted from."""
    found = [column.name for column in columns if column.numbers]
    if len(found) < FEWEST_FEATURES:
        raise LabelError(
            path, "it has no columns of features; say with --data where the clips' audio lies"
        )
    return [Guess("features", found, False, f"the other {len(found)} columns of numbers")]
