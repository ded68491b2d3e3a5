"""`merbench doctor`."""

from __future__ import annotations

from pathlib import Path

import typer

from merbench.cli import display


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command()(doctor)


def doctor(as_json: bool = typer.Option(False, "--json", help="Print JSON.")) -> None:
    """Look at what a run needs: Python, packages, decoders, memory, store, GPU, plugins, weights.

    One line each, with a remedy where something is wrong. Exit status 1 where something necessary
    is broken.

    [bold]Example[/bold]

      merbench doctor
    """
    from merbench.engines import catalogue
    from merbench.planning import environment
    from merbench.plugins import discovery

    registry = catalogue.with_ours(discovery.load_plugins(folder=Path.cwd()))
    found = list(environment.conditions(registry))
    broken = any(each.state == environment.BROKEN for each in found)
    if as_json:
        display.print_json(
            {"broken": broken, "conditions": [each._asdict() for each in found]},
        )
    else:
        colours = {environment.BROKEN: "red", environment.WARNING: "yellow"}
        display.print_table(
            ("part", "state", "found", "remedy"),
            [list(each) for each in found],
            styles=[colours.get(each.state, "") for each in found],
        )
    if broken:
        raise typer.Exit(1)
