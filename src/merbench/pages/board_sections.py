"""The sections on a board's rows: what they come to, how they rank, and what others printed."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from merbench.benchmark.names import NONE, parameters_listed
from merbench.leaderboard.results import Row, key_of, short_names
from merbench.leaderboard.variants import PLAIN, model_families, model_of
from merbench.pages import leaderboard_table
from merbench.pages.about_sections import protocol_in_words
from merbench.pages.leaderboard_table import page_number
from merbench.pages.links import links_of
from merbench.pages.render import render
from merbench.pages.view import View
from merbench.runs import row_columns
from merbench.wording import DASH, counted, duration

if TYPE_CHECKING:
    from markupsafe import Markup

    from merbench.leaderboard.findings import TableFinding

__all__ = [
    "findings_section", "leaderboard_section", "reported_section", "systems_section",
    "tables_section", "variants_section",
]  # fmt: skip

ROWS_LINKED = 6
"""Rows that a finding links to in sight; links to the others unfold."""
_MARKS = (
    ("baseline", "Needs no music: what any system must beat. people: what human raters reach."),
    ("runs", "Several runs of this system: the first is ranked, the spread is theirs."),
    ("worse than a constant", "One prediction for all clips would do better."),
    ("uncorrelated with truth", "Predictions do not follow the labels: clips may be mixed up."),
)
"""What stands behind a system's name, and what it means."""


def leaderboard_section(view: View) -> Markup | None:
    """Show all rows, a table for each set of rows that may be ranked against each other."""
    content = view.content
    if not content.rows:
        return None
    laid_out = [
        leaderboard_table.lay_out_table(name, rows) for name, rows in content.tables.items()
    ]
    return render(
        "leaderboard",
        filters=_filters(content.rows),
        ways=list(dict.fromkeys(c.way for table in laid_out for c in table.columns if c.way)),
        tables=[_table_context(table, view) for table in laid_out],
        legend=_legend(laid_out),
    )


def _filters(rows: Sequence[Row]) -> list[tuple[str, str, list[str]]]:
    """Return what rows can be chosen by: name, label, values; only where there are two or more."""
    systems = [row for row in rows if row["role"] == row_columns.SYSTEM]

    def values(found: Iterable[Any]) -> list[str]:
        return list(dict.fromkeys(str(value) for value in found if value))

    known = [
        ("task", "Task", values(row.get("task") for row in rows)),
        ("dataset", "Dataset", values(row["dataset"] for row in rows)),
        ("separator", "Separator", sorted(values(row["separator"] for row in systems))),
        ("features", "Features", sorted(values(row["features"] for row in systems))),
        ("model", "Model", sorted(values(model_of(str(row["model"]))[0] for row in systems))),
        ("role", "Role", values(row["role"] for row in rows)),
    ]
    return [one for one in known if len(one[2]) > 1]


def _legend(tables: Sequence[leaderboard_table.ShownTable]) -> list[tuple[str, str]]:
    columns = {c.heading: c.help for table in tables for c in table.columns}
    marks = {text for table in tables for line in table.lines for _, text in line.tags}
    kinds = {kind for table in tables for line in table.lines for kind, _ in line.tags}
    known = [(name, says) for name, says in _MARKS if name in marks or name in kinds]
    return [*columns.items(), *known]


def _table_context(table: leaderboard_table.ShownTable, view: View) -> dict[str, Any]:
    ends = _tier_ends([line.row.get("tier") for line in table.lines])
    lines = [
        {f.name: getattr(line, f.name) for f in dataclasses.fields(line)}
        | {
            "href": view.hrefs.get(line.key, ""),
            "parameters": parameters_listed(row_columns.system_parameters(line.row)),
            "drawn": None not in (line.low, line.middle, line.high),
            "tier_ends": end,
        }
        for line, end in zip(table.lines, ends, strict=True)
    ]
    name = str(table.rows[0]["dataset"])
    return {
        "dataset": table.dataset,
        "href": view.datasets.get(name, ""),
        "links": links_of(view.content, name),
        "version": table.version,
        "task": table.task,
        "rows": table.rows,
        "columns": table.columns,
        "lines": lines,
        "summary": _summary(table),
        "synthetic": table.synthetic,
        "provenance": table.provenance,
    }


def _tier_ends(tiers: Sequence[Any]) -> list[bool]:
    """Tell which rows are the last of a tier; rows without one stand between those that have."""
    ranked = [i for i, tier in enumerate(tiers) if tier is not None]
    pairs = zip(ranked, [*ranked[1:], None], strict=True) if ranked else ()
    last = {i for i, after in pairs if after is None or tiers[i] != tiers[after]}
    return [i in last for i in range(len(tiers))]


