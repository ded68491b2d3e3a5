"""What a system's page says in words: scores, cost, what it is made of, where it is from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from merbench.benchmark.names import leaves, parameters_listed
from merbench.leaderboard.results import Results, Row
from merbench.pages.leaderboard_table import brief, machine, page_number
from merbench.pages.links import code_link, link, links_of, paper_name
from merbench.runs.parameter_text import read_parameters
from merbench.runs.row_columns import system_parameters
from merbench.tasks import Task
from merbench.wording import DASH, counted, duration

if TYPE_CHECKING:
    from markupsafe import Markup

__all__ = ["facts", "runs", "system_components", "withheld_note"]

_DIMENSIONS = ("valence", "arousal")
_BY_DIMENSION = (("ccc", "CCC"), ("r2", "R²"), ("pearson", "Pearson's r"))
_OF_CLASSES = (
    ("macro_f1", "macro F1"), ("accuracy", "accuracy"), ("balanced_accuracy", "balanced accuracy"),
    ("auc", "AUC"), ("pr_auc", "PR-AUC"), ("log_loss", "log loss"),
)  # fmt: skip
_WITHHELD = {
    "labels": "The labels of this data set may not be republished: each clip has a hash of its "
    "label instead, and figures and columns that need labels are left out here. Who has the data "
    "can verify every number: merbench leaderboard verify --root.",
    "labels and predictions": "The labels of this data set may not be republished, and this "
    "system's predictions repeat labels, number for number: both are left out here, and its KL "
    "and metrics are taken as they were submitted.",
}


def facts(content: Results, row: Row) -> list[tuple[str, Any]]:
    """Return what is known of a row, as terms and texts."""
    found: list[tuple[str, Any]] = [("Cell", str(row["cell"]))]
    if row.get("parameters"):
        found.append(("Parameters", parameters_listed(system_parameters(row))))
    found += [("KL", _kl(row)), *_metrics(row), ("Tested", _tested(row))]
    found += [*_cost(row), *_origin(content, row)]
    for key, text in (
        ("n_nonpositive_std", "predicted standard deviations not above 0"),
        ("n_floored_std", "predicted standard deviations raised to the floor"),
        ("n_floored_probability", "predicted probabilities raised to the floor"),
    ):
        if row.get(key):
            found.append(("Note", f"{row[key]:.0f} {text}"))
    if row.get("mark"):
        found.append(("Mark", str(row["mark"])))
    if row.get("error"):
        found.append(("Failed", str(row["error"])))
    return found


def _kl(row: Row) -> str:
    text = (
        f"mean {page_number(row.get('kl_mean'))}, median {page_number(row.get('kl_median'))} nats"
    )
    low, high = row.get("kl_mean_low"), row.get("kl_mean_high")
    if low is not None and high is not None:
        text += f"; 95 % interval of the mean {page_number(low)} to {page_number(high)}"
    return text + ("" if row.get("rank") is None else f"; rank {row['rank']:.0f}")


def _metrics(row: Row) -> list[tuple[str, str]]:
    """Return the task's metrics that the row has."""
    if Task(row["task"]) is not Task.VA:
        known = [(name, row.get(key)) for key, name in _OF_CLASSES]
        text = ", ".join(
            f"{name} {page_number(value)}" for name, value in known if value is not None
        )
        return [("Metrics", text)] if text else []
    texts = []
    for key, name in _BY_DIMENSION:
        values = [row.get(f"{key}_{dimension}_mean") for dimension in _DIMENSIONS]
        if None not in values:
            pairs = zip(_DIMENSIONS, values, strict=True)
            texts.append(f"{name} " + ", ".join(f"{d} {page_number(v, 2)}" for d, v in pairs))
    if row.get("rmse") is not None:
        texts.append(f"RMSE {page_number(row['rmse'])}")
    return [("Metrics", "; ".join(texts))] if texts else []


