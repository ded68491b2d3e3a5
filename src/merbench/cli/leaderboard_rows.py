"""How a leaderboard's rows are shown."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from merbench.cli import display
from merbench.wording import DASH, number_text

if TYPE_CHECKING:
    import pandas as pd

    from merbench.leaderboard.findings import TableFinding
    from merbench.leaderboard.run_results import RunResults

_PLACES = ("tier", "rank")
KL_COLUMNS = ("KL mean", "95 % interval", "KL median")
_METRICS = {
    "r2_valence_mean": "R² valence",
    "r2_arousal_mean": "R² arousal",
    "accuracy": "accuracy",
    "macro_f1": "macro F1",
}
_LISTED = 5
"""Systems that a remark names before it only counts them."""


def show_leaderboard(finished: RunResults, folder: Path) -> None:
    """Print a run's leaderboard, what is to be known of its rows, and why the failed ones failed.

    Parameters
    ----------
    finished
        The run.
    folder
        Where its tables lie as files, with the columns that a terminal has no room for.
    """
    from merbench.leaderboard.columns import typed_rows
    from merbench.leaderboard.findings import TableFinding
    from merbench.runs.row_columns import joined, told_apart

    title, leaderboard = str(finished.manifest["name"]), finished.leaderboard
    records, pairs = finished.rows, finished.pairs
    _say_findings(typed_rows(TableFinding, finished.findings))
    names = told_apart(records)
    axes = axes_to_show(records)
    if len({name["dataset"] for name in names}) == 1:
        axes.remove("dataset")  # of one only, the title says it and leaves room
        title = f"{title}: {names[0]['dataset']}"
    metrics = {key: heading for key, heading in _METRICS.items() if key in leaderboard}
    marks = ["mark"] if any(record["mark"] for record in records) else []
    display.print_table(
        (*_PLACES, *axes, *KL_COLUMNS, *metrics.values(), *marks),
        [
            _row(record, [name[axis] for axis in axes], [*metrics], marks)
            for record, name in zip(records, names, strict=True)
        ],
        title=title,
        right=(*_PLACES, *KL_COLUMNS, *metrics.values()),
        spare=("95 % interval", "KL median", *metrics.values()),
        elsewhere=str(folder / "leaderboard.csv"),
        styles=["" if record["status"] == "ok" else "red" for record in records],
    )
    synthetic = sorted({str(r["dataset"]) for r in records if r["synthetic"]})
    if synthetic:
        display.say(f"synthetic music and ratings: {', '.join(synthetic)}")
    for note in sorted({str(r["provenance"]) for r in records if r["provenance"]}):
        display.say(f"labels: {note}")
    _say_negative(records, names)
    if pairs:
        display.say(
            f"{sum(pair.significant for pair in pairs)} of {len(pairs)} paired differences are "
            f"significant (see {folder / 'comparisons.csv'})"
        )
    for record, name in zip(records, names, strict=True):
        if record["status"] != "ok":
            where = f"{name['dataset']}: {joined(name)}"
            display.say(f"failed: {where}: {record['error']}", err=True)


def leaderboard_document(finished: RunResults, folder: Path) -> dict[str, Any]:
    """Return what `show_leaderboard` prints, whole, as JSON values."""

    def rows(table: pd.DataFrame) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads(
            table.to_json(orient="records", double_precision=15)
        )
        return found

    return {
        "name": finished.manifest["name"],
        "run": str(folder),
        "findings": rows(finished.findings),
        "leaderboard": rows(finished.leaderboard),
        "comparisons": rows(finished.comparisons),
    }


def _say_findings(findings: Sequence[TableFinding]) -> None:
    """Print what the tables come to, a paragraph a sentence."""
    several = len({finding.table for finding in findings}) > 1
    width = min(display.console().width, 80)
    for finding in findings:
        text = f"{finding.dataset}: {finding.text}" if several else finding.text
        display.say(
            textwrap.fill(
                text, width, initial_indent="- ", subsequent_indent="  ", break_on_hyphens=False
            )
        )
    if findings:
        display.say("")


def _say_negative(records: Sequence[Mapping[Any, Any]], names: Sequence[Mapping[str, str]]) -> None:
    """Say which systems predict standard deviations that are none."""
    from merbench.runs.row_columns import joined

    several = len({name["dataset"] for name in names}) > 1
    found = [
        (int(count), f"{name['dataset']}: {joined(name)}" if several else joined(name))
        for record, name in zip(records, names, strict=True)
        if (count := record.get("n_nonpositive_std") or 0) > 0  # never where it is NaN
    ]
    if not found:
        return
    display.say(
        "predicted standard deviations that are not above 0, of which KL takes the magnitude:"
    )
    for count, system in sorted(found, reverse=True)[:_LISTED]:
        display.say(f"  {count} of {system}")
    if len(found) > _LISTED:
        display.say(f"  and of {len(found) - _LISTED} more (column n_nonpositive_std)")


def axes_to_show(rows: Sequence[Mapping[Any, Any]]) -> list[str]:
    """Return the axes to show: all, but for the augmentation where nothing is augmented."""
    from merbench.benchmark.names import AXES, NONE

    augmented = any(row["augmentation"] != NONE for row in rows)
    return [axis for axis in AXES if augmented or axis != "augmentation"]


def _row(
    record: Mapping[Any, Any], names: Sequence[str], metrics: Sequence[str], marks: Sequence[str]
) -> list[str]:
    low, high = record["kl_mean_low"], record["kl_mean_high"]
    known = low is not None and high is not None
    return [
        *(number_text(record[place], 0) for place in _PLACES),
        *names,
        "failed" if record["status"] != "ok" else number_text(record["kl_mean"]),
        f"{number_text(low)} to {number_text(high)}" if known else DASH,
        number_text(record["kl_median"]),
        *(number_text(record[metric], 2) for metric in metrics),
        *(str(record[mark] or "") for mark in marks),
    ]
