"""What clips of quadrants say, for the tests of several datasets."""

from __future__ import annotations

import numpy as np

from merbench import Finding, Task


def errors(findings: list[Finding]) -> list[str]:
    return [f"{f.where}: {f.message}" for f in findings if f.level == "error"]


def quadrants(clips) -> dict[str, str]:
    return {clip.id: Task.QUADRANT.columns[int(np.argmax(clip.label))] for clip in clips}