def _tested(row: Row) -> str:
    text = f"{counted(row.get('n_folds'), 'fold')} of a dataset of {row.get('n_clips')} clips"
    return f"{text}, {row['n_failed']} of them failed" if row.get("n_failed") else text


def _cost(row: Row) -> list[tuple[str, str]]:
    found = [("Fitting and predicting", duration(row.get("seconds")))]
    parts = []
    if row.get("fit_seconds") is not None:
        parts.append(f"fitting {duration(row['fit_seconds'])}, all folds")
    if row.get("predict_seconds_per_clip") is not None:
        parts.append(f"predicting {brief(row['predict_seconds_per_clip'])} a clip, features given")
    if parts:
        found.append(("Of these", "; ".join(parts)))
    if row.get("peak_memory_mb"):
        found.append(("Memory", f"{row['peak_memory_mb']:.0f} MB at most"))
    if (where := machine(row.get("hardware"))) != DASH:
        found.append(("Hardware", where))
    return found


def _origin(content: Results, row: Row) -> list[tuple[str, Any]]:
    """Return who submitted a row, what ran it, and links to its data."""
    from markupsafe import Markup

    run = str(row.get("run") or "")
    of_run = [known for known in content.sources.submissions if str(known["run"] or "") == run]
    found: list[tuple[str, Any]] = []
    for known in of_run[:1]:
        if known.get("submitter"):
            found.append(("Submitted by", str(known["submitter"])))
        if known.get("published"):
            found.append(("Published", str(known["published"])))
        commit = str(known.get("commit") or "")[:12]
        if commit and known.get("changed") in (True, "True"):
            commit += " with changes that are in no commit"
        ran = f"merbench {known['merbench']}" + (f", commit {commit}" if commit else "")
        found.append(("Run with", f"{ran}, on {str(known['started'])[:10]}"))
    links = links_of(content, str(row["dataset"]))
    return found + (
        [("Dataset", Markup(" · ").join([str(row["dataset"]), *links]))] if links else []
    )


def system_components(content: Results, row: Row) -> list[dict[str, Any]]:
    """Return the system's components: what each is, its parameters, where its code is."""
    run, cell = str(row.get("run") or ""), str(row["cell"])
    known = {
        (plugin["plugin_kind"], plugin["name"]): plugin
        for plugin in content.sources.plugins
        if str(plugin["run"] or "") == run
    }
    found = []
    for part in content.sources.parts:
        if str(part["run"] or "") != run or str(part["cell"]) != cell:
            continue
        plugin = known.get((part["plugin_kind"], part["name"]), {})
        settings = read_parameters(part.get("all_parameters"))
        found.append(
            {
                "kind": part["plugin_kind"],
                "name": part["name"],
                "version": part.get("version") or "",
                "summary": plugin.get("summary") or "",
                "more": str(plugin.get("description") or "").split("\n\n"),
                "cites": _cites(plugin),
                "parameters": parameters_listed(list(leaves(settings).items())) if settings else "",
                "code": code_link(plugin),
            }
        )
    return found


def _cites(plugin: Mapping[str, Any]) -> list[Markup | str]:
    found = [str(plugin["citation"])] if plugin.get("citation") else []
    if plugin.get("paper"):
        return [*found, link(plugin["paper"], paper_name(str(plugin["paper"])))]
    return [*found]


def runs(content: Results, row: Row) -> list[dict[str, str]]:
    """Return the runs of a cell that several runs have."""
    return [
        {
            "run": str(known["run"])[:8],
            "started": str(known["started"])[:10],
            "kl": page_number(known.get("kl_mean")) if known["status"] == "ok" else "failed",
            "seconds": duration(known.get("seconds")),
            "hardware": machine(known.get("hardware")),
            "listed": "ranked" if known["listed"] in (True, "True") else "",
        }
        for known in content.replications
        if (known["table"], known["cell"]) == (row.get("table"), row["cell"])
    ]


def withheld_note(row: Row) -> str:
    """Say what is left out of a published system, and why; nothing where nothing is."""
    return _WITHHELD.get(str(row.get("withheld") or ""), "")
