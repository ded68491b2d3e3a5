"""A leaderboard's site: pages that follow from its files alone, and need no server."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from merbench.bounds import parquet_table
from merbench.errors import MerbenchError
from merbench.identity import digest
from merbench.leaderboard import files, run_results
from merbench.leaderboard.columns import Comparison, SeparatorFold, leaderboard_rows, typed_rows
from merbench.leaderboard.results import Results, Row, Sources, is_synthetic, key_of, records
from merbench.leaderboard.table_reading import hold_predictions, read_tables
from merbench.pages.leaderboard_table import page_number
from merbench.pages.render import Part, page
from merbench.pages.report import PAGE, PAGE_BYTES, write_texts
from merbench.pages.sections import page_sections
from merbench.pages.system import system
from merbench.pages.view import View
from merbench.runs import row_columns
from merbench.runs.record import MANIFEST, PREDICTIONS
from merbench.wording import counted

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["NAMES", "PAGE", "pages_in", "read_any", "read_board", "write"]

SYSTEMS, TABLES, DATASETS = "systems", "tables", "datasets"
"""Folders of pages: of each system, of each table where one page for all is too large, and of each
data set."""

NAMES = (PAGE, SYSTEMS, TABLES, DATASETS)
"""What a site adds to a leaderboard's folder."""


def write(folder: Path) -> list[Path]:
    """Write the site of a leaderboard into its folder, from the files that lie there.

    `index.html` has every table; where that would exceed 3 MB, it has each table's best rows, and
    `tables/` a page for each whole one. `datasets/` has a page for each data set, `systems/` one
    for each system whose predictions are there. The same files give the same pages; pages of an
    earlier leaderboard go.

    Returns
    -------
    list of Path
        What was written, the index first.

    Raises
    ------
    MerbenchError
        A file is missing or damaged, or the folder cannot be written.
    """
    content = read_board(folder)
    shown = {key_of(row): row for row in content.rows if _has_page(content, row)}
    texts = _pages(content, shown)
    texts |= {_href(key): _system_page(content, row) for key, row in shown.items()}
    written = write_texts(folder, texts)
    for left in pages_in(folder):
        if left not in written:
            left.unlink()
    return written


def pages_in(folder: Path) -> list[Path]:
    """Return the files of a leaderboard's site that lie in its folder."""
    inside = [path for name in NAMES[1:] for path in (folder / name).rglob("*")]
    return sorted(path for path in [folder / PAGE, *inside] if path.is_file())


def read_board(folder: Path) -> Results:
    """Read a leaderboard's files.

    Raises
    ------
    MerbenchError
        A file is missing or damaged.
    """
    tables = read_tables(folder)

    def rows(name: str) -> list[Row]:
        return records(tables[name])

    return Results(
        "Leaderboard",
        leaderboard_rows(tables[files.LEADERBOARD]),
        typed_rows(Comparison, tables[files.COMPARISONS]),
        tables[files.FOLDS],
        _predictions(folder / PREDICTIONS),
        typed_rows(SeparatorFold, tables[files.SEPARATORS]),
        across=rows(files.ACROSS),
        reported=rows(files.REPORTED),
        sources=Sources(
            rows(files.DATASETS),
            rows(files.PLUGINS),
            rows(files.SYSTEMS),
            rows(files.SUBMISSIONS),
        ),
        replications=rows(files.REPLICATIONS),
    )


def read_any(folder: Path) -> Results:
    """Read the results in a folder, whether a run's or a leaderboard's.

    Raises
    ------
    MerbenchError
        It is neither, or a file is missing or damaged.
    """
    if (folder / MANIFEST).is_file():
        return Results.of_run(run_results.read_results(folder))
    return read_board(folder)


def _predictions(path: Path) -> pd.DataFrame:
    """Read what pages need of the predictions; texts as categories, for their number."""
    import pyarrow.parquet

    names = ["run", "cell", "clip", "group"]
    try:
        schema = pyarrow.parquet.read_schema(path)
        hold_predictions(path, schema)
        known = schema.names
        labels = (row_columns.TRUTH, row_columns.PREDICTED)
        wanted = [n for n in known if n in (*names, "fold", "kl") or n.startswith(labels)]
        frame: pd.DataFrame = parquet_table(path, columns=wanted).to_pandas()
    except (OSError, ValueError) as error:
        raise MerbenchError(f"{path} cannot be read ({error}); build it again") from None
    return frame


# --- pages ---------------------------------------------------------------------------------------


