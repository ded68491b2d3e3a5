"""`merbench run` and `merbench plan`."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from merbench.cli import completion, display
from merbench.cli.leaderboard_rows import axes_to_show, leaderboard_document, show_leaderboard
from merbench.errors import MerbenchError
from merbench.wording import duration, size

if TYPE_CHECKING:
    from merbench.benchmark.document import Document
    from merbench.benchmark.schema import Spec
    from merbench.components import Engine
    from merbench.leaderboard.run_results import RunResults
    from merbench.planning.cell import Cell
    from merbench.planning.plan import Plan
    from merbench.plugins.registry import Registry
    from merbench.steps.store import Store

SPEC = typer.Argument(
    ...,
    metavar="SPEC",
    help="Benchmark file, or the name of a benchmark that comes with merbench, such as demo.",
    show_default=False,
    autocompletion=completion.benchmarks,
)
SET = typer.Option(
    None, "--set", metavar="KEY=VALUE", help="Set a value of the benchmark file; may be repeated."
)
ONLY = typer.Option(
    None, "--only", metavar="AXIS=NAME", help="Keep matching cells only; may be repeated."
)
SMOKE = typer.Option(
    False, "--smoke", help="Set what the file says under `smoke`: the smallest budgets."
)
TRIAL = typer.Option(
    None,
    "--timeout",
    min=0.1,
    help="Seconds that importing a plugin, or asking whether it is ready, may take.",
)
TIMEOUT = typer.Option(
    None,
    "--timeout",
    min=0.1,
    help="Seconds one task may take before it fails; also an import of a plugin.",
)


ENGINE = typer.Option(
    "local",
    "--engine",
    metavar="NAME|FILE",
    help="Where steps are done: local, dask, a plugin's engine, or an engine file.",
    autocompletion=completion.engines,
)
ENGINE_SET = typer.Option(
    None, "--engine-set", metavar="KEY=VALUE", help="Set a parameter of the engine."
)


def register(app: typer.Typer) -> None:
    """Add the commands to the program."""
    app.command("run")(run_command)
    app.command()(plan)


def run_command(
    spec: Path = SPEC,
    out: Path | None = typer.Option(
        None, "--out", help="Folder of the results; by default runs/NAME/TIME."
    ),
    overwrite: bool = typer.Option(
        False, "--overwrite", help="Replace what another run left in the folder."
    ),
    assignments: list[str] | None = SET,
    only: list[str] | None = ONLY,
    engine: str = ENGINE,
    engine_parameters: list[str] | None = ENGINE_SET,
    jobs: int = typer.Option(0, "--jobs", "-j", min=0, help="Worker processes; 0: one a core."),
    timeout: float | None = TIMEOUT,
    memory: float | None = typer.Option(
        None, "--memory", min=0.1, help="GiB one worker may hold; by default its share."
    ),
    offline: bool = typer.Option(
        False, "--offline", help="Refuse every connection; what would need one is a failed row."
    ),
    smoke: bool = SMOKE,
    as_json: bool = typer.Option(False, "--json", help="Print JSON."),
) -> None:
    r"""Run a benchmark, or go on with one that was stopped.

    Finished work is kept in the store, so that a second run does only what is new.

    [bold]Examples[/bold]

      merbench run demo --out runs/demo/first

      merbench run benchmarks/vgmidi.yaml --set datasets.vgmidi.root=vgmidi -j 4

      merbench run benchmarks.yaml --set models='\[ridge]' --only separator=mixed
    """
    from merbench.engines import catalogue

    if offline:
        from merbench.network import go_offline

        go_offline()
    document, parsed, registry = read_spec(spec, assignments, timeout, smoke=smoke)
    chosen = catalogue.engine(registry, engine, engine_parameters or ())
    planned, store = plan_of(document, parsed, registry, chosen, only)
    folder = out or new_folder(planned.benchmark.spec.name)
    finished = carried_out(
        document, planned, store, chosen, folder, spec,
        jobs=jobs, timeout=timeout, memory=memory, overwrite=overwrite,
    )  # fmt: skip
    if as_json:
        display.print_json(leaderboard_document(finished, folder))
    else:
        show_leaderboard(finished, folder)
        display.say(f"written to {folder}")
    if finished.failed:
        raise typer.Exit(1)


def carried_out(
    document: Document,
    planned: Plan,
    store: Store,
    engine: Engine,
    folder: Path,
    spec: Path,
    *,
    jobs: int,
    timeout: float | None,
    memory: float | None,
    overwrite: bool,
) -> RunResults:
    """Do what is planned, and write what came of it.

    Raises
    ------
    MerbenchError
        Nothing is planned, or the folder holds another run.
    """
    from merbench.benchmark.schema import plugin_paths
    from merbench.cli.progress import Progress
    from merbench.components import EngineOptions
    from merbench.leaderboard import run_results
    from merbench.leaderboard.output_folder import claimed
    from merbench.runs import execution
    from merbench.steps import uses

    if not planned.cells:
        reason = f" ({planned.skipped[0].reason})" if planned.skipped else ""
        raise MerbenchError(
            f"{spec}: there is nothing to run, for no combination makes a cell{reason}; "
            f"`merbench plan {spec}` says why of each"
        )
    if planned.skipped:
        count = len(planned.skipped)
        made = "combination makes" if count == 1 else "combinations make"
        display.say(f"{count} {made} no cell; `merbench plan` says why", err=True)
    with claimed(folder, planned, overwrite=overwrite):
        if planned.claim is not None:
            planned.claim = uses.with_keys(planned.claim, planned.uses, folder)
        if planned.tasks:
            options = EngineOptions(
                store.folder,
                plugin_paths(document, planned.benchmark.spec),
                jobs,
                timeout,
                int(memory * 2**30) if memory else None,
            )
            try:
                with (
                    engine.start(options) as where,
                    Progress(planned.to_do(), getattr(where, "status", None)) as progress,
                ):
                    recorded = execution.execute_plan(
                        planned, store, where, progress.report, engine.described
                    )
            except KeyboardInterrupt:
                display.say(display.STOPPED, err=True)
                raise typer.Exit(130) from None
        else:
            recorded = execution.execute_plan(planned, store, None, engine=engine.described)
        finished = run_results.RunResults.of(recorded)
        run_results.write_results(finished, folder)
    if planned.claim is not None:
        uses.end_use(planned.claim, recorded.manifest["run"])
    return finished


def new_folder(name: str) -> Path:
    """Return a folder for a run that none was named for, and that is not there yet."""
    first = Path("runs") / name / f"{datetime.now():%Y%m%d-%H%M%S}"
    later = (first.with_name(f"{first.name}-{count}") for count in itertools.count(2))
    return next(folder for folder in itertools.chain([first], later) if not folder.exists())


def plan(
    spec: Path = SPEC,
    assignments: list[str] | None = SET,
    only: list[str] | None = ONLY,
    engine: str = ENGINE,
    engine_parameters: list[str] | None = ENGINE_SET,
    timeout: float | None = TRIAL,
    offline: bool = typer.Option(False, "--offline", help="Refuse every connection."),
    as_json: bool = typer.Option(False, "--json", help="Print JSON."),
    smoke: bool = SMOKE,
) -> None:
    """Show what a run would do: cells, cached work, skipped combinations, time and disk.

    [bold]Example[/bold]

      merbench plan benchmarks.yaml --json
    """
    from merbench.engines import catalogue
    from merbench.planning.estimate import estimate
    from merbench.planning.plan import STAGES
    from merbench.steps import timings
    from merbench.threads import cores

    if offline:
        from merbench.network import go_offline

        go_offline()
    document, parsed, registry = read_spec(spec, assignments, timeout, smoke=smoke)
    chosen = catalogue.engine(registry, engine, engine_parameters or ())
    planned, store = plan_of(document, parsed, registry, chosen, only, writes=False)
    figures = _figures(planned)
    expected = estimate(planned, store)
    to_do = planned.to_do()
    counts = {s: {"to_do": to_do[s], "cached": planned.cached[s]} for s in STAGES}
    if as_json:
        display.print_json(
            {
                "name": planned.benchmark.spec.name,
                "cells": [
                    {"id": c.id, **c.names, "parameters": c.settings, "folds": len(c.data.splits)}
                    | {"error": planned.unready.get(c.id, "")}
                    | ({"reported": figures[c.id]} if c.id in figures else {})
                    for c in planned.cells
                ],
                "skipped": [
                    {**s.names, "parameters": s.cell.settings, "reason": s.reason}
                    for s in planned.skipped
                ],
                "warnings": planned.warnings,
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
    names = _names([*planned.cells, *(skip.cell for skip in planned.skipped)])
    axes = axes_to_show(names)
    texts = [[name[axis] for axis in axes] for name in names]
    rows = [
        [*text, *_printed(figures, c.id), str(len(c.data.splits)), _cell_state(planned, c.id)]
        for text, c in zip(texts, planned.cells, strict=False)
    ]
    columns = (*axes, *(["paper"] if figures else []), "folds", "state")
    if rows:
        title = "1 cell" if len(rows) == 1 else f"{len(rows)} cells"
        _print_some(columns, rows, title, right=("folds",))
    else:
        display.say("no combination makes a cell\n")
    if planned.skipped:
        skipped = [
            [*text, s.reason] for text, s in zip(texts[len(rows) :], planned.skipped, strict=True)
        ]
        _print_some((*axes, "reason"), skipped, "skipped")
    tasks = [[s, str(counts[s]["to_do"]), str(counts[s]["cached"])] for s in STAGES]
    display.print_table(("stage", "to do", "cached"), tasks, right=("to do", "cached"))
    display.say(
        f"about {duration(expected.seconds / cores())} on {cores()} cores and "
        f"{size(expected.megabytes)} in {store.folder}"
    )
    if expected.unreadable:
        display.say(
            f"{expected.unreadable} of the times measured so far cannot be read; delete "
            f"{timings.file_of(store.folder)} to forget them"
        )
    if expected.unknown:
        display.say(f"not counted, for want of a measurement: {', '.join(expected.unknown)}")


_SHOWN = 200
"""Rows of a plan's tables that are printed; nobody reads more in a terminal."""


