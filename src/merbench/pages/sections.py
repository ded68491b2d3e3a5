"""The sections of a page, in their order. A new one is a function, and a line in `SECTIONS`."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from merbench.benchmark.names import NONE
from merbench.components import MIXED
from merbench.leaderboard.accuracy import Accuracy, accuracies
from merbench.leaderboard.comparisons import level
from merbench.leaderboard.cost import costs
from merbench.leaderboard.fold_tables import FoldTable, fold_tables, n_pairs
from merbench.leaderboard.results import Results, Row, finished, key_of, short_names
from merbench.pages import diagrams, figures, separator_tables, stem_levels
from merbench.pages.about_sections import about, datasets_used, how_to_submit, submissions
from merbench.pages.board_sections import leaderboard, tables, variants
from merbench.pages.leaderboard_table import number
from merbench.pages.render import Part, render
from merbench.pages.view import View
from merbench.runs import row_columns
from merbench.wording import DASH, p_text

if TYPE_CHECKING:
    from markupsafe import Markup

__all__ = ["SECTIONS", "View", "parts"]

PAIRS_SHOWN = 40
"""Pairs of one family that are drawn and listed; files hold the others."""
LETTERS = 64
"""Of a system's name, in a figure."""
SYSTEMS_SHOWN = 40
"""Systems of one table whose accuracy is drawn, the best; the table has the others."""
ROWS_LINKED = 6
"""Rows that a finding links to."""
SEPARATED_SHOWN = 12
"""Pairs of separators that are shown fold by fold."""
FOLDS_DRAWN = 10
"""Histograms of single folds, as many as the paper has."""


def parts(view: View) -> list[Part]:
    """Make the sections that have something to show."""
    made = ((name, title, make(view)) for name, title, make in SECTIONS)
    return [Part(name, title, html) for name, title, html in made if html is not None]


# --- printed elsewhere ---------------------------------------------------------------------------


def reported(view: View) -> Markup | None:
    """Rows that others printed."""
    rows = view.content.reported
    if not rows:
        return None
    columns = [c for c in rows[0] if any(row.get(c) not in (None, "") for row in rows)]
    shown = [{c: _cell(row.get(c)) for c in columns} for row in rows]
    return render("reported", columns=columns, rows=shown)


def _cell(value: Any) -> str:
    return number(value) if isinstance(value, float) else "" if value is None else str(value)


# --- accuracy ------------------------------------------------------------------------------------


def accuracy(view: View) -> Markup | None:
    """How often systems are right, a figure for each table of a task of classes."""
    import numpy as np
    from markupsafe import Markup

    items = []
    for i, rows in enumerate(view.content.tables.values()):
        found = accuracies(view.content, rows, SYSTEMS_SHOWN)
        if sum(not one.baseline for one in found) < 2:
            continue
        low, high = (
            np.array([math.nan if end is None else end for end in ends], float)
            for ends in ([one.low for one in found], [one.high for one in found])
        )
        svg = diagrams.accuracies(
            f"a{i}",
            [_cut(name) for name in short_names([one.row for one in found])],
            np.array([one.mean for one in found], float),
            low,
            high,
            [one.folds for one in found],
            [one.baseline for one in found],
        )
        caption = f"Test accuracy, {rows[0]['dataset']}."
        note = _accuracy_note(found)
        n_systems = sum(row["role"] == row_columns.SYSTEM for row in finished(rows))
        if n_systems > SYSTEMS_SHOWN:
            note += f" The best {SYSTEMS_SHOWN} of {n_systems} systems are shown."
        items.append((note, caption, Markup(svg)))
    return render("figures", items=items) if items else None


