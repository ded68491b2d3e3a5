"""What a table's statistics come to, in a few plain sentences."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from merbench.benchmark.names import NONE
from merbench.components import MIXED
from merbench.leaderboard.columns import Comparison
from merbench.leaderboard.comparisons import level
from merbench.runs.row_columns import AXES, BASELINE, PEOPLE, SYSTEM, is_blind, told_apart
from merbench.wording import counted

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["COLUMNS", "FILE", "TableFinding", "findings", "findings_of", "findings_table"]

Row = Mapping[str, Any]

_NAMED = 3
"""Systems that a sentence names before it only counts them."""


@dataclass(frozen=True)
class TableFinding:
    """One sentence, and the rows that it is about: a row of findings.csv.

    Parameters
    ----------
    table, dataset
        Whose.
    kind
        What it is about: `given`, `leads`, `separation`, `baseline`, `hearing`, `constant`,
        `detectable` or `people`.
    text
        The sentence.
    cells, runs
        Of its rows, in the same order, with blanks between.
    """

    table: str
    dataset: str
    kind: str
    text: str
    cells: str
    runs: str

    @property
    def keys(self) -> list[tuple[str, str]]:
        """Cell and run of each row that it is about; a run by itself leaves its own out."""
        cells, runs = self.cells.split(), self.runs.split()
        return list(zip(cells, runs or [""] * len(cells), strict=True))


COLUMNS = [field.name for field in fields(TableFinding)]
FILE = "findings.csv"


def findings_table(rows: Sequence[Row], comparisons: Sequence[Comparison]) -> pd.DataFrame:
    """Return the findings of a leaderboard as the table that stands beside it."""
    import pandas as pd

    return pd.DataFrame(findings(rows, comparisons), columns=COLUMNS)


def findings(rows: Sequence[Row], comparisons: Sequence[Comparison]) -> list[TableFinding]:
    """Return the findings of a leaderboard, table by table.

    Parameters
    ----------
    rows, comparisons
        Its tables, with None for what is missing.
    """
    tables: dict[str, list[Row]] = {}
    for row in rows:
        tables.setdefault(str(row["table"]), []).append(row)
    pairs: dict[str, list[Comparison]] = {}
    for pair in comparisons:
        pairs.setdefault(pair.table, []).append(pair)
    return [
        finding
        for table, own in tables.items()
        for finding in findings_of(own, pairs.get(table, []))
    ]


def findings_of(rows: Sequence[Row], comparisons: Sequence[Comparison]) -> list[TableFinding]:
    """Return the findings of one table.

    Parameters
    ----------
    rows
        The best first.
    comparisons
        Of its rows.
    """
    ranked = [row for row in rows if row.get("rank") is not None]
    systems = [row for row in ranked if row["role"] == SYSTEM]
    competing = [row for row in systems if not row.get("mark")]
    if not competing:
        return []
    called = _short_names(ranked)

    def name(row: Row) -> str:
        return called[_key(row)]

    made = [
        _given(competing),
        _leads(competing, systems, name),
        *_separation(competing, comparisons),
        _baseline(competing, ranked, name),
        _hearing(systems, name),
        _constant(systems, name),
        _detectable(competing),
        _people(rows, competing[0]),
    ]
    first = ranked[0]
    return [
        TableFinding(
            str(first["table"]), str(first["dataset"]), kind, text,
            " ".join(str(row["cell"]) for row in about),
            " ".join(str(row.get("run") or "") for row in about).strip(),
        )
        for kind, text, about in filter(None, made)
    ]  # fmt: skip


Made = tuple[str, str, Sequence[Row]] | None
Name = Callable[[Row], str]


def _leads(competing: Sequence[Row], systems: Sequence[Row], name: Name) -> Made:
    """Which systems lead, or that none is significantly worse than the first."""
    best, n, marked = competing[0], len(competing), len(systems) - len(competing)
    kl = f"mean KL {best['kl_mean']:.3f} nats, less is better"
    doubtful = (
        f"{marked} of {len(systems)} systems {_is_are(marked)} marked as doubtful, and {n} "
        f"{'competes' if n == 1 else 'compete'}. "
        if marked
        else ""
    )
    if n == 1:
        return "leads", f"{doubtful}{name(best)} is the only system that competes ({kl}).", [best]
    leading = [row for row in competing if row.get("tier") == 1]
    if best.get("tier") is None or len(leading) == n:
        others = f"None of the other {n - 1} is" if n > 2 else f"{name(competing[1])} is not"
        text = (
            f"{doubtful}{others} significantly worse than {name(best)}, which ranks first ({kl})."
        )
        wanted = [row for row in competing[1:] if row.get("groups_needed") is not None]
        if wanted:
            other = min(wanted, key=lambda row: row["groups_needed"])
            groups = f"{other['groups_needed']:,.0f}".replace(",", "\N{NO-BREAK SPACE}")
            text += (
                f" With about {groups} groups of clips instead of {best['n_groups']:.0f}, a "
                f"difference as large as that of {name(other)} would show."
            )
            return "leads", text, [best, other]
        return "leads", text, [best]
    rest = n - len(leading)
    second = name(competing[len(leading)])
    others = "" if rest == 1 else f", the best of the other {rest},"
    if len(leading) == 1:
        text = f"{doubtful}{name(best)} leads ({kl}): {second}{others} is significantly worse."
        return "leads", text, leading
    return (
        "leads",
        f"{doubtful}{_names(leading, name)} lead: none of them is significantly worse than the "
        f"first ({kl}), and {second}{others} is.",
        leading,
    )


def _separation(competing: Sequence[Row], comparisons: Sequence[Comparison]) -> Iterable[Made]:
    """Whether each separator helped against unseparated clips, and by how much at most.

    What a broken system does with stems says nothing about separating.
    """
    by_cell = {_key(row): row for row in competing}
    several = any(row.get("run") for row in competing)
    found: dict[str, list[tuple[Row, float, float, bool]]] = {}
    for pair in comparisons:
        if pair.across != "separator":
            continue
        a = by_cell.get((pair.cell_a, pair.run_a if several else ""))
        b = by_cell.get((pair.cell_b, pair.run_b if several else ""))
        if a is None or b is None or (a["separator"] == MIXED) == (b["separator"] == MIXED):
            continue
        apart, sign, end = (a, 1, pair.kl_low) if b["separator"] == MIXED else (b, -1, pair.kl_high)
        if math.isnan(end):
            continue
        found.setdefault(str(apart["separator"]), []).append(
            (apart, sign * pair.kl_difference, sign * end, pair.significant)
        )
    for separator, pairs in found.items():
        helped = [one for one in pairs if one[3] and one[1] < 0]
        harmed = [one for one in pairs if one[3] and one[1] > 0]
        most = max(0.0, -min(low for _, _, low, _ in pairs))
        of = f"{counted(len(pairs), 'comparison')} with unseparated clips"
        if not helped and not harmed:
            text = f"Separating with {separator} made no significant difference in {of}"
        elif not harmed:
            text = f"Separating with {separator} helped in {len(helped)} of {of}"
        elif not helped:
            text = f"Separating with {separator} harmed in {len(harmed)} of {of}"
        else:
            text = (
                f"Separating with {separator} helped in {len(helped)} and harmed in {len(harmed)} "
                f"of {of}"
            )
        limit = f"lowers KL by no more than {most:.3f} nats" if most else "does not lower KL"
        yield (
            "separation",
            f"{text}; as far as these data go, it {limit} (95 % intervals).",
            [row for row, *_ in helped + harmed] or [row for row, *_ in pairs],
        )


def _hearing(systems: Sequence[Row], name: Name) -> Made:
    """Which systems nothing shows to hear the music."""
    from merbench.evaluation.guards import UNCORRELATED

    deaf = [row for row in systems if UNCORRELATED in str(row.get("mark") or "")]
    if not deaf:
        return None
    they = "it hears" if len(deaf) == 1 else "they hear"
    return (
        "hearing",
        f"The predictions of {len(deaf)} of {len(systems)} systems do not follow the labels, and "
        f"nothing shows that {they} the music: {_names(deaf, name)}.",
        deaf,
    )


def _constant(systems: Sequence[Row], name: Name) -> Made:
    """Which systems hear the music, and are still worse than one prediction for all clips."""
    from merbench.evaluation.guards import UNCORRELATED, WORSE

    marks = [(row, str(row.get("mark") or "")) for row in systems]
    worse = [row for row, mark in marks if WORSE in mark and UNCORRELATED not in mark]
    if not worse:
        return None
    follows = "follows" if len(worse) == 1 else "follow"
    return (
        "constant",
        f"{len(worse)} of {len(systems)} systems {follows} the labels and {_is_are(len(worse))} "
        "still worse by mean KL than one prediction for all clips, as who is too sure is: "
        f"{_names(worse, name)}.",
        worse,
    )


def _baseline(competing: Sequence[Row], ranked: Sequence[Row], name: Name) -> Made:
    """Which of the systems that compete are not shown to be better than a baseline."""
    known = [row for row in competing if row.get("baseline_p_holm") is not None]
    blind = [row for row in ranked if row["role"] == BASELINE]
    if not known or not blind:
        return None
    left = [
        row
        for row in known
        if not (row["baseline_p_holm"] < level() and row["kl_difference_to_baseline"] < 0)
    ]
    n = len(known)
    than = f"a significantly lower KL than {name(blind[0])}, which never hears the music"
    if not left:
        all_ = "The only system that competes has" if n == 1 else f"All {n} that compete have"
        return "baseline", f"{all_} {than}.", known
    if n == 1:
        return "baseline", f"The only system that competes does not have {than}.", left
    if len(left) == n:
        return "baseline", f"None of the {n} systems that compete has {than}.", left
    return (
        "baseline",
        f"{len(left)} of the {n} systems that compete {'does' if len(left) == 1 else 'do'} not "
        f"have {than}: {_names(left, name)}.",
        left,
    )


def _detectable(competing: Sequence[Row]) -> Made:
    """Which differences these data could not have shown."""
    left = [
        row
        for row in competing[1:]
        if row.get("detectable_difference") is not None
        and row.get("corrected_p_holm") is not None
        and row["corrected_p_holm"] >= level()
    ]
    if not left:
        return None
    sizes = sorted(row["detectable_difference"] for row in left)
    span = f"{sizes[0]:.3f}"
    if f"{sizes[-1]:.3f}" != span:
        span += f" to {sizes[-1]:.3f}"
    others = len(competing) - 1
    missed = f"below {span} nats would be missed in more than one of five such studies."
    if len(left) == others:
        return (
            "detectable",
            f"Not significant does not mean equal: a true difference from the first {missed}",
            left,
        )
    below = sum((row.get("tier") or 1) > 1 for row in left)
    place = f" ({below} of them in a lower tier, for one above is)" if below else ""
    return (
        "detectable",
        f"Not significant does not mean equal: {len(left)} of the other {others} systems "
        f"{_is_are(len(left))} not significantly worse than the first{place}, and a true "
        f"difference {missed}",
        left,
    )


def _people(rows: Sequence[Row], best: Row) -> Made:
    """How far the best system is from people."""
    people = [row for row in rows if row["role"] == PEOPLE and row.get("kl_mean") is not None]
    if not people:
        return None
    least = min(people, key=lambda row: row["kl_mean"])
    return (
        "people",
        f"Another panel of people comes to a KL of {least['kl_mean']:.3f} nats, the best system to "
        f"{best['kl_mean']:.3f}.",
        [best],
    )


def _given(competing: Sequence[Row]) -> Made:
    """Say what one fold leaves open."""
    if competing[0].get("n_folds") != 1:
        return None
    return (
        "given",
        "There is one fold: all that follows holds for these fitted models, and training them "
        "again, or on other clips, may change it.",
        [],
    )


def _names(rows: Sequence[Row], name: Name) -> str:
    """Name some systems, and count the others."""
    names = [name(row) for row in rows[:_NAMED]]
    more = len(rows) - len(names)
    if more:
        return f"{', '.join(names)} and {more} more"
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _is_are(n: int) -> str:
    return "is" if n == 1 else "are"


def _key(row: Row) -> tuple[str, str]:
    return str(row["cell"]), str(row.get("run") or "")


def _short_names(rows: Sequence[Row]) -> dict[tuple[str, str], str]:
    """Name rows by what tells them from the others of their table."""
    texts = told_apart(rows)
    heard = [text for row, text in zip(rows, texts, strict=True) if not is_blind(row)] or texts
    telling = [
        axis for axis in AXES[1:] if axis == "model" or len({text[axis] for text in heard}) > 1
    ]
    return {
        _key(row): " x ".join(text[axis] for axis in telling if text[axis] != NONE)
        for row, text in zip(rows, texts, strict=True)
    }