def _print_some(
    columns: Sequence[str], rows: Sequence[Sequence[str]], title: str, right: Sequence[str] = ()
) -> None:
    """Print a table's first rows, and how many there are beyond them."""
    display.print_table(columns, rows[:_SHOWN], title=title, right=right)
    if len(rows) > _SHOWN:
        display.say(f"and {len(rows) - _SHOWN:,} more; `--json` lists them all\n")


def _figures(planned: Plan) -> dict[str, list[dict[str, Any]]]:
    """Return what the paper that is reproduced prints of the cells, by their ids."""
    from merbench.planning.reported_figure import figures_of

    reported = planned.benchmark.spec.reported
    if reported is None:
        return {}
    known = {cell.id: figures_of(cell, reported) for cell in planned.cells}
    return {cell: [f._asdict() for f in figures] for cell, figures in known.items() if figures}


def _printed(figures: Mapping[str, Sequence[Mapping[str, Any]]], cell: str) -> list[str]:
    """Return the text of the column `paper`, where there is one."""
    texts = [f"{f['system']}: {f['metric']} {f['value']:g}" for f in figures.get(cell, ())]
    return ["; ".join(texts)] if figures else []


def read_spec(
    spec: Path, assignments: list[str] | None, timeout: float | None, *, smoke: bool = False
) -> tuple[Document, Spec, Registry]:
    """Read a benchmark file, and the plugins that it may name.

    Parameters
    ----------
    spec, assignments, timeout
        As the options have them.
    smoke
        Whether the values that the file has for trying it are set, before the assignments.
    """
    from merbench.benchmark.schema import parse, plugin_paths
    from merbench.benchmark.shipped import read_benchmark
    from merbench.plugins import discovery, trial

    document = read_benchmark(str(spec))
    if smoke:
        document.take_smoke_values()
    for assignment in assignments or ():
        document.assign(assignment)
    parsed = parse(document)
    trial.wait_at_most(timeout)
    registry = discovery.load_plugins(plugin_paths(document, parsed))
    display.warn_of_problems(registry)
    return document, parsed, registry


