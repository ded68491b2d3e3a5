"""What `merbench data check` looks for in the labels of any dataset: those that mislead."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np

from merbench import Clip, Finding, Task
from merbench_plugins.datasets.plausible_labels import spread_bound

__all__ = ["check_labels"]


def check_labels(
    task: Task, clips: Sequence[Clip], *, measured_spread: bool = True
) -> list[Finding]:
    """Find labels that are formally right and yet cannot be meant.

    Columns that are the same throughout, single clips whose standard deviation no ratings with
    their mean can have, quadrants without a clip, one group for all clips.
    """
    if len(clips) < 2:
        return []
    findings: list[Finding] = []
    labels = np.array([clip.label for clip in clips])
    columns = Task.VA.columns if task is Task.VA else ()
    if not measured_spread:  # the same in every clip, as it must be
        columns = columns[:2]
    if task is Task.QUADRANT:
        found = {task.columns[i] for i in labels.argmax(axis=1)}
        findings += [
            Finding("warning", f"quadrant {name}", "no clip is in it")
            for name in task.columns
            if name not in found
        ]
    for (i, first), (j, second) in combinations(enumerate(columns), 2):
        if np.array_equal(labels[:, i], labels[:, j]):
            findings.append(
                Finding(
                    "warning",
                    f"columns {first}, {second}",
                    "they are the same in every clip; was one column read twice?",
                )
            )
    for i, column in enumerate(columns):
        if np.ptp(labels[:, i]) == 0:
            findings.append(
                Finding("warning", f"column {column}", f"it is {labels[0, i]:g} in every clip")
            )
    for i, dimension in enumerate(("valence", "arousal") if len(columns) == 4 else ()):
        for clip in clips:
            mean, std = clip.label[i], clip.label[i + 2]
            if std > spread_bound(mean):
                findings.append(
                    Finding(
                        "warning",
                        f"clip {clip.id}",
                        f"ratings of {dimension} with mean {mean:.3f} cannot have a standard "
                        f"deviation of {std:.3f} (at most {spread_bound(mean):.3f})",
                    )
                )
    if len({clip.group for clip in clips}) == 1:
        findings.append(
            Finding(
                "warning", f"group {clips[0].group}", "all clips are in it: no split can be made"
            )
        )
    return findings