def _pages(content: Results, shown: dict[str, Row]) -> dict[str, str]:
    """Return the index, a page for each data set, and one for each table where they do not fit."""
    datasets = _dataset_pages(content)
    view = View(content, {key: _href(key) for key in shown}, datasets=datasets)
    whole = page(
        "merbench leaderboard", page_sections(view), heading="Leaderboard", lead=_lead(content)
    )
    hrefs = {key: f"../{_href(key)}" for key in shown}
    pages = {
        href: _dataset_page(content, name, href, hrefs, datasets) for name, href in datasets.items()
    }
    if len(whole.encode()) <= PAGE_BYTES:
        return {PAGE: whole} | pages
    briefs = []
    for name, rows in content.tables.items():
        href = f"{TABLES}/{name}.html"
        briefs.append(_brief(rows, href))
        pages[href] = page(
            f"{rows[0]['dataset']}: merbench leaderboard",
            page_sections(View(_only(content, [name]), hrefs, datasets=_up(datasets))),
            heading=str(rows[0]["dataset"]),
            up={"href": f"../{PAGE}", "text": "Leaderboard"},
        )
    across = replace(content, rows=[], comparisons=[], separators=[])
    index = page(
        "merbench leaderboard",
        page_sections(View(across, tables=briefs, datasets=datasets)),
        heading="Leaderboard",
        lead=_lead(content),
    )
    return {PAGE: index} | pages


def _dataset_pages(content: Results) -> dict[str, str]:
    """Return where the page of each data set is, by its name."""
    found: dict[str, str] = {}
    for rows in content.tables.values():
        name = str(rows[0]["dataset"])
        slug = re.sub(r"[^\w.-]+", "-", name).strip("-.") or "dataset"
        href = f"{DATASETS}/{slug}.html"
        if name not in found and href in found.values():
            href = f"{DATASETS}/{slug}-{digest([name])[:8]}.html"
        found.setdefault(name, href)
    return found


def _dataset_page(
    content: Results, name: str, href: str, hrefs: dict[str, str], datasets: dict[str, str]
) -> str:
    """Return a data set's page: what it is, and its tables where they fit."""
    tables = [table for table, rows in content.tables.items() if rows[0]["dataset"] == name]
    own = _only(content, tables)
    here = {other: place for other, place in _up(datasets).items() if other != name}
    made = {part.id: part for part in page_sections(View(own, hrefs, datasets=here))}
    chosen = ("sources", "findings", "leaderboard", "variants", "accuracy", "cost", "differences")
    up = {"href": f"../{PAGE}", "text": "Leaderboard"}

    def whole(ids: Sequence[str]) -> str:
        listed = [made[i] for i in ids if i in made]
        about = [Part(part.id, "The dataset" if part.id == "sources" else part.title, part.html)
                 for part in listed]  # fmt: skip
        return page(f"{name}: merbench leaderboard", about, heading=name, up=up)

    text = whole(chosen)
    return text if len(text.encode()) <= PAGE_BYTES else whole(chosen[:3])


def _up(datasets: dict[str, str]) -> dict[str, str]:
    return {name: f"../{href}" for name, href in datasets.items()}


def _only(content: Results, tables: Sequence[str]) -> Results:
    """Return what a leaderboard has on some of its tables."""
    rows = [row for table in tables for row in content.tables[table]]
    names = {row["dataset"] for row in rows}
    datasets = [row for row in content.sources.datasets if row["dataset"] in names]
    return replace(
        content,
        rows=rows,
        comparisons=[pair for pair in content.comparisons if pair.table in tables],
        separators=[fold for fold in content.separators if fold.table in tables],
        sources=replace(content.sources, datasets=datasets, submissions=[]),
        across=[],
        reported=[],
    )


def _brief(rows: list[Row], href: str) -> dict[str, Any]:
    best = [row for row in rows if row.get("tier") == 1]
    return {
        "href": href,
        "dataset": rows[0]["dataset"],
        "version": rows[0].get("dataset_version") or "",
        "n_rows": len(rows),
        "best": [(row_columns.system_name(row), page_number(row["kl_mean"])) for row in best[:5]],
        "n_best": len(best),
        "synthetic": is_synthetic(rows),
    }


def _has_page(content: Results, row: Row) -> bool:
    return row["role"] != row_columns.PEOPLE and not content.predictions_of(row).empty


def _href(key: str) -> str:
    return f"{SYSTEMS}/{key}.html"


def _system_page(content: Results, row: Row) -> str:
    name, dataset = row_columns.system_name(row), str(row["dataset"])
    return page(
        f"{name}: {dataset}",
        [Part("system", dataset, system(content, row))],
        heading=name,
        up={"href": f"../{PAGE}", "text": "Leaderboard"},
    )


def _lead(content: Results) -> str:
    rows, tables = content.rows, content.tables
    runs = len({row["run"] for row in rows})
    return (
        f"{counted(len(rows), 'row')} in {counted(len(tables), 'table')} from "
        f"{counted(runs, 'run')}. "
        "Rows are ranked within a table only: elsewhere clips, splits or the evaluator differ. "
        "Every number follows from predictions.parquet."
    )
