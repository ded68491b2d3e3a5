"""A short demo, and its reading in a module that another process can import."""

from __future__ import annotations

from pathlib import Path

from merbench_plugins.datasets._score import Score
from merbench_plugins.datasets.demo import Demo

SHORT = Demo(n_clips=12, seconds=2.0)


def list_and_read(roots: list[Path], ready, outcome) -> None:
    try:
        for root in roots:
            ready.wait(timeout=60)
            for clip in SHORT.clips(root):
                Score.loads(clip.audio.read_text())
    except Exception as error:
        ready.abort()
        outcome.put(repr(error))
    else:
        outcome.put("")