def _accuracy_note(found: Sequence[Accuracy]) -> str:
    folds = max(len(one.folds) for one in found)
    tests = max(one.n_tests for one in found)
    notes = [
        f"point: mean over {folds} folds" if folds > 1 else f"point: one fold of {tests} clips"
    ]
    if any(one.low is not None for one in found):
        notes.append("bar: 95 % interval, groups of clips drawn with replacement")
    if folds > 1:
        notes.append("small points: single folds")
    if any(one.baseline for one in found):
        notes.append("grey: baselines, a dashed line at the best")
    return f"Share of test clips in the right class; {'; '.join(notes)}. The rank is by KL."


def _cut(name: str) -> str:
    return name if len(name) <= LETTERS else f"{name[: LETTERS - 1]}…"


# --- the data ------------------------------------------------------------------------------------


def data(view: View) -> Markup | None:
    """The tested clips laid out by their features, and how far their classes lie apart."""
    from markupsafe import Markup

    items = []
    for i, one in enumerate(view.layouts):
        separator = "" if one.separator == MIXED else f"{one.separator} x "
        caption = f"{one.dataset}, {separator}{one.features}, by t-SNE."
        n = len(one.points)
        drawn = "" if n == one.n_clips else f"{n} of {one.n_clips} tested clips, drawn at random. "
        note = (
            f"{drawn}The nearest neighbour on the plane is of a clip's own class for "
            f"{100 * one.alike:.0f} % of the clips, where {100 * one.chance:.0f} % would be by "
            "chance. Near points are alike; distances between far ones mean nothing."
        )
        svg = diagrams.clip_map(f"e{i}", one.points, one.classes, one.names, note)
        items.append((note, caption, Markup(svg)))
    return render("figures", items=items) if items else None


# --- differences ---------------------------------------------------------------------------------

_PAIR_COLUMNS = (
    ("First", False, "", "a"),
    ("Second", False, "", "b"),
    ("Difference", True, "Mean over folds of KL of the first less that of the second, nats",
     "kl_difference"),
    ("p", True, "Of the test that decides, corrected for all pairs of its family",
     "corrected_p_holm"),
    ("p clips", True, "Wilcoxon signed-rank test over clips, after Holm: takes clips of one group "
     "for independent", "clip_p_holm"),
    ("Effect", True, "Matched-pairs rank-biserial correlation; −1: first better on every clip",
     "rank_biserial"),
    ("Detectable", True, "Smallest difference that would be found with 80 % power, nats",
     "detectable_difference"),
    ("Verdict", False, "Significant where p is below 0.05", ""),
)  # fmt: skip


def differences(view: View) -> Markup | None:
    """Pairs of systems: how far apart they are, and how sure that is."""
    families: dict[tuple[str, str], list[Row]] = {}
    for pair in view.content.comparisons:
        families.setdefault((str(pair["dataset"]), str(pair.get("across", ""))), []).append(pair)
    if not families:
        return None
    note = (
        "A difference is called significant where p is below "
        f"{level():g}, after correction for the pairs of its family. The test allows for clips of "
        "one group and for folds that share clips. Intervals are those of the same test, for each "
        "pair by itself."
    )
    made = [
        _family(i, *names, pairs, view.content) for i, (names, pairs) in enumerate(families.items())
    ]
    return render("comparisons", note=note, families=made)


def _family(
    position: int, dataset: str, across: str, pairs: Sequence[Row], content: Results
) -> dict[str, Any]:
    import numpy as np
    from markupsafe import Markup

    foremost = sorted(pairs, key=lambda pair: _standing(content.sides(pair)))[:PAIRS_SHOWN]
    shown = sorted(foremost, key=_surprise)
    columns = [c for c in _PAIR_COLUMNS if not c[3] or any(p.get(c[3]) is not None for p in pairs)]

    def numbers(key: str) -> Any:
        return np.array([math.nan if p.get(key) is None else p[key] for p in shown], float)

    low, high = numbers("kl_low"), numbers("kl_high")
    svg = diagrams.paired_differences(
        f"d{position}",
        [_pair_name(pair, *content.sides(pair)) for pair in shown],
        numbers("kl_difference"),
        low,
        high,
        [bool(pair["significant"]) for pair in shown],
    )
    return {
        "title": f"{dataset}: across {across}" if across else dataset,
        "svg": Markup(svg),
        "intervals": bool(np.isfinite(low).any()),
        "columns": [column[:3] for column in columns],
        "rows": [[_pair_cell(pair, column[3]) for column in columns] for pair in shown],
        "more": len(pairs) - len(shown),
    }


