"""Composes the demo dataset's clips: cues, then a score for four parts that plays them.

All chance comes from the dataset's seed; `_raters` rates the cues.
"""

from __future__ import annotations

import hashlib

import numpy as np

from merbench_plugins.datasets._arrangement import (
    Beat,
    Harmony,
    accompaniment,
    bass_line,
    drum_pattern,
    melody,
)
from merbench_plugins.datasets._cues import MODES, Cues
from merbench_plugins.datasets._score import PARTS, Artist, Score

__all__ = ["compose", "draw_artist", "draw_cues", "generator"]

# Musicians express one character by several cues at once, none of them reliably (Juslin 2000).
# How far a clip's intended energy and pleasantness show in each cue:
ENERGY = Cues(0.0, 0.60, 0.60, 0.40, 0.10, 0.55, 0.45)
PLEASANTNESS = Cues(0.70, 0.30, 0.0, 0.40, 0.45, 0.10, 0.30)


def generator(seed: int, purpose: str, index: int) -> np.random.Generator:
    """Return a stream of its own for each purpose and index, so that none shifts another."""
    digest = hashlib.sha256(purpose.encode()).digest()
    return np.random.default_rng([seed, int.from_bytes(digest[:4], "big"), index])


def compose(
    index: int, *, seed: int, seconds: float, sample_rate: int, clips_per_artist: int
) -> Score:
    """Compose the dataset's clip number `index`, counted from 0.

    It depends on the seed, its number and the length asked for, and on no other clip.
    """
    artist = draw_artist(index // clips_per_artist, seed)
    rng = generator(seed, "clip", index)
    mode, cues = draw_cues(rng, artist)
    bpm = 100.0 * 1.68**cues.tempo
    tonic = int(rng.integers(12))
    beat = Beat(rng, bpm, seconds, artist.swing)
    harmony = Harmony(rng, MODES[mode], tonic, steps_per_chord=8 if bpm < 105 else 16)
    # One clip in eight has no drums, another one in six nobody who sings.
    absent = rng.random(2) < (1 / 8, 1 / 6)
    parts = {
        "bass": bass_line(rng, beat, harmony, cues),
        "drums": drum_pattern(rng, beat, cues),
        "other": accompaniment(rng, beat, harmony, cues, artist),
        "vocals": melody(rng, beat, harmony, cues, artist),
    }
    for part, missing in zip(("drums", "vocals"), absent, strict=True):
        if missing:
            parts[part] = ()
    return Score(
        clip=f"demo-{index + 1:03d}",
        artist=artist,
        cues={name: round(value, 4) for name, value in cues._asdict().items()},
        mode=mode,
        tonic=tonic,
        bpm=round(bpm, 3),
        level=round(-25.0 + 6.0 * cues.loudness + artist.mastering, 3),
        seconds=seconds,
        sample_rate=sample_rate,
        seed=int(rng.integers(2**31)),
        parts=parts,
    )


def draw_cues(rng: np.random.Generator, artist: Artist) -> tuple[str, Cues]:
    """Draw a clip's mode and cues: partly what it means to express, partly chance."""
    energy = artist.energy + rng.uniform(-1, 1)
    pleasantness = artist.pleasantness + rng.uniform(-1, 1)
    meant = np.array(ENERGY) * energy + np.array(PLEASANTNESS) * pleasantness
    values = np.clip(1.2 * meant + rng.normal(0, 0.4, len(meant)), -1, 1)
    mode = min(MODES, key=lambda name: abs(MODES[name].cue - values[0]))
    return mode, Cues(MODES[mode].cue, *(float(value) for value in values[1:]))


def draw_artist(index: int, seed: int) -> Artist:
    """Draw the style that an artist's clips share."""
    rng = generator(seed, "artist", index)

    def between(low: float, high: float) -> float:
        return round(float(rng.uniform(low, high)), 4)

    def near(mean: float, spread: float) -> float:
        return round(mean + spread * float(np.clip(rng.normal(), -2, 2)), 4)

    # Attack (s), decay (1/s), share of even harmonics, detuning of a second voice (cents).
    keys = {"attack": 0.004, "decay": 2.2, "even": 0.8, "detune": 0.0}
    guitar = {"attack": 0.003, "decay": 3.5, "even": 1.0, "detune": 0.0}
    organ = {"attack": 0.012, "decay": 0.0, "even": 0.6, "detune": 3.0}
    strings = {"attack": 0.060, "decay": 0.0, "even": 1.0, "detune": 9.0}
    reed = {"attack": 0.020, "decay": 0.3, "even": 0.15, "detune": 4.0}
    other = (keys, guitar, organ, strings, reed)[int(rng.integers(5))]
    return Artist(
        name=f"artist-{index + 1:02d}",
        energy=near(0.0, 0.2),
        pleasantness=near(0.0, 0.2),
        tuning=near(0.0, 8.0),
        mastering=near(0.0, 1.8),
        swing=round(max(0.0, float(rng.uniform(-0.3, 0.3))), 4),
        reverb=between(0.05, 0.25),
        room=between(0.25, 0.6),
        room_seed=int(rng.integers(2**31)),
        gains={part: near(0.0, 1.2) for part in PARTS},
        tilt=near(0.0, 0.7),
        bass={
            "attack": between(0.004, 0.012),
            "decay": between(0.6, 3.0),
            "even": between(0.3, 1.0),
        },
        other={**other, "arpeggio": between(0.0, 0.7), "pan": between(-0.4, 0.4)},
        kit={
            "kick": between(45, 62),
            "kick_decay": between(9, 18),
            "snare": between(165, 230),
            "snare_decay": between(14, 28),
            "hat_decay": between(35, 80),
            "pan": between(-0.4, 0.4),
        },
        voice={
            # A shorter vocal tract raises all formants, and sings higher.
            "tract": between(0.94, 1.2),
            "vibrato_rate": between(4.8, 6.6),
            "vibrato_depth": between(15, 45),
            "breath": between(0.02, 0.08),
            "pan": between(-0.1, 0.1),
        },
    )
