"""Separators of which the true scores are known, and music to score them on."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from merbench.components import Separator
from merbench.separation import multitracks, scoring


class Whole(Separator):
    """The mixture as every stem."""

    name = "whole"

    def separate(self, waveform, sample_rate, *, device):
        return {stem: waveform.copy() for stem in self.stems}


def noise(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape)


def scored(root: Path, separator: Separator) -> dict[tuple[str, str], scoring.SeparationScore]:
    """Score on one track, by stem and method."""
    scores = scoring.score_tracks({separator.name: separator}, multitracks.find_multitracks(root))
    return {(s.stem, s.method): s for s in scores}