def _standing(sides: Sequence[Row]) -> tuple[Any, ...]:
    """Order pairs by what they tell of the best: systems before baselines, by the worse rank."""
    ranks = sorted((row.get("rank") or math.inf for row in sides), reverse=True)
    return (any(row["role"] != row_columns.SYSTEM for row in sides), ranks)


def _pair_name(pair: Row, a: Row, b: Row) -> str:
    """Name a pair: where one axis differs its two names, and once what is alike."""
    differ = [axis for axis in row_columns.AXES[1:] if a[axis] != b[axis]]
    if len(differ) == 1 and a["parameters"] == b["parameters"]:
        (axis,) = differ
        alike = row_columns.system_name(a | {axis: NONE})
        if alike and NONE not in (a[axis], b[axis]):
            return f"{a[axis]} − {b[axis]} ({alike})"
    return f"{pair['a']} − {pair['b']}"


def _surprise(pair: Row) -> tuple[float, float]:
    p = pair.get("corrected_p_holm")
    return (2.0 if p is None else p, -abs(pair.get("kl_difference") or 0.0))


def _pair_cell(pair: Row, key: str) -> tuple[str, str]:
    if not key:
        if pair.get("corrected_p_holm") is None:
            return "undecided: one group", ""
        if not pair["significant"]:
            return "not significant", ""
        return ("first better" if pair["kl_difference"] < 0 else "second better"), ""
    value = pair.get(key)
    if not isinstance(value, (int, float)):
        return str(value or DASH), ""
    text = p_text(value) if "_p" in key else number(value, signed=key == "kl_difference")
    return text, f"{value:.6g}"


# --- datasets ------------------------------------------------------------------------------------


def datasets(view: View) -> Markup | None:
    """Systems over several datasets: the critical-difference diagram."""
    import numpy as np
    from markupsafe import Markup

    rows = view.content.across
    if not rows:
        return None
    cliques: dict[str, list[int]] = {}
    for place, row in enumerate(rows):
        for clique in str(row.get("cliques") or "").split("; "):
            if clique:
                cliques.setdefault(clique.removesuffix(".0"), []).append(place)
    names = [str(row["system"]) for row in rows]
    ranks = np.array([row["mean_rank"] for row in rows], float)
    svg = diagrams.critical_difference("cd", names, ranks, [cliques[c] for c in sorted(cliques)])
    n, p = rows[0]["n_datasets"], p_text(rows[0]["friedman_p"])
    note = (
        f"Friedman's test over {n} datasets, p {p}. "
        "A bar joins systems that pairwise Wilcoxon tests over datasets, after Holm, cannot tell "
        "apart."
    )
    return render("figures", items=[(note, "Mean rank over datasets.", Markup(svg))])


# --- separators ----------------------------------------------------------------------------------


def separators(view: View) -> Markup | None:
    """One separator against another, fold by fold: the paper's tables and its Figure 4."""
    found = fold_tables(view.content, SEPARATED_SHOWN)
    if not found:
        return None
    return render(
        "separators",
        left_out=max(0, n_pairs(view.content) - SEPARATED_SHOWN),
        median=separator_tables.MEDIAN,
        tables=[_separated(i, table) for i, table in enumerate(found)],
    )


