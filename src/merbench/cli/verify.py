"""`merbench verify`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from merbench.cli import display

if TYPE_CHECKING:
    from merbench.engines.schedule import Outcome
    from merbench.steps.step import Step
    from merbench.verification.refit import Refit


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command("verify")(verify_command)


def verify_command(
    run: Path = typer.Argument(
        ..., metavar="RUN", help="Folder that `merbench run` wrote.", show_default=False
    ),
    again: int = typer.Option(
        0, "--rerun", min=0, metavar="COUNT", help="Fit this many sampled folds again, and compare."
    ),
    seed: int = typer.Option(0, "--seed", min=0, help="What --rerun draws its sample from."),
    assignments: list[str] | None = typer.Option(
        None,
        "--set",
        metavar="KEY=VALUE",
        help="For --rerun: set a value of the benchmark, such as where data lie.",
    ),
    trusted: bool = typer.Option(
        False,
        "--trust-plugins",
        help="For --rerun: let the plugins that the run names run here, with all your rights.",
    ),
    as_json: bool = typer.Option(False, "--json", help="Print JSON."),
) -> None:
    """Recompute every number of a run from its stored predictions.

    Hashes, ids, seeds and splits are computed anew as well. With --rerun, some folds are fitted
    again from the benchmark, and must predict what was stored. Plugin files that the run names
    are imported for that only where --trust-plugins says so. Exit status 1 where anything differs.

    [bold]Examples[/bold]

      merbench verify runs/demo/first

      merbench verify runs/demo/first --rerun 3
    """
    from merbench.verification.run_check import verify_run

    differences = verify_run(run)
    fitted: Sequence[str] = ()
    if again and not differences:
        found = _rerun(run, again, seed, assignments or (), trusted)
        fitted, differences = found.folds, [*differences, *found.differences]
    if as_json:
        rerun = {"rerun": list(fitted)} if again else {}
        display.print_json({"verified": not differences, "differences": differences, **rerun})
    else:
        for difference in differences[:20]:
            display.say(difference)
        if len(differences) > 20:
            display.say(f"and {len(differences) - 20} more")
        if not differences:
            display.say(f"every number of {run} follows from its predictions")
            for fold in fitted:
                display.say(f"fitted again, with the same predictions: {fold}")
    if differences:
        raise typer.Exit(1)


def _rerun(run: Path, count: int, seed: int, assignments: Sequence[str], trusted: bool) -> Refit:
    from merbench.engines.local import LocalEngine
    from merbench.engines.schedule import execute_steps
    from merbench.home import store_folder
    from merbench.steps.store import Store
    from merbench.steps.uses import in_use
    from merbench.threads import cores
    from merbench.verification.refit import rerun

    store = Store(store_folder())
    store.prepare()

    def work(tasks: Mapping[str, Step], paths: Sequence[Path]) -> Mapping[str, Outcome]:
        with LocalEngine(store, paths, jobs=cores()) as engine:
            return execute_steps(tasks, engine, lambda outcome: None)

    with in_use(store.folder, f"merbench verify {run}"):
        return rerun(run, count, store, work, seed=seed, assignments=assignments, trusted=trusted)
