"""What a scoring found, laid out as rows of a table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from merbench.wording import number_text, p_text

__all__ = ["comparison_rows", "system_rows"]


def system_rows(result: Mapping[str, Any]) -> list[dict[str, str]]:
    """Lay out a result's systems for a table: a dict a row, heading to text, best KL first."""
    systems = sorted(result["systems"].items(), key=lambda item: item[1]["kl_mean"])
    fixed = f" (fixed_std={result['fixed_std']:g})" if "fixed_std" in result else ""
    return [{"system": name + fixed, **_cells(metrics)} for name, metrics in systems]


def comparison_rows(result: Mapping[str, Any]) -> list[dict[str, str]]:
    """Lay out a result's comparisons for a table: a dict a row, heading to text."""
    return [
        {
            "comparison": f"{c['a']} - {c['b']}",
            "KL difference": number_text(c["kl_mean_difference"], signed=True),
            "effect size": number_text(c["rank_biserial"], signed=True),
            "Wilcoxon p": p_text(c["wilcoxon_p"]),
            "p (Holm)": p_text(c["wilcoxon_p_holm"]),
        }
        for c in result["comparisons"]
    ]


def _cells(metrics: Mapping[str, Any]) -> dict[str, str]:
    cells = {
        "KL mean": number_text(metrics["kl_mean"]),
        "KL median": number_text(metrics["kl_median"]),
    }
    if "mse" in metrics:
        cells["RMSE"] = number_text(metrics["rmse"])
        for key, heading in (("r2", "R2"), ("pearson", "r"), ("ccc", "CCC")):
            for column, short in (("valence_mean", "valence"), ("arousal_mean", "arousal")):
                cells[f"{heading} {short}"] = number_text(metrics[key][column])
    else:
        for key, heading in (("macro_f1", "macro F1"), ("accuracy", "accuracy")):
            cells[heading] = number_text(metrics[key])
    return cells
