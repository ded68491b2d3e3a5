"""`merbench verify`."""

from __future__ import annotations

from pathlib import Path

import typer

from merbench.cli import show


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command("verify")(verify_run)


def verify_run(
    run: Path = typer.Argument(
        ..., metavar="RUN", help="Folder that `merbench run` wrote.", show_default=False
    ),
    as_json: bool = typer.Option(False, "--json", help="Print JSON."),
) -> None:
    """Recompute every number of a run from its stored predictions.

    Exit status 1 where anything differs.

    [bold]Example[/bold]

      merbench verify runs/demo/20260101-120000
    """
    from merbench.verification import verify

    differences = verify(run)
    if as_json:
        show.print_json({"verified": not differences, "differences": differences})
    else:
        for difference in differences[:20]:
            typer.echo(difference)
        if len(differences) > 20:
            typer.echo(f"and {len(differences) - 20} more")
        if not differences:
            typer.echo(f"every number of {run} follows from its predictions")
    if differences:
        raise typer.Exit(1)
