"""What `merbench data check` looks for in any dataset: labels and audio that mislead."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from itertools import combinations

import numpy as np

from merbench import AudioError, Clip, Dataset, Finding, MerbenchError, Task
from merbench.components import file_digest
from merbench_plugins.datasets.label_table import spread_bound

__all__ = ["check_audio", "check_labels"]

SHORTEST = 1.0
"""Seconds below which features have too few frames to mean much."""
SILENT = 1e-4
"""Peak of what counts as silence: -80 dB of full scale."""


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


def check_audio(dataset: Dataset, clips: Sequence[Clip]) -> list[Finding]:
    """Decode every clip and find what cannot be decoded, is too short, silent or there twice.

    Audio above 1.0 is no fault (MP3 decodes there, and nothing clips it), only worth knowing.
    """
    findings = []
    loud: dict[str, float] = {}
    same: defaultdict[str, list[Clip]] = defaultdict(list)
    rates: Counter[int] = Counter()
    for clip in clips:
        where = f"clip {clip.id}"
        try:
            waveform, rate = dataset.decode(clip)
        except AudioError as error:
            findings.append(Finding("error", where, str(error)))
            continue
        except MerbenchError as error:  # nothing to do with this clip: none can be decoded
            findings.append(Finding("error", dataset.name, str(error)))
            break
        same[file_digest(clip.audio)].append(clip)
        rates[rate] += 1
        peak, seconds = float(np.abs(waveform).max()), waveform.shape[1] / rate
        if seconds < SHORTEST:
            findings.append(Finding("warning", where, f"{clip.audio} is only {seconds:.2f} s long"))
        if peak < SILENT:
            findings.append(Finding("warning", where, f"{clip.audio} is silent"))
        if peak > 1.0:
            loud[clip.id] = peak
    findings += [_twice(group) for group in same.values() if len(group) > 1]
    if loud:
        loudest = max(loud, key=lambda clip_id: loud[clip_id])
        findings.append(
            Finding(
                "note",
                f"{len(loud)} of {len(clips)} clips",
                f"they decode above 1.0, clip {loudest} up to {loud[loudest]:.2f}; nothing clips "
                "them",
            )
        )
    if len(rates) > 1:
        listed = ", ".join(f"{n} at {rate} Hz" for rate, n in rates.most_common())
        findings.append(Finding("note", "sample rates", f"they differ: {listed}"))
    return findings


def _twice(clips: Sequence[Clip]) -> Finding:
    message = "their audio is the same file"
    if len({clip.group for clip in clips}) > 1:
        message += ", and their groups differ: one may be trained on and the other tested"
    return Finding("warning", f"clips {', '.join(clip.id for clip in clips)}", message)
