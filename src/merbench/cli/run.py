"""`merbench run` and `merbench plan`."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from merbench.cli import show
from merbench.cli.standing import axes_to_show, show_leaderboard

if TYPE_CHECKING:
    from merbench.plan import Plan
    from merbench.spec import Document
    from merbench.store import Store

SPEC = typer.Argument(..., metavar="SPEC", help="Benchmark file.", show_default=False)
SET = typer.Option(
    None, "--set", metavar="KEY=VALUE", help="Set a value of the benchmark file; may be repeated."
)
ONLY = typer.Option(
    None, "--only", metavar="AXIS=NAME", help="Keep matching cells only; may be repeated."
)


def register(app: typer.Typer) -> None:
    """Add the commands to the program."""
    app.command()(run)
    app.command()(plan)


def run(
    spec: Path = SPEC,
    out: Path | None = typer.Option(
        None, "--out", help="Folder of the results; by default runs/NAME/TIME."
    ),
    assignments: list[str] | None = SET,
    only: list[str] | None = ONLY,
    jobs: int = typer.Option(0, "--jobs", "-j", min=0, help="Worker processes; 0: one a core."),
    timeout: float | None = typer.Option(
        None, "--timeout", min=0.1, help="Seconds one task may take before it fails."
    ),
    memory: float | None = typer.Option(
        None, "--memory", min=0.1, help="GiB one worker may hold; by default its share."
    ),
    offline: bool = typer.Option(
        False, "--offline", help="Download nothing; what would need it is a failed row."
    ),
) -> None:
    r"""Run a benchmark, or go on with one that was stopped.

    Finished work is kept in the store, so that a second run does only what is new.

    [bold]Examples[/bold]

      merbench run benchmarks.yaml

      merbench run benchmarks/vgmidi.yaml --set datasets.vgmidi.root=vgmidi -j 4

      merbench run benchmarks.yaml --set models='\[ridge]' --only separator=mixed
    """
    from merbench import runs
    from merbench.cli.progress import Progress
    from merbench.engine import LocalEngine
    from merbench.spec import plugin_paths
    from merbench.threads import cores

    if offline:
        os.environ["MERBENCH_OFFLINE"] = "1"
    document, planned, store = _plan(spec, assignments, only)
    folder = out or Path("runs") / planned.benchmark.spec.name / f"{datetime.now():%Y%m%d-%H%M%S}"
    if planned.skipped:
        count = len(planned.skipped)
        made = "combination makes" if count == 1 else "combinations make"
        typer.echo(f"{count} {made} no cell; `merbench plan` says why", err=True)
    runs.check_writable(folder)
    if planned.tasks:
        engine = LocalEngine(
            store,
            plugin_paths(document, planned.benchmark.spec),
            jobs=jobs or cores(),
            timeout=timeout,
            memory_limit=int(memory * 2**30) if memory else None,
        )
        try:
            with engine, Progress(planned.to_do()) as progress:
                finished = runs.execute(planned, store, engine, progress.report)
        except KeyboardInterrupt:
            typer.echo(show.STOPPED, err=True)
            raise typer.Exit(130) from None
    else:
        finished = runs.execute(planned, store, None)
    runs.write(finished, folder)
    show_leaderboard(finished.leaderboard, finished.comparisons, finished.manifest["name"])
    typer.echo(f"written to {folder}")
    if finished.failed:
        raise typer.Exit(1)


def plan(
    spec: Path = SPEC,
    assignments: list[str] | None = SET,
    only: list[str] | None = ONLY,
    as_json: bool = typer.Option(False, "--json", help="Print JSON."),
) -> None:
    """Show what a run would do: cells, cached work, skipped combinations, time and disk.

    [bold]Example[/bold]

      merbench plan benchmarks.yaml --json
    """
    from merbench.estimate import estimate
    from merbench.plan import STAGES
    from merbench.threads import cores

    _, planned, store = _plan(spec, assignments, only)
    expected = estimate(planned, store)
    to_do = planned.to_do()
    counts = {s: {"to_do": to_do[s], "cached": planned.cached[s]} for s in STAGES}
    if as_json:
        show.print_json(
            {
                "name": planned.benchmark.spec.name,
                "cells": [
                    {"id": c.id, **c.names, "parameters": c.settings, "folds": len(c.data.splits)}
                    | {"error": planned.unready.get(c.id, "")}
                    for c in planned.cells
                ],
                "skipped": [{**s.names, "reason": s.reason} for s in planned.skipped],
                "tasks": counts,
                "estimate": {
                    "core_seconds": expected.seconds,
                    "seconds": expected.seconds / cores(),
                    "megabytes": expected.megabytes,
                    "unknown": list(expected.unknown),
                },
                "store": str(store.folder),
            }
        )
        return
    axes = axes_to_show([c.names for c in planned.cells] + [s.names for s in planned.skipped])
    rows = [
        [*(c.names[a] for a in axes), str(len(c.data.splits)), _cell_state(planned, c.id)]
        for c in planned.cells
    ]
    columns = (*axes, "folds", "state")
    show.print_table(columns, rows, title=f"{len(rows)} cells", right=("folds",))
    if planned.skipped:
        skipped = [[*(s.names[a] for a in axes), s.reason] for s in planned.skipped]
        show.print_table((*axes, "reason"), skipped, title="skipped")
    tasks = [[s, str(counts[s]["to_do"]), str(counts[s]["cached"])] for s in STAGES]
    show.print_table(("stage", "to do", "cached"), tasks, right=("to do", "cached"))
    typer.echo(
        f"about {show.duration(expected.seconds / cores())} on {cores()} cores and "
        f"{show.size(expected.megabytes)} in {store.folder}"
    )
    if expected.unknown:
        typer.echo(f"not counted, for want of a measurement: {', '.join(expected.unknown)}")


def _plan(
    spec: Path, assignments: list[str] | None, only: list[str] | None
) -> tuple[Document, Plan, Store]:
    from merbench import plugins
    from merbench.plan import make_plan
    from merbench.spec import parse, plugin_paths, read_document, resolve
    from merbench.store import Store, home

    document = read_document(spec, assignments or ())
    parsed = parse(document)
    registry = plugins.load(plugin_paths(document, parsed))
    show.warn_of_problems(registry)
    store = Store(home() / "store")
    store.prepare()
    planned = make_plan(resolve(document, parsed, registry), store, only or ())
    for warning in planned.warnings:
        show.warn(warning)
    return document, planned, store


def _cell_state(planned: Plan, cell: str) -> str:
    if cell in planned.unready:
        return f"cannot run: {planned.unready[cell]}"
    left = sum(key in planned.tasks for key in planned.fits[cell])
    return "done" if not left else f"{left} folds to do"