def _summary(table: leaderboard_table.ShownTable) -> str:
    text = f"Task {table.task}, {table.value('n_clips')} clips, {_folds(table.rows)}."
    if protocol := table.value("protocol"):
        text += f" Protocol {protocol_in_words(json.loads(protocol))}."
    text += f" Split {table.value('split_hash')[:12]}."
    for axis in leaderboard_table.ALIKE:
        shared = {str(row[axis]) for row in table.rows if (row.get(axis) or NONE) != NONE}
        if len(shared) == 1 and len(table.rows) > 1:
            text += f" {axis.capitalize()} of all systems: {shared.pop()}."
    if any(row.get("tier") is not None for row in table.rows):
        text += " A line ends a tier: no row of one is significantly worse than its first."
    text += f" The interval's scale ends at {page_number(table.scale, 2)} nats."
    machines = {leaderboard_table.machine(row.get("hardware")) for row in table.rows} - {DASH}
    if len(machines) == 1:
        text += f" Times were taken on {machines.pop()}."
    return text


def _title(rows: Sequence[Row]) -> str:
    """Name a table by its dataset and protocol: a dataset may have several tables."""
    protocol = rows[0].get("protocol")
    named = f"{json.loads(protocol)['name']}, " if protocol else ""
    return f"{rows[0]['dataset']} ({named}{_folds(rows)})"


def _folds(rows: Sequence[Row]) -> str:
    return counted(max(int(row.get("n_folds") or 0) for row in rows), "fold")


def tables_section(view: View) -> Markup | None:
    """Link to the tables that have pages of their own."""
    return render("tables", tables=view.tables) if view.tables else None


def variants_section(view: View) -> Markup | None:
    """Set each model as it is beside itself tuned and calibrated, for each set of rows."""
    items = []
    for rows in view.content.tables.values():
        found = model_families(rows)
        if not found:
            continue
        names = sorted({name for family in found for name in family.rows} - {PLAIN})
        columns = [*([PLAIN] if any(PLAIN in f.rows for f in found) else []), *names]
        lines = []
        for family in found:
            best = min(row["kl_mean"] for row in family.rows.values())
            cells = [_variant(view, family.rows.get(name), best) for name in columns]
            lines.append({"model": family.model, "alike": family.alike, "cells": cells})
        items.append({"title": _title(rows), "columns": columns, "lines": lines})
    return render("variants", items=items) if items else None


def _variant(view: View, row: Row | None, best: float) -> dict[str, Any] | None:
    if row is None:
        return None
    rank = "" if row.get("rank") is None else f"rank {row['rank']:.0f}, "
    return {
        "kl": page_number(row["kl_mean"]),
        "under": rank + duration(row.get("seconds")),
        "best": row["kl_mean"] == best,
        "href": view.hrefs.get(key_of(row), ""),
    }


def systems_section(view: View) -> Markup | None:
    """Show each system's own figures, or link to the pages that show them."""
    return render("systems", systems=view.systems) if view.systems else None


def findings_section(view: View) -> Markup | None:
    """Say in a few sentences what the tables come to, each with links to its rows.

    Who leads, and what that depends on, is in sight; the rest of a table's findings unfolds.
    """
    by_table: dict[str, list[TableFinding]] = {}
    for finding in view.content.findings:
        by_table.setdefault(finding.table, []).append(finding)
    tables = []
    for table, rows in view.content.tables.items():  # real music before synthetic
        if found := by_table.get(table):
            # A name says what tells a row from the whole table, not from those beside the link.
            names = dict(zip(map(key_of, rows), short_names(rows), strict=True))
            first = 1 + next((i for i, one in enumerate(found) if one.kind == "leads"), 0)
            said = [{"text": one.text} | _links(view, one, names) for one in found]
            tables.append({"title": _title(rows), "first": said[:first], "others": said[first:]})
    return render("findings", tables=tables) if tables else None


def _links(view: View, finding: TableFinding, names: Mapping[str, str]) -> dict[str, Any]:
    keys = [key_of(view.content.row(cell, run)) for cell, run in finding.keys]
    links = [{"href": f"#r-{key}", "name": names[key]} for key in keys]
    return {"links": links[:ROWS_LINKED], "more": links[ROWS_LINKED:]}


def reported_section(view: View) -> Markup | None:
    """List the numbers that papers printed."""
    rows = view.content.reported
    if not rows:
        return None
    columns = [c for c in rows[0] if any(row.get(c) not in (None, "") for row in rows)]
    shown = [{c: _cell(row.get(c)) for c in columns} for row in rows]
    return render("reported", columns=columns, rows=shown)


def _cell(value: Any) -> str:
    return page_number(value) if isinstance(value, float) else "" if value is None else str(value)
