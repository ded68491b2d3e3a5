"""`merbench leaderboard`: building, publishing and verifying tables of many runs."""

from __future__ import annotations

from pathlib import Path

import typer

app = typer.Typer(
    name="leaderboard",
    help="Build a leaderboard from runs, publish a run to one, verify one.",
    no_args_is_help=True,
)


@app.command()
def build(
    runs: list[Path] = typer.Argument(
        ..., metavar="RUN...", help="Folders that `merbench run` wrote.", show_default=False
    ),
    out: Path = typer.Option(..., "--out", help="Folder for the files.", show_default=False),
) -> None:
    """Write the tables that follow from some runs.

    The same runs give the same files, in whatever order they are named.

    [bold]Example[/bold]

      merbench leaderboard build runs/demo/* runs/vgmidi/* --out board
    """
    from merbench import recorded
    from merbench.leaderboard import files

    composed = files.compose([recorded.read(run) for run in runs])
    files.write(composed, out)
    typer.echo(f"{len(composed.names)} files written to {out}")
