"""`merbench compare`."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from merbench.cli import display
from merbench.errors import MerbenchError
from merbench.wording import DASH, number_text

if TYPE_CHECKING:
    from merbench.leaderboard.columns import Comparison
    from merbench.leaderboard.system_pairs import Pairs


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
    a: str = typer.Option(
        "", "--a", help="A system of the run, as its table names it, or by what no other has."
    ),
    b: str = typer.Option("", "--b", help="Another; without it --a is compared with all others."),
    across: list[str] | None = typer.Option(
        None,
        "--across",
        metavar="AXIS",
        help="Pairs that differ in this alone: an axis, or a parameter; may be repeated.",
    ),
    by: str = typer.Option(
        "kl",
        "--by",
        help="What to compare by: kl, squared-error; of classes also zero-one, macro-f1.",
    ),
    as_json: bool = typer.Option(False, "--json", help="Print JSON."),
) -> None:
    """Compare systems in pairs, with tests that allow for the overlap of folds.

    Of one run: the pairs that differ along one axis, those the benchmark compares or those of
    --across, or the pairs of named systems. Of two runs on the same split: the systems that both
    have, and each run's best against the other's.

    [bold]Examples[/bold]

      merbench compare runs/demo/first

      merbench compare runs/demo/first --across features

      merbench compare runs/demo/first --a 'mixed x crnn' --b 'oracle x crnn'

      merbench compare runs/demo/first --by squared-error

      merbench compare runs/demo/first runs/demo/second
    """
    from merbench.leaderboard.system_pairs import compare_between, compare_within
    from merbench.runs import record

    first = record.read_record(run)
    if across and (a or b):
        raise MerbenchError("--across chooses pairs, and --a and --b name them; give one or other")
    if other is None:
        pairs = compare_within(first, a or b, b if a else "", across or (), by)
    elif a or b or across:
        raise MerbenchError(
            "--a, --b and --across choose among one run's systems; give them without a second run"
        )
    else:
        pairs = compare_between(first, record.read_record(other), by)
    _print(pairs, by, as_json=as_json)
    if not (pairs.rows or pairs.identical or as_json):
        alone = f" that differ in {' or '.join(across)} alone" if across else ""
        display.say(f"there is no pair of systems{alone} to compare")


def _print(pairs: Pairs, by: str, *, as_json: bool) -> None:
    from merbench.leaderboard.other_places import MACRO_F1
    from merbench.leaderboard.system_pairs import BEST, NAMED, SAME, verdict

    if as_json:
        display.print_json(
            {
                "comparisons": [
                    _as_json(row, by) | {"verdict": verdict(row, by)} for row in pairs.rows
                ],
                "identical": pairs.identical,
            }
        )
        return
    numbers = dict(_NUMBERS)
    if by == MACRO_F1:
        del numbers["effect size"]
    families: dict[str, list[Comparison]] = {}
    for row in pairs.rows:
        across = row.across if row.across in (BEST, NAMED, SAME) else f"across {row.across}"
        families.setdefault(f"{row.dataset}: {across}", []).append(row)
    for title, rows in families.items():
        display.print_table(
            ("a", "b", *numbers, "verdict"),
            [_cells(row, numbers.values(), pairs.names) for row in rows],
            title=title,
            right=tuple(numbers),
            spare=tuple(numbers)[1:],
            elsewhere="--json",
        )
    for system in pairs.identical:
        display.say(f"the same predictions in both runs: {system}")
    if pairs.rows:
        display.say(
            f"difference: {_WHAT[by]}, a less b; below 0, a is better. detectable: the smallest "
            "that this data could show"
        )
        if any(_is_surprising(row) for row in pairs.rows):
            display.say(
                "an interval is of its pair by itself, and p allows for all the pairs of its table "
                "(Holm): an interval may leave out 0 where the difference is not significant"
            )
        if any(row.given for row in pairs.rows):
            display.say("of a single fold, all this holds for these fitted models")


_WHAT = {
    "kl": "KL in nats",
    "squared-error": "squared error",
    "zero-one": "share of clips in the wrong class",
    "macro-f1": "1 - macro F1",
}
_NOT_OF_F1 = (
    "resampled_p", "clip_p", "clip_p_holm", "group_p", "naive_wilcoxon_p", "n_folds_p_below_05",
    "rank_biserial", "group_rank_biserial",
)  # fmt: skip


def _as_json(row: Comparison, by: str) -> dict[str, Any]:
    """Return a comparison's columns; what is no KL is not called one."""
    from merbench.leaderboard.other_places import MACRO_F1

    known = dataclasses.asdict(row)
    if by == "kl":
        return known
    return {
        key.replace("kl_", f"{by.replace('-', '_')}_"): value
        for key, value in known.items()
        if by != MACRO_F1 or key not in _NOT_OF_F1
    }


_NUMBERS: dict[str, Callable[[Comparison], str]] = {
    "difference": lambda row: number_text(row.kl_difference, signed=True),
    "95 % interval": lambda row: (
        f"{number_text(row.kl_low, signed=True)} to {number_text(row.kl_high, signed=True)}"
        if math.isfinite(row.kl_low)
        else DASH
    ),
    "detectable": lambda row: number_text(row.detectable_difference),
    "p": lambda row: number_text(row.corrected_p_holm),
    "effect size": lambda row: number_text(row.rank_biserial, 2, signed=True),
}
"""Columns of numbers, the least needed last."""


def _is_surprising(row: Comparison) -> bool:
    """Tell whether the interval of a pair leaves out 0, and the difference is not significant."""
    return not row.significant and (row.kl_low > 0 or row.kl_high < 0)


def _cells(
    row: Comparison,
    numbers: Iterable[Callable[[Comparison], str]],
    names: Mapping[tuple[str, str], str],
) -> list[str]:
    if row.significant:
        verdict = f"{row.better} is better"
    else:
        single = math.isnan(row.detectable_difference)
        verdict = "a single group shows nothing" if single else "not significant"
    systems = names[row.run_a, row.cell_a], names[row.run_b, row.cell_b]
    return [*systems, *(text(row) for text in numbers), verdict]
