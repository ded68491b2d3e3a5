"""How a leaderboard's rows are shown."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import typer

from merbench.cli import show

if TYPE_CHECKING:
    import pandas as pd

_PLACES = ("tier", "rank")
_KL = ("KL mean", "95 % interval", "KL median")
_METRICS = {
    "r2_valence_mean": "R² valence",
    "r2_arousal_mean": "R² arousal",
    "accuracy": "accuracy",
    "macro_f1": "macro F1",
}


def show_leaderboard(leaderboard: pd.DataFrame, comparisons: pd.DataFrame, title: str) -> None:
    """Print a leaderboard's rows, and why the failed ones failed."""
    records = leaderboard.to_dict("records")
    axes = axes_to_show(records)
    metrics = {key: name for key, name in _METRICS.items() if key in leaderboard}
    show.print_table(
        (*_PLACES, *axes, *_KL, *metrics.values(), "mark"),
        [_row(record, axes, list(metrics)) for record in records],
        title=title,
        right=(*_PLACES, *_KL, *metrics.values()),
        spare=("KL median", "95 % interval", "mark", *metrics.values()),
        styles=["" if record["status"] == "ok" else "red" for record in records],
    )
    synthetic = sorted({str(r["dataset"]) for r in records if r["synthetic"]})
    if synthetic:
        typer.echo(f"synthetic music and ratings: {', '.join(synthetic)}")
    for note in sorted({str(r["provenance"]) for r in records if r["provenance"]}):
        typer.echo(f"labels: {note}")
    if len(comparisons):
        typer.echo(
            f"{int(comparisons['significant'].sum())} of {len(comparisons)} paired differences are "
            "significant (see comparisons.csv)"
        )
    for failed in (record for record in records if record["status"] != "ok"):
        parts = [str(failed[axis]) for axis in axes[1:]]
        typer.echo(f"failed: {failed['dataset']}: {' x '.join(parts)}: {failed['error']}", err=True)


def axes_to_show(rows: Sequence[Mapping[Any, Any]]) -> list[str]:
    """Return the axes to show: all, but for the augmentation where nothing is augmented."""
    from merbench.spec import AXES, NONE

    augmented = any(row["augmentation"] != NONE for row in rows)
    return [axis for axis in AXES if augmented or axis != "augmentation"]


def _row(record: Mapping[Any, Any], axes: Sequence[str], metrics: Sequence[str]) -> list[str]:
    from merbench.results import parameter_text

    low, high = record["kl_mean_low"], record["kl_mean_high"]
    known = math.isfinite(low) and math.isfinite(high)
    return [
        *(show.number(record[place], 0) for place in _PLACES),
        *(str(record[axis]) for axis in axes[:-1]),
        str(record["model"]) + parameter_text(record["parameters"]),
        "failed" if record["status"] != "ok" else show.number(record["kl_mean"]),
        f"{low:.3f} to {high:.3f}" if known else "–",
        show.number(record["kl_median"]),
        *(show.number(record[metric], 2) for metric in metrics),
        str(record["mark"] or ""),
    ]
