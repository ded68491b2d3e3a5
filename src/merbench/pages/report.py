"""A run's report: one page that needs nothing else, and the paper's tables as text."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from merbench.csv_text import table_text
from merbench.errors import MerbenchError
from merbench.leaderboard.clip_losses import clip_losses
from merbench.leaderboard.embedding import layouts
from merbench.leaderboard.results import Results, key_of
from merbench.pages import paper_tables
from merbench.pages.leaderboard_table import page_number
from merbench.pages.render import Part, page
from merbench.pages.sections import page_sections
from merbench.pages.system import FindExcerpts, system
from merbench.pages.view import View
from merbench.received_names import inside
from merbench.runs import row_columns
from merbench.wording import counted

if TYPE_CHECKING:
    from markupsafe import Markup

    from merbench.leaderboard.run_results import RunResults
    from merbench.steps.store import Store

__all__ = ["AUDIO", "CLIPS", "PAGE", "PAGE_BYTES", "write_clips", "write_report", "write_tables"]

PAGE, AUDIO, CLIPS = "index.html", "audio", "clips.csv"
PAGE_BYTES = 3_000_000
"""A page stays below this; where systems' figures would make it larger, they get their own."""


def write_report(
    run: RunResults,
    folder: Path,
    find_excerpts: FindExcerpts | None = None,
    store: Store | None = None,
) -> list[Path]:
    """Write a run's report.

    Parameters
    ----------
    run
        From `runs.read`.
    folder
        Made where it does not exist. Pages of an earlier report are replaced.
    find_excerpts
        Gives excerpts of clips to listen to, for data that may be shown.
    store
        Where the run's features are; clips of classes are laid out by those that it still has.

    Returns
    -------
    list of Path
        What was written, the report itself first.

    Raises
    ------
    MerbenchError
        The folder cannot be written.
    """
    content = Results.of_run(run)
    laid_out = [] if store is None else layouts(content, store)
    sections = {
        key_of(row): html for row in content.rows if (html := system(content, row, find_excerpts))
    }
    rows = {key_of(row): row for row in content.rows if key_of(row) in sections}
    name, lead = content.name, _lead(run.manifest)

    def whole(own_pages: bool) -> str:
        hrefs = {k: f"system-{_safe(k)}.html" if own_pages else f"#s-{k}" for k in sections}
        entries = [
            _entry(row, hrefs[key] if own_pages else "", sections[key]) for key, row in rows.items()
        ]
        return page(
            f"{name}: report",
            page_sections(View(content, hrefs, entries, layouts=laid_out)),
            heading=name,
            lead=lead,
        )

    pages = {PAGE: whole(own_pages=False)}
    if len(pages[PAGE].encode()) > PAGE_BYTES:
        pages = {PAGE: whole(own_pages=True)} | {
            f"system-{_safe(key)}.html": page(
                f"{row_columns.system_name(rows[key])}: {name}",
                [Part("system", str(rows[key]["dataset"]), html)],
                heading=row_columns.system_name(rows[key]),
                up={"href": PAGE, "text": name},
            )
            for key, html in sections.items()
        }
    written = write_texts(folder, pages)
    _clear(folder, pages)
    return written


def _clear(folder: Path, pages: Mapping[str, str]) -> None:
    """Remove what an earlier report left: music above all that this one was not to hold."""
    for left in [*folder.glob("system-*.html"), *(folder / AUDIO).glob("*.mp3")]:
        if left.name not in pages and not any(left.name in text for text in pages.values()):
            left.unlink()
    if (folder / AUDIO).is_dir() and not any((folder / AUDIO).iterdir()):
        (folder / AUDIO).rmdir()


def _entry(row: Mapping[str, Any], href: str, html: Markup | str) -> dict[str, Any]:
    return {
        "id": f"s-{key_of(row)}",
        "name": row_columns.system_name(row),
        "dataset": row["dataset"],
        "kl": page_number(row.get("kl_mean")),
        "href": href,
        "html": html,
    }


def _safe(key: str) -> str:
    return re.sub(r"[^\w.-]", "-", key)


def _lead(manifest: Mapping[str, Any]) -> str:
    datasets = ", ".join(dict.fromkeys(str(data["name"]) for data in manifest["datasets"]))
    return (
        f"{counted(len(manifest['cells']), 'cell')} on {datasets}, run with merbench "
        f"{manifest['merbench']} on {str(manifest['started'])[:10]}."
    )


def write_tables(
    content: Results, folder: Path, formats: Sequence[str] = paper_tables.FORMATS
) -> list[Path]:
    """Write a run's or a board's tables for a paper: Markdown, LaTeX, and a CSV file each.

    Parameters
    ----------
    content
        The tables.
    folder
        Made where it does not exist. Tables of an earlier export are replaced.
    formats
        Of `paper_tables.FORMATS`.

    Raises
    ------
    MerbenchError
        The folder cannot be written.
    """
    written = write_texts(folder, paper_tables.table_texts(content, formats))
    if "csv" in formats:
        for left in (folder / paper_tables.FOLDER).glob("*.csv"):
            if left not in written:
                left.unlink()
    return written


def write_clips(content: Results, folder: Path) -> list[Path]:
    """Write `clips.csv`: every system's clips, the worst first.

    Raises
    ------
    MerbenchError
        The folder cannot be written.
    """
    return write_texts(folder, {CLIPS: table_text(clip_losses(content))})


def write_texts(folder: Path, texts: Mapping[str, str]) -> list[Path]:
    """Write files of text under a folder.

    Raises
    ------
    MerbenchError
        The folder cannot be written.
    """
    written = []
    try:
        for name, text in texts.items():
            path = inside(folder, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8", newline="\n")
            written.append(path)
    except OSError as error:
        raise MerbenchError(
            f"{error.filename or folder} cannot be written ({error.strerror or error}); name "
            "another folder"
        ) from error
    return written
