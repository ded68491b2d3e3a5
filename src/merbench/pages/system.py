"""What is shown of one system: its figures, and the clips it does best and worst on."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from merbench.leaderboard import roc, training_curves
from merbench.leaderboard.clip_agreement import along_axes, confusion
from merbench.leaderboard.results import Clips, Results, Row, clips_of, key_of
from merbench.pages import figures, system_facts
from merbench.pages.leaderboard_table import page_number
from merbench.pages.render import render
from merbench.pages.trials import chosen_parameters
from merbench.runs import row_columns
from merbench.tasks import Task

if TYPE_CHECKING:
    from markupsafe import Markup

__all__ = ["ClipExcerpts", "FindExcerpts", "system"]

EXTREMES = 3
"""Best clips, and worst clips, that are listed."""
MATRIX = 12
"""Rows of a confusion matrix, of more classes the least frequent are one; and ROC curves."""
ELLIPSES = 8
"""Clips drawn on the plane, spread evenly from the best to the worst."""
_FIXED = [task.columns for task in Task]


@dataclass(frozen=True)
class ClipExcerpts:
    """What of a clip can be listened to.

    Parameters
    ----------
    sources
        (what it is, file relative to the page), the whole clip first.
    silence
        Why something cannot be heard, or nothing.
    """

    sources: tuple[tuple[str, str], ...]
    silence: str = ""


FindExcerpts = Callable[[Row, str], "ClipExcerpts | None"]
"""Takes a leaderboard row and a clip's id, and returns the clip's excerpts; None for data that may
not be listened to."""


def system(content: Results, row: Row, find_excerpts: FindExcerpts | None = None) -> Markup | str:
    """Render what is to be shown of a row; nothing where it has no predictions.

    Parameters
    ----------
    content
        What the row is from.
    row
        Of the leaderboard.
    find_excerpts
        Gives excerpts to listen to.
    """
    from markupsafe import Markup

    if row["role"] == row_columns.PEOPLE:
        return ""
    task = Task(row["task"])
    clips = clips_of(task, content.predictions_of(row))
    if clips is None:
        return ""
    name = row_columns.system_name(row)
    drawn = [
        {"caption": caption, "series": series, "svg": Markup(svg)}
        for caption, series, svg in _figures(content, row, task, clips)
    ]
    shown = clips.truth is not None and clips.predicted is not None
    heard = {}
    if find_excerpts is not None:
        heard = {clip: find_excerpts(row, clip) for clip in _listed(clips)}
    return render(
        "system",
        name=name,
        facts=system_facts.facts(content, row),
        parts=system_facts.system_components(content, row),
        runs=system_facts.runs(content, row),
        withheld=system_facts.withheld_note(row),
        figures=drawn,
        chosen=chosen_parameters(content.folds_of(row)),
        clips=[_clip(clips, i, heard.get(clips.clip[i])) for i in _extremes(clips)],
        labelled=shown,
        columns=task.columns if shown else (),
        listening=any(heard.values()),
    )


# --- figures -------------------------------------------------------------------------------------


def _figures(
    content: Results, row: Row, task: Task, clips: Clips
) -> list[tuple[str, tuple[str, ...], str]]:
    key = f"f-{key_of(row)}"
    caption = f"KL of {len(clips.kl)} clips, thirty bins"
    found: list[tuple[str, tuple[str, ...], str]] = [
        (
            caption,
            (),
            figures.draw_kl_histogram(
                f"{key}-h", {"KL": clips.kl}, title=row_columns.system_name(row)
            ),
        )
    ]
    if clips.truth is not None and clips.predicted is not None:
        if task is Task.VA:
            some = _spread(len(clips.kl), ELLIPSES)
            truth, predicted = clips.truth[some], clips.predicted[some]
            plane = figures.draw_valence_arousal_plane(f"{key}-p", truth, predicted, clips.kl[some])
            found.append((f"{len(some)} clips, best to worst", ("label", "prediction"), plane))
        else:
            matrix = confusion(content.predictions_of(row), clips.columns, MATRIX)
            found.append(("Clips over all tests", (), figures.draw_confusion(f"{key}-c", matrix)))
            found += _roc(content, row, clips, f"{key}-o")
        for i, axis in enumerate(along_axes(task, clips.truth, clips.predicted)):
            if not axis.graded:
                continue  # the confusion matrix says it
            svg = figures.draw_clip_scatter(f"{key}-s{i}", axis.truth, axis.predicted, axis.name)
            found.append((f"{axis.name[0].upper()}{axis.name[1:]}, a point a clip", (), svg))
    curves = training_curves.loss_curves(content.folds_of(row))
    for i, (quantity, names) in enumerate(_quantities(curves).items()):
        svg = figures.draw_training_curves(f"{key}-t{i}", curves, quantity, names)
        series = tuple(_series(name, quantity) for name in names)
        found.insert(1 + i, (f"{quantity[:1].upper()}{quantity[1:]} by epoch", series, svg))
    return found


def _quantities(curves: Sequence[Mapping[str, Any]]) -> dict[str, list[str]]:
    """Group what training reported by what it is, the last word of its name: by loss, accuracy."""
    names = dict.fromkeys(name for curve in curves for name in curve if name != "epoch")
    found: dict[str, list[str]] = {}
    for name in names:
        found.setdefault(name.rsplit("_", 1)[-1], []).append(name)
    return found


def _series(name: str, quantity: str) -> str:
    """What a legend calls a line: `train` for `train_loss`."""
    return name.removesuffix(quantity).rstrip("_").replace("_", " ") or quantity


def _roc(
    content: Results, row: Row, clips: Clips, key: str
) -> list[tuple[str, tuple[str, ...], str]]:
    """Return the figure of ROC curves, of the most frequent classes where there are many."""
    curves = roc.roc_curves(content.predictions_of(row), clips.columns)
    if not curves:
        return []
    caption = f"Each class against the others, mean AUC {page_number(row.get('auc'))}"
    if len(curves) > MATRIX:
        caption += f" of {len(curves)}; the {MATRIX} most frequent"
    return [
        (caption, (), figures.draw_roc_curves(key, curves[:MATRIX], len(curves), row.get("auc")))
    ]


# --- clips ---------------------------------------------------------------------------------------


def _spread(n: int, most: int) -> list[int]:
    """Return at most `most` of n positions, evenly spread, both ends among them."""
    if n <= most:
        return list(range(n))
    return [round(i * (n - 1) / (most - 1)) for i in range(most)]


def _extremes(clips: Clips) -> list[int]:
    """Return the positions of the best clips, then of the worst, the worst last."""
    n = len(clips.kl)
    return sorted({*range(min(EXTREMES, n)), *range(max(0, n - EXTREMES), n)})


def _listed(clips: Clips) -> list[str]:
    return [clips.clip[i] for i in _extremes(clips)]


def _clip(clips: Clips, i: int, heard: ClipExcerpts | None) -> dict[str, Any]:
    def numbers(values: Any) -> str:
        if values is None:
            return ""
        if clips.columns in _FIXED:
            return " ".join(page_number(value, 2) for value in values[i])
        likeliest = sorted(zip(values[i], clips.columns, strict=True), key=lambda pair: -pair[0])
        return ", ".join(f"{name} {page_number(v, 2)}" for v, name in likeliest[:EXTREMES] if v > 0)

    return {
        "id": clips.clip[i],
        "group": clips.group[i],
        "kl": page_number(clips.kl[i]),
        "truth": numbers(clips.truth),
        "predicted": numbers(clips.predicted),
        "first_of_worst": i == len(clips.kl) - EXTREMES >= EXTREMES,
        "sources": heard.sources if heard else (),
        "silence": heard.silence if heard else "",
    }