def plan_of(
    document: Document,
    parsed: Spec,
    registry: Registry,
    engine: Engine,
    only: list[str] | None,
    *,
    writes: bool = True,
) -> tuple[Plan, Store]:
    """Plan a benchmark, warning of what is to be known.

    A store that nothing will be written to need not be writable. Where something will, nobody
    may take anything out of it until `carried_out` is done, or this process ends.
    """
    from merbench.benchmark.resolving import resolve
    from merbench.home import store_folder
    from merbench.planning.planner import make_plan
    from merbench.steps.store import Store
    from merbench.steps.uses import begin_use

    store = Store(engine.shared_store or store_folder(), engine.waits)
    claim = None
    if writes:
        store.prepare()
        claim = begin_use(store.folder, f"the run of {parsed.name}")
    benchmark = resolve(document, parsed, registry)
    planned = make_plan(
        benchmark, store, only or (), elsewhere=engine.devices_elsewhere, unsplit_too=not writes
    )
    planned.claim = claim
    for warning in planned.warnings:
        display.warn(warning)
    return planned, store


def _names(cells: Sequence[Cell]) -> list[dict[str, str]]:
    """Return what each cell has on each axis, with the parameters that tell it from the others."""
    from merbench.runs.row_columns import told_apart

    return told_apart(
        [
            {
                **cell.names,
                "parameters": cell.settings,
                "dataset_parameters": cell.data.settings,
            }
            for cell in cells
        ]
    )


def _cell_state(planned: Plan, cell: str) -> str:
    if cell in planned.unready:
        return f"cannot run: {planned.unready[cell]}"
    left = sum(key in planned.tasks for key in planned.fits[cell])
    return "done" if not left else f"{left} folds to do"
