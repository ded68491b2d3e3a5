"""`merbench compare`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from merbench.cli import show
from merbench.errors import MerbenchError

if TYPE_CHECKING:
    from merbench.leaderboard.compare import Pairs


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command()(compare)


def compare(
    run: Path = typer.Argument(
        ..., metavar="RUN", help="Folder that `merbench run` wrote.", show_default=False
    ),
    other: Path | None = typer.Argument(
        None, metavar="[OTHER]", help="Another run on the same split.", show_default=False
    ),
    a: str = typer.Option("", "--a", help="A system of the run, as its table names it."),
    b: str = typer.Option("", "--b", help="Another; without it --a is compared with all others."),
    as_json: bool = typer.Option(False, "--json", help="Print JSON."),
) -> None:
    """Compare systems in pairs, with tests that allow for the overlap of folds.

    Of one run: the pairs that differ along one axis the benchmark compares, or those named. Of two
    runs on the same split: the systems that both have, and each run's best against the other's.

    [bold]Examples[/bold]

      merbench compare runs/demo/first

      merbench compare runs/demo/first --a 'mixed x compare-2016 x svr'

      merbench compare runs/demo/first runs/demo/second
    """
    from merbench import recorded
    from merbench.leaderboard.compare import compare_between, compare_within

    first = recorded.read(run)
    if other is None:
        pairs = compare_within(first, a, b)
    elif a or b:
        raise MerbenchError("--a and --b name systems of one run; give them without a second run")
    else:
        pairs = compare_between(first, recorded.read(other))
    _print(pairs, as_json=as_json)


def _print(pairs: Pairs, *, as_json: bool) -> None:
    from merbench.leaderboard.compare import verdict
    from merbench.spec import AXES

    if as_json:
        show.print_json(
            {
                "comparisons": [{**row, "verdict": verdict(row)} for row in pairs.rows],
                "identical": pairs.identical,
            }
        )
        return
    numbers = ("KL difference", "95 % interval", "p over folds", "p over groups", "effect size")
    families: dict[str, list[Mapping[str, Any]]] = {}
    for row in pairs.rows:
        across = f"across {row['across']}" if row["across"] in AXES else row["across"]
        families.setdefault(f"{row['dataset']}: {across}", []).append(row)
    for title, rows in families.items():
        show.print_table(
            ("a", "b", *numbers, "verdict"),
            [_cells(row, verdict(row)) for row in rows],
            title=title,
            right=numbers,
            spare=("effect size", "p over groups", "p over folds", "95 % interval"),
        )
    for system in pairs.identical:
        typer.echo(f"the same predictions in both runs: {system}")
    if not pairs.rows and not pairs.identical:
        typer.echo("there is no pair to compare")


def _cells(row: Mapping[str, Any], words: str) -> list[str]:
    return [
        row["a"],
        row["b"],
        f"{row['kl_difference']:+.3f}",
        f"{row['kl_low']:+.3f} to {row['kl_high']:+.3f}",
        show.number(row["corrected_p_holm"]),
        show.number(row["group_p"]),
        f"{row['rank_biserial']:+.2f}",
        words,
    ]
