"""Whether a run's clips are like the music that its separators were trained on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["MusicShift", "shift_of"]


@dataclass(frozen=True)
class MusicShift:
    """What the test of a dataset's clips against a separator's training music found.

    Parameters
    ----------
    separator
        Name of the separator.
    reason
        Why there is no test; nothing where there is one.
    n_training, n_clips
        Excerpts and clips compared.
    distance
        Energy distance, on [0, 1].
    p
        p-value of the test that clips and training music are of one kind.
    by_chance
        Whether a distance like this one may well arise by chance.
    outside
        Share of the clips farther from every excerpt than most excerpts are from each other.
    expected_outside
        Share to be expected without a shift.
    differences
        Clips less training music by descriptor, dB; the greatest first.
    """

    separator: str
    reason: str = ""
    n_training: int = 0
    n_clips: int = 0
    distance: float = 0.0
    p: float = 1.0
    by_chance: bool = True
    outside: float = 0.0
    expected_outside: float = 0.0
    differences: tuple[tuple[str, float], ...] = ()


def shift_of(entry: Mapping[str, Any]) -> MusicShift:
    """Return what an entry of `manifest["shift"]` says."""
    from merbench.evaluation import ALPHA
    from merbench.evaluation.shift import OUTSIDE

    if "reason" in entry:
        return MusicShift(entry["separator"], entry["reason"])
    return MusicShift(
        separator=entry["separator"],
        n_training=entry["n_training"],
        n_clips=entry["n_clips"],
        distance=entry["distance"],
        p=entry["p"],
        by_chance=entry["p"] >= ALPHA,
        outside=entry["outside"],
        expected_outside=OUTSIDE,
        differences=tuple(sorted(entry["differences"].items(), key=lambda item: -abs(item[1]))),
    )