def _separated(position: int, table: FoldTable) -> dict[str, Any]:
    import numpy as np
    from markupsafe import Markup

    names, folds = table.separators, len(table.folds)
    drawn: list[tuple[str, str]] = []
    for i in range(min(folds, FOLDS_DRAWN)):
        pair = {name: kl[i] for name, kl in zip(names, table.kl, strict=True)}
        svg = figures.kl_histogram(f"q{position}-{i}", pair, title=f"fold {i + 1}", small=True)
        drawn.append((f"Fold {i + 1}", svg))
    pooled = {name: np.concatenate(kl) for name, kl in zip(names, table.kl, strict=True)}
    svg = figures.kl_histogram(f"q{position}-all", pooled, title="all folds", small=True)
    drawn.append(("All folds", svg))
    return {
        "title": f"{table.dataset}: {table.system}, {names[0]} against {names[1]}",
        "names": names,
        "body": separator_tables.body(table),
        "figures": [(caption, Markup(svg)) for caption, svg in drawn],
        "more": folds if folds > FOLDS_DRAWN else 0,
    }


def stems(view: View) -> Markup | None:
    """What separators made of the clips, and whether these are like what they learned from."""
    found = stem_levels.separations(view.content)
    return render("separation", items=found) if found else None


# --- cost ----------------------------------------------------------------------------------------


def cost(view: View) -> Markup | None:
    """What systems cost against how well they do, a figure a table."""
    import numpy as np
    from markupsafe import Markup

    items = []
    for i, rows in enumerate(view.content.tables.values()):
        found = costs(rows)
        if len(found) < 2:
            continue
        seconds = np.array([cost.seconds for cost in found], float)
        kl = np.array([cost.kl for cost in found], float)
        names = short_names([cost.row for cost in found])
        marks = ["" if cost.place is None else str(cost.place) for cost in found]
        svg = diagrams.runtime_against_kl(f"r{i}", names, seconds, kl, marks)
        front = sorted((c.place, name) for c, name in zip(found, names, strict=True) if c.place)
        listed = "; ".join(f"{place}: {name}" for place, name in front)
        note = f"Numbered are the systems that no other beats in both. {listed}."
        items.append((note, f"Runtime against KL, {rows[0]['dataset']}.", Markup(svg)))
    return render("figures", items=items) if items else None


# --- systems -------------------------------------------------------------------------------------


def systems(view: View) -> Markup | None:
    """Each system's own figures, or links to the pages where they are."""
    return render("systems", systems=view.systems) if view.systems else None


def findings(view: View) -> Markup | None:
    """What the tables come to, in a few sentences, each with links to its rows."""
    known = list(view.content.tables)  # real music before synthetic
    tables: dict[str, dict[str, Any]] = {}
    for finding in sorted(view.content.findings, key=lambda found: known.index(found.table)):
        of_table = tables.setdefault(finding.table, {"dataset": finding.dataset, "findings": []})
        rows = [view.content.row(cell, run) for cell, run in finding.keys][:ROWS_LINKED]
        links = [
            {"href": f"#r-{key_of(row)}", "name": name}
            for row, name in zip(rows, short_names(rows), strict=True)
        ]
        of_table["findings"].append({"text": finding.text, "links": links})
    return render("findings", tables=list(tables.values())) if tables else None


SECTIONS: tuple[tuple[str, str, Callable[[View], Markup | None]], ...] = (
    ("findings", "Findings", findings),
    ("tables", "Tables", tables),
    ("leaderboard", "Leaderboard", leaderboard),
    ("variants", "Variants of a model", variants),
    ("accuracy", "Test accuracy", accuracy),
    ("data", "Clips by their features", data),
    ("differences", "Paired differences", differences),
    ("datasets", "Over several datasets", datasets),
    ("separators", "Separators, fold by fold", separators),
    ("separation", "Separation", stems),
    ("cost", "Cost", cost),
    ("systems", "Systems", systems),
    ("sources", "Datasets", datasets_used),
    ("reported", "Reported elsewhere", reported),
    ("submissions", "Submissions", submissions),
    ("submit", "How to submit", how_to_submit),
    ("about", "About this run", about),
)
"""Id, title, and what makes it: None leaves a section out. A page shows them in this order."""
