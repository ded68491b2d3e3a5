"""A piece with other instruments, in another key and tempo, so that fewer pieces teach more."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["BASS_PROGRAMS", "VOICE_PROGRAMS", "revoice"]

BASS_PROGRAMS = range(32, 40)
VOICE_PROGRAMS = (52, 53, 54, 85)
"""Choirs and synthetic voices (counted from 0)."""

_MELODIC = [p for p in range(96) if p not in (*BASS_PROGRAMS, *VOICE_PROGRAMS)]
"""General MIDI's instruments but effects, percussion and those from outside Europe."""

_FAMILY = 8
_KINDRED = 0.6
_SEMITONES = 5
_SPEEDS = (0.85, 1.18)
_LOUDNESS = (0.75, 1.15)
_LAST_PITCH = 127


def revoice(score: Any, rng: np.random.Generator) -> None:
    """Change a score: what is bass, drums or other stays so, by which instrument does not.

    A program becomes the same other one wherever it occurs. In three of five cases that is one of
    its family of eight (pianos, guitars, …), a bass always another bass. Notes of all instruments
    but drums move by up to five semitones; tempo changes by up to a sixth, and loudness by
    instrument.

    Parameters
    ----------
    score
        A `pretty_midi.PrettyMIDI`, changed in place.
    rng
        All chance comes from it.
    """
    others = [i for i in score.instruments if not i.is_drum]
    programs = {p: _another(p, rng) for p in sorted({i.program for i in others})}
    shift = int(rng.integers(-_SEMITONES, _SEMITONES + 1))
    for instrument in others:
        instrument.program = programs[instrument.program]
        for note in instrument.notes:
            note.pitch = min(_LAST_PITCH, max(0, note.pitch + shift))
    for instrument in score.instruments:
        gain = rng.uniform(*_LOUDNESS)
        for note in instrument.notes:
            note.velocity = int(np.clip(note.velocity * gain, 1, _LAST_PITCH))
    end = max(score.get_end_time(), 1.0)
    score.adjust_times([0.0, end], [0.0, end * rng.uniform(*_SPEEDS)])


def _another(program: int, rng: np.random.Generator) -> int:
    if program in VOICE_PROGRAMS:
        return program
    if program in BASS_PROGRAMS:
        return int(rng.choice(BASS_PROGRAMS))
    first = program - program % _FAMILY
    kin = [p for p in _MELODIC if first <= p < first + _FAMILY]
    return int(rng.choice(kin if kin and rng.random() < _KINDRED else _MELODIC))
