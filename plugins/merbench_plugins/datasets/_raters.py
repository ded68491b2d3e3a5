"""Simulated raters: how the demo dataset's cues become valence and arousal.

Each rater weighs the cues and adds them up, which is how listeners' judgements have been found to
work: additively, interactions being next to nothing (Juslin & Lindström 2010; Eerola, Friberg &
Bresin 2013). `SHARES` follows what is published in sign and in rough rank order. The numbers are
merbench's own: no study has all seven cues on both axes, and none is reproduced here.

- Mode leads for valence, then tempo, register and articulation (Eerola et al. 2013 rank mode,
  tempo, register, dynamics, articulation, timbre over four emotions; major for happy against
  minor for sad goes back to Hevner 1935). The order of modes is that of Temperley & Tan (2013).
- Tempo and loudness lead for arousal (Schubert 2004; Ilie & Thompson 2006; Dean, Bailes &
  Schubert 2011), joined by dense, staccato and bright playing (Gabrielsson & Lindström 2001).
- Loudness has no share in valence: studies disagree on its sign. They do on register too, which
  is high for happy in Eerola et al. and low for pleasant in Ilie & Thompson; it follows the former.

Disagreement has the causes it has in people. Raters attend to different cues, so a clip whose cues
contradict each other divides them, as fast music in minor does (Hunter, Schellenberg & Schimmack
2008), and leaves each of them less sure; one whose cues agree does neither. Raters also use the
scale more or less widely, and lean one way.

References
----------
Dean, Bailes & Schubert (2011). Acoustic intensity causes perceived changes in arousal levels in
music. PLoS ONE 6(4), e18591.
Eerola, Friberg & Bresin (2013). Emotional expression in music: contribution, linearity, and
additivity of primary musical cues. Frontiers in Psychology 4, 487.
Gabrielsson & Lindström (2001). The influence of musical structure on emotional expression. In
Juslin & Sloboda (eds), Music and Emotion. Oxford University Press, 223-248.
Hevner (1935). The affective character of the major and minor modes in music. American Journal of
Psychology 47(1), 103-118.
Hunter, Schellenberg & Schimmack (2008). Mixed affective responses to music with conflicting cues.
Cognition and Emotion 22(2), 327-352.
Ilie & Thompson (2006). A comparison of acoustic cues in music and speech for three dimensions of
affect. Music Perception 23(4), 319-330.
Juslin (2000). Cue utilization in communication of emotion in music performance: relating
performance to perception. Journal of Experimental Psychology: Human Perception and Performance
26(6), 1797-1812.
Juslin & Lindström (2010). Musical expression of emotions: modelling listeners' judgements of
composed and performed features. Music Analysis 29(1-3), 334-364.
Schubert (2004). Modeling perceived emotion with continuous musical features. Music Perception
21(4), 561-585.
Temperley & Tan (2013). Emotional connotations of diatonic modes. Music Perception 30(3), 237-257.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from merbench_plugins.datasets._composer import generator
from merbench_plugins.datasets._cues import Cues

__all__ = ["SHARES", "contradiction", "rate"]

SHARES = np.array(
    [
        # mode, tempo, loudness, articulation, register, density, brightness
        Cues(0.40, 0.22, 0.00, 0.12, 0.14, 0.05, 0.07),
        Cues(-0.03, 0.29, 0.28, 0.11, 0.04, 0.15, 0.10),
    ]
)
"""(2, cues): what share each cue has in valence and in arousal, and which way it points."""

POINTS = 9
"""Steps of the rating scale, as in PMEmo."""

CONCENTRATION = 4.0
"""Of the Dirichlet distribution of attention: the lower it is, the more raters differ."""


def rate(cues: Cues, clip: int, *, raters: int, seed: int) -> NDArray[np.float64]:
    """Have every rater of the panel rate one clip.

    Parameters
    ----------
    cues
        Of the clip.
    clip
        Its number in the dataset, from which the raters' momentary doubts are drawn.
    raters
        Size of the panel, which is the same for every clip.
    seed
        The dataset's.

    Returns
    -------
    ndarray
        Shape (raters, 2): valence and arousal, the nine points of the scale mapped to [0, 1].
    """
    panel = [_rater(number, seed) for number in range(raters)]
    heard = np.array([rater.hear(cues) for rater in panel])
    doubt = 0.04 + 0.18 * contradiction(cues)
    unsure = doubt * generator(seed, "rating", clip).standard_normal((raters, 2))
    point = np.rint((POINTS - 1) * (heard + unsure))
    ratings: NDArray[np.float64] = np.clip(point, 0, POINTS - 1) / (POINTS - 1)
    return ratings


def contradiction(cues: Cues) -> NDArray[np.float64]:
    """Return how far the cues disagree about valence and about arousal: (2,), from 0 to 1.

    The standard deviation, weighted by the cues' shares, of where each of them points.
    """
    weights = np.abs(SHARES)
    pointing = np.sign(SHARES) * np.array(cues)
    mean = np.sum(weights * pointing, axis=1, keepdims=True)
    spread: NDArray[np.float64] = np.sqrt(np.sum(weights * (pointing - mean) ** 2, axis=1))
    return spread


class _Rater(NamedTuple):
    """What makes one rater differ from another."""

    attention: NDArray[np.float64]
    """(2, cues), rows sum to 1: what one cue is given, another goes without."""
    width: NDArray[np.float64]
    """How much of the scale is used, for valence and arousal."""
    lean: NDArray[np.float64]

    def hear(self, cues: Cues) -> NDArray[np.float64]:
        """Return valence and arousal, 0.5 in the middle, before any doubt."""
        pointing = np.sign(SHARES) * np.array(cues)
        impression: NDArray[np.float64] = np.sum(self.attention * pointing, axis=1)
        return 0.5 + self.lean + self.width * impression


@cache
def _rater(number: int, seed: int) -> _Rater:
    rng = generator(seed, "rater", number)
    attention = rng.gamma(CONCENTRATION * np.abs(SHARES) + 1e-9)
    return _Rater(
        attention=attention / attention.sum(axis=1, keepdims=True),
        width=0.42 * rng.lognormal(0.0, 0.2, 2),
        lean=rng.normal(0, 0.06, 2),
    )
