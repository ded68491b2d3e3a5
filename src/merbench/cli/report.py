"""`merbench report`."""

from __future__ import annotations

from pathlib import Path

import typer


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
        help="Also write tables of separators, fold by fold, as tables.md and tables.tex.",
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
) -> None:
    """Write a run's report: a page with its tables and figures, which needs no network.

    [bold]Examples[/bold]

      merbench report runs/demo/first

      merbench report runs/demo/first --audio demo --tables
    """
    from merbench.errors import MerbenchError
    from merbench.leaderboard import run_results
    from merbench.pages import report as pages
    from merbench.steps.store import Store, home

    if assignments and not audio:
        raise MerbenchError("--set says where the data of --audio lie; name them with --audio")
    finished = run_results.read(run)
    folder = out or run / "report"
    find_excerpts, store = None, Store(home() / "store")
    if audio:
        from merbench.pages.excerpts import ExcerptMaker

        find_excerpts = ExcerptMaker(
            finished.manifest, audio, folder, store, assignments or (), trusted=trusted
        )
    written = pages.write(finished, folder, find_excerpts, store)
    if tables:
        written += pages.write_tables(finished, folder)
    for path in written:
        typer.echo(path)
