"""`merbench reproduce`."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from merbench.cli import completion, display
from merbench.cli.run import (
    ENGINE,
    ENGINE_SET,
    ONLY,
    SET,
    TIMEOUT,
    carried_out,
    new_folder,
    plan_of,
    read_spec,
)
from merbench.errors import MerbenchError
from merbench.wording import DASH, number_text

if TYPE_CHECKING:
    from merbench.leaderboard.reproduction import Reproduced


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command()(reproduce)


def reproduce(
    paper: str = typer.Argument(
        ...,
        metavar="PAPER",
        help="Name of a benchmark that reproduces a paper, such as louro2024, or its file.",
        show_default=False,
        autocompletion=completion.benchmarks,
    ),
    assignments: list[str] | None = SET,
    only: list[str] | None = ONLY,
    out: Path | None = typer.Option(
        None, "--out", help="Folder of the results; by default runs/NAME/TIME."
    ),
    overwrite: bool = typer.Option(
        False, "--overwrite", help="Replace what another run left in the folder."
    ),
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
    smoke: bool = typer.Option(
        False,
        "--smoke",
        help="Try it in minutes: made clips in the datasets' layouts, the smallest budgets.",
    ),
    as_json: bool = typer.Option(False, "--json", help="Print JSON."),
) -> None:
    """Run a paper's benchmark on your copy of its data, and set the two tables side by side.

    Each row is a number that the paper prints, the same here with its 95 % interval, and the
    difference. What cannot be run here, for want of weights, is a row that says so; the exit status
    is 1 where something that could be run failed.

    [bold]Examples[/bold]

      merbench reproduce chang2024 --set datasets.4qaed.root=data/4QAED

      merbench reproduce nguyen2022 --smoke --json
    """
    from merbench.engines import catalogue
    from merbench.leaderboard.reproduction import reproduced

    if offline:
        from merbench.network import go_offline

        go_offline()
    spec = Path(paper)
    if smoke:
        assignments = [*_miniatures(paper), *(assignments or ())]
    document, parsed, registry = read_spec(spec, assignments, timeout, smoke=smoke)
    reported = parsed.reported
    if reported is None:
        raise MerbenchError(
            f"{spec}: it has no `reported`, the table of a paper to hold it against; run it with "
            "`merbench run`"
        )
    chosen = catalogue.engine(registry, engine, engine_parameters or ())
    planned, store = plan_of(document, parsed, registry, chosen, only)
    folder = out or new_folder(parsed.name)
    finished = carried_out(
        document, planned, store, chosen, folder, spec,
        jobs=jobs, timeout=timeout, memory=memory, overwrite=overwrite,
    )  # fmt: skip
    rows = reproduced(planned.cells, reported, finished, planned.unready)
    if as_json:
        display.print_json(
            {
                "name": parsed.name,
                "source": reported.source,
                "smoke": smoke,
                "run": str(folder),
                "rows": [dataclasses.asdict(row) for row in rows],
            }
        )
    else:
        _print(rows, reported.source, smoke=smoke)
        display.say(f"written to {folder}")
    if any(row["cell"] not in planned.unready for row in finished.failed):
        raise typer.Exit(1)


def _miniatures(spec: str) -> list[str]:
    """Make a miniature of each dataset of a benchmark, once; return where they are, for `--set`."""
    from merbench.benchmark.schema import parse, plugin_paths
    from merbench.benchmark.shipped import read_benchmark
    from merbench.planning.miniatures import miniature
    from merbench.plugins import discovery
    from merbench.plugins.registry import split_choice

    document = read_benchmark(spec)
    document.take_smoke_values()
    parsed = parse(document)
    registry = discovery.load_plugins(plugin_paths(document, parsed))
    names = [split_choice(choice)[0] for choice in parsed.datasets]
    roots = {name: miniature(registry.get("dataset", name).cls) for name in names}
    return [f"datasets.{name}.root={json.dumps(str(root))}" for name, root in roots.items()]


def _print(rows: Sequence[Reproduced], source: str, *, smoke: bool) -> None:
    if smoke:
        display.say("made clips and the smallest budgets: the numbers mean nothing")
    several = len({row.dataset for row in rows}) > 1
    metrics = sorted({row.metric for row in rows})
    columns = ("system", *(["dataset"] if several else []), *(["metric"] if metrics[1:] else []))
    numbers = ("paper", "here", "95 % interval", "difference", "its interval")
    marks = ["mark"] if any(row.mark for row in rows) else []
    display.print_table(
        (*columns, *numbers, *marks),
        [
            (
                row.system if row.status == "reported" else f"{row.system} ({row.status})",
                *([row.dataset] if several else []),
                *([row.metric] if metrics[1:] else []),
                *_numbers(row),
                *([row.mark] if marks else []),
            )
            for row in rows
        ],
        title=f"{', '.join(metrics)}: {source}",
        right=numbers,
        spare=("its interval", "95 % interval"),
        elsewhere="--json",
    )
    for row in rows:
        if row.error:
            display.say(f"{row.system}, {row.dataset}: {row.error}")


def _numbers(row: Reproduced) -> tuple[str, ...]:
    def ends(low: float | None, high: float | None, *, signed: bool = False) -> str:
        if low is None or high is None:
            return DASH
        return f"{number_text(low, signed=signed)} to {number_text(high, signed=signed)}"

    def one(value: float | None, *, signed: bool = False) -> str:
        return DASH if value is None else number_text(value, signed=signed)

    return (
        number_text(row.paper),
        one(row.ours),
        ends(row.low, row.high),
        one(row.difference, signed=True),
        ends(row.difference_low, row.difference_high, signed=True),
    )
