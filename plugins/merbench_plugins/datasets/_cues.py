"""What the demo dataset's music expresses emotion by: modes and the other cues."""

from __future__ import annotations

from typing import NamedTuple


class Mode(NamedTuple):
    """A diatonic mode: its place on the cue's axis, its scale, and progressions at home in it."""

    cue: float
    scale: tuple[int, ...]
    """Semitones above the tonic."""
    progressions: tuple[tuple[int, ...], ...]
    """Scale degrees of the triads' roots, counted from 0."""


# Ordered as listeners rank their happiness: the fewer degrees are lowered, the happier
# (Temperley & Tan 2013).
MODES = {
    "ionian": Mode(
        1.0, (0, 2, 4, 5, 7, 9, 11), ((0, 4, 5, 3), (0, 3, 4, 0), (0, 5, 3, 4), (0, 3, 0, 4))
    ),
    "mixolydian": Mode(0.5, (0, 2, 4, 5, 7, 9, 10), ((0, 6, 3, 0), (0, 4, 3, 0), (0, 6, 0, 3))),
    "dorian": Mode(-0.1, (0, 2, 3, 5, 7, 9, 10), ((0, 3, 0, 6), (0, 6, 3, 0), (0, 2, 3, 0))),
    "aeolian": Mode(-0.6, (0, 2, 3, 5, 7, 8, 10), ((0, 5, 2, 6), (0, 3, 5, 4), (0, 6, 5, 6))),
    "phrygian": Mode(-1.0, (0, 1, 3, 5, 7, 8, 10), ((0, 1, 0, 6), (0, 1, 2, 1), (0, 6, 1, 0))),
}


class Cues(NamedTuple):
    """What the raters respond to, each on [-1, 1]."""

    mode: float
    """Minor to major: `Mode.cue`."""
    tempo: float
    """60 to 168 beats a minute, logarithmic."""
    loudness: float
    """From soft to loud: level, and the effort that brightens every instrument."""
    articulation: float
    """From legato to staccato."""
    register: float
    """From low to high."""
    density: float
    """From few to many notes a beat."""
    brightness: float
    """From dull to bright timbre."""
