"""`merbench leaderboard`: building, publishing and verifying tables of many runs."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from merbench.cli import display
from merbench.wording import DASH

if TYPE_CHECKING:
    from merbench.components import Clip
    from merbench.publishing.publish import PublishedRun


class TableFormat(StrEnum):
    """How tables are written."""

    MARKDOWN = "markdown"
    LATEX = "latex"
    CSV = "csv"


app = typer.Typer(
    name="leaderboard",
    help="Build a leaderboard from runs, publish a run to one, verify one.",
    no_args_is_help=True,
)

JSON = typer.Option(False, "--json", help="Print JSON.")
FOLDER = typer.Argument(Path("leaderboard"), metavar="[FOLDER]", help="The leaderboard's folder.")


@app.command("build")
def build_command(
    runs: list[Path] | None = typer.Argument(
        None,
        metavar="[RUN...]",
        help="Folders that `merbench run` wrote; without any, the submissions in --out.",
        show_default=False,
    ),
    out: Path = typer.Option(..., "--out", help="Folder for the files.", show_default=False),
    reported: list[Path] | None = typer.Option(
        None, "--reported", help="CSV file of numbers that papers print; may be repeated."
    ),
    with_pages: bool = typer.Option(
        False, "--pages", help="Also write the site: index.html and what it links to."
    ),
    as_json: bool = JSON,
) -> None:
    """Write the tables that follow from some runs, or anew those of a published leaderboard.

    The same runs give the same files, in whatever order they are named. Folders of runs that were
    stopped before they wrote anything are left out. Numbers that papers print and that lie in
    reported/ stay.

    [bold]Examples[/bold]

      merbench leaderboard build runs/demo/first runs/demo/second --out board

      merbench leaderboard build --out leaderboard
    """
    from merbench.errors import MerbenchError
    from merbench.leaderboard import files, published_folder
    from merbench.leaderboard.reported import read_reported
    from merbench.pages import site
    from merbench.publishing.rebuild import rebuild
    from merbench.runs import record

    if published_folder.submission_folders(out):
        if runs or reported:
            raise MerbenchError(
                f"{out} holds submissions, which its tables follow from; add runs to it with "
                "`merbench leaderboard publish`, and numbers as files in reported/"
            )
        tables = rebuild(out).names
        _say_built(out, tables, site.pages_in(out), as_json=as_json)
        return
    if not runs:
        raise MerbenchError(f"name a run: {out} holds no submissions to build tables from")
    papers = [*published_folder.reported_files(out), *_distinct(reported or ())]
    known = read_reported(papers) if papers else None
    stopped = [run for run in _distinct(runs) if record.is_unfinished(run)]
    finished = [run for run in _distinct(runs) if run not in stopped]
    if not finished:
        raise MerbenchError(f"{stopped[0]} holds no results yet: its run goes on or was stopped")
    for run in stopped:
        display.warn(
            f"{run} is left out: its run goes on, or was stopped before it wrote any results"
        )
    composed = files.compose_board([record.read_record(run) for run in finished], known)
    files.write_board(composed, out)
    # An earlier leaderboard's pages would mislead.
    written = site.write(out) if with_pages or (out / site.PAGE).exists() else []
    _say_built(out, composed.names, written, as_json=as_json)


def _say_built(out: Path, tables: Iterable[str], pages: Sequence[Path], *, as_json: bool) -> None:
    files = [*(out / name for name in sorted(tables)), *pages]
    display.print_files(files, as_json=as_json, said=f"{len(files)} files written to {out}")


@app.command()
def pages(folder: Path = FOLDER, as_json: bool = JSON) -> None:
    """Write a leaderboard's pages anew from its tables, as after an update of merbench.

    [bold]Example[/bold]

      merbench leaderboard pages leaderboard
    """
    from merbench.pages import site

    files = site.write(folder)
    display.print_files(files, as_json=as_json, said=f"{len(files)} pages written to {folder}")


@app.command("export")
def export_command(
    source: Path = typer.Argument(
        Path("leaderboard"),
        metavar="[FOLDER | RUN]",
        help="A leaderboard's folder, or one that `merbench run` wrote.",
    ),
    out: Path = typer.Option(..., "--out", help="Folder for the tables.", show_default=False),
    formats: list[TableFormat] | None = typer.Option(
        None, "--format", help="Only this; may be repeated. By default all.", show_default=False
    ),
    datasets: list[str] | None = typer.Option(
        None, "--dataset", help="Only this dataset's tables; may be repeated.", show_default=False
    ),
    as_json: bool = JSON,
) -> None:
    """Write the tables of a leaderboard or of a run for a paper.

    tables.md, tables.tex (booktabs), and tables/ with a CSV file a table: systems with what is told
    apart from the best, paired differences with what is significant, and, where two separators are
    compared, the layout of Nguyen et al. (2022).

    [bold]Example[/bold]

      merbench leaderboard export leaderboard --format latex --out paper
    """
    from merbench.pages.paper_tables import FORMATS
    from merbench.pages.report import write_tables
    from merbench.pages.site import read_any

    content = read_any(source).only(datasets or ())
    chosen = [known.value for known in formats] if formats else FORMATS
    display.print_files(write_tables(content, out, chosen), as_json=as_json)


@app.command("publish")
def publish_command(
    run: Path = typer.Argument(
        ...,
        metavar="RUN",
        help="Folder that `merbench run` wrote, or a submission from another leaderboard.",
        show_default=False,
    ),
    folder: Path = typer.Option(
        Path("leaderboard"), "--to", help="The leaderboard's folder; made where there is none."
    ),
    submitter: str = typer.Option(
        "", "--submitter", help="Who is to be named as submitting it.", show_default=False
    ),
    as_json: bool = JSON,
) -> None:
    """Add a run to a leaderboard, rebuild its tables, and show what changed.

    The run is verified first and the leaderboard afterwards; if anything fails, nothing is changed.
    Labels that may not be republished are left out, and paths of this machine. A run that is there
    already changes nothing, unless another submitter is named.

    [bold]Examples[/bold]

      merbench leaderboard publish runs/demo/first

      merbench leaderboard publish runs/demo/first --submitter "A. Researcher"
    """
    from merbench.publishing.publish import publish

    done = publish(run, folder, submitter=submitter)
    if _show(done, as_json=as_json):
        return
    if done.changed:
        display.say(f"published as {done.submission}")
    else:
        display.say(f"nothing changed: it is there already, as {done.submission}")


@app.command("unpublish")
def unpublish_command(
    name: str = typer.Argument(
        ...,
        metavar="SUBMISSION",
        help="Its folder in submissions/, or its run's id or the first 8 letters of that.",
        show_default=False,
    ),
    folder: Path = typer.Option(Path("leaderboard"), "--from", help="The leaderboard's folder."),
    as_json: bool = JSON,
) -> None:
    """Take a submission back, rebuild the tables, and show what changed.

    If anything fails, nothing is changed.

    [bold]Example[/bold]

      merbench leaderboard unpublish demo-0f0a2f7d
    """
    from merbench.publishing.unpublish import unpublish

    if not _show(unpublish(name, folder), as_json=as_json):
        display.say(f"{name} is no longer in {folder}")


@app.command("merge")
def merge_command(
    folder: Path = typer.Argument(
        ..., metavar="A", help="The leaderboard that grows.", show_default=False
    ),
    other: Path = typer.Argument(
        ..., metavar="B", help="The one whose submissions are added.", show_default=False
    ),
    as_json: bool = JSON,
) -> None:
    """Add to leaderboard A what B has, rebuild its tables, and show what changed.

    Every submission of B is verified, and A afterwards; if anything fails, nothing is changed.
    What both have stays once. B stays as it is.

    [bold]Example[/bold]

      merbench leaderboard merge leaderboard colleague/leaderboard
    """
    from merbench.publishing.merge import merge

    done = merge(folder, other)
    if _show(done, as_json=as_json):
        return
    if done.changed:
        display.say(f"{folder} has what {other} has")
    else:
        display.say(f"nothing changed: {folder} has all that {other} has")


def _show(done: PublishedRun, *, as_json: bool) -> bool:
    """Show what a change of a leaderboard changed: no row that stayed where it was.

    Returns
    -------
    bool
        Whether all was said, as JSON.
    """
    if as_json:
        display.print_json(
            {
                "changed": done.changed,
                "submission": str(done.submission) if done.submission else None,
                "moves": [dataclasses.asdict(move) for move in done.moves],
                "again": done.again,
                "failed": done.failed,
                "uncommitted": done.uncommitted,
                "unverified": done.unverified,
            }
        )
        return True
    tables: dict[str, list[list[str]]] = {}
    for move in done.moves:
        before, after = (str(place or DASH) for place in (move.before, move.after))
        of_table = tables.setdefault(f"{move.dataset}, table {move.table}", [])
        of_table.append([move.system, before, after])
    for title, rows in tables.items():
        columns = ("system", "rank before", "now")
        display.print_table(columns, rows, title=title, right=columns[1:])
    for line in done.again:
        display.say(f"run again: {line}")
    for line in done.failed:
        display.say(f"failed: {line}", err=True)
    if done.uncommitted:
        display.warn(done.uncommitted)
    for line in done.unverified:
        display.say(f"not verifiable by everyone: {line}")
    return False


@app.command("verify")
def verify_board_command(
    folder: Path = FOLDER,
    roots: list[str] | None = typer.Option(
        None,
        "--root",
        metavar="[DATASET=]PATH",
        help="Your own copy of data whose labels are left out; may be repeated.",
    ),
    with_pages: bool = typer.Option(
        True, "--pages/--no-pages", help="Also hold the pages against the tables."
    ),
    as_json: bool = typer.Option(False, "--json", help="Print JSON."),
) -> None:
    """Recompute everything in a leaderboard from the predictions in it.

    Exit status 1 where anything differs, with one sentence for each difference.

    [bold]Examples[/bold]

      merbench leaderboard verify

      merbench leaderboard verify leaderboard --root vgmidi=data/vgmidi
    """
    from merbench.leaderboard import published_folder as folders
    from merbench.verification.board_check import verify_board

    folders.check_folder(folder)
    verdict = verify_board(folder, _copies(folder, roots or ()), pages=with_pages)
    if as_json:
        display.print_json(
            {
                "verified": not verdict.differences,
                "differences": verdict.differences,
                "unverified": verdict.unverified,
            }
        )
    else:
        for line in verdict.differences:
            display.say(line)
        for line in verdict.unverified:
            display.say(f"not verified: {line}")
        if not verdict.differences:
            but = ", but for what is named above" if verdict.unverified else ""
            display.say(f"everything in {folder} follows from its submissions{but}")
    if verdict.differences:
        raise typer.Exit(1)


def _distinct(paths: Sequence[Path]) -> list[Path]:
    """Return folders without those named twice."""
    return list({path.resolve(): path for path in paths}.values())


def _copies(folder: Path, roots: Sequence[str]) -> dict[str, Sequence[Clip]]:
    """Read the reader's own copies of data sets."""
    if not roots:
        return {}
    from merbench.plugins import discovery
    from merbench.verification.data_copies import read_copies

    registry = discovery.load_plugins([])
    display.warn_of_problems(registry)
    return read_copies(folder, roots, registry)
