"""`merbench report`."""

from __future__ import annotations

from pathlib import Path

import typer

from merbench.cli import display


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command()(report)


def report(
    run: Path = typer.Argument(
        ..., metavar="RUN", help="Folder that `merbench run` wrote.", show_default=False
    ),
    out: Path | None = typer.Option(
        None, "--out", help="Folder of the report; by default RUN/report."
    ),
    tables: bool = typer.Option(
        False,
        "--tables",
        help="Also write tables for a paper: tables.md, tables.tex, and CSV files in tables/",
    ),
    clips: bool = typer.Option(
        False, "--clips", help="Also write clips.csv: every system's clips, the worst first."
    ),
    audio: list[str] | None = typer.Option(
        None,
        "--audio",
        metavar="DATASET",
        help="Put excerpts of the best and worst clips of a dataset beside the page. Say so only "
        "of data whose licence allows it; may be repeated.",
    ),
    assignments: list[str] | None = typer.Option(
        None,
        "--set",
        metavar="KEY=VALUE",
        help="Set a value of the run's benchmark, as where the data of --audio lie.",
    ),
    trusted: bool = typer.Option(
        False,
        "--trust-plugins",
        help="For --audio: let the plugins that the run names run here, with all your rights.",
    ),
    as_json: bool = typer.Option(False, "--json", help="Print JSON."),
) -> None:
    """Write a run's report: a page with its tables and figures, which needs no network.

    [bold]Examples[/bold]

      merbench report runs/demo/first

      merbench report runs/demo/first --audio demo --tables --clips
    """
    from merbench.errors import MerbenchError
    from merbench.home import store_folder
    from merbench.leaderboard import run_results
    from merbench.leaderboard.results import Results
    from merbench.pages import report as pages
    from merbench.steps.store import Store

    if assignments and not audio:
        raise MerbenchError("--set says where the data of --audio lie; name them with --audio")
    finished = run_results.read_results(run)
    folder = out or run / "report"
    find_excerpts, store = None, Store(store_folder())
    if audio:
        from merbench.pages.excerpts import ExcerptMaker

        find_excerpts = ExcerptMaker(
            finished.manifest, audio, folder, store, assignments or (), trusted=trusted
        )
    written = pages.write_report(finished, folder, find_excerpts, store)
    if tables or clips:
        content = Results.of_run(finished)
        written += pages.write_tables(content, folder) if tables else []
        written += pages.write_clips(content, folder) if clips else []
    display.print_files(written, as_json=as_json)
