"""A piece with other instruments, in another key and tempo, so that fewer pieces teach more."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["BASS_PROGRAMS", "VOICE_PROGRAMS", "revoice"]

BASS_PROGRAMS = range(32, 40)
VOICE_PROGRAMS = (52, 53, 54, 85)
"""Choirs and synthetic voices (counted from 0)."""

_STAND_INS = [p for p in range(96) if p not in (*BASS_PROGRAMS, *VOICE_PROGRAMS, 55, 91)]
"""What may play in another's place: neither effects nor the families from 97 on (counted from 1),
nor the orchestra hit and the choir pad."""

_FAMILY = 8
_KINDRED = 0.6
_SEMITONES = 5
_SPEEDS = (0.85, 1.18)
_LOUDNESS = (0.75, 1.15)
_LAST_PITCH = 127


def revoice(score: Any, rng: np.random.Generator) -> None:
    """Change a score: what is bass, drums or other stays so, by which instrument does not.

    Each program is replaced by another one, the same wherever it occurs: a bass by a bass, any
    other by one that is neither bass nor voice, which in three of five cases is drawn from its own
    family of eight (pianos, guitars, …) where that has another. Notes of all instruments but drums
    move by one to five semitones, up or down. All times are multiplied by 0.85 to 1.18, and each
    instrument's velocities by 0.75 to 1.15.

    Parameters
    ----------
    score
        A `pretty_midi.PrettyMIDI`, of which the instruments are changed in place.
    rng
        All chance comes from it.
    """
    melodic = [i for i in score.instruments if not i.is_drum]
    programs = {p: _another(p, rng) for p in sorted({i.program for i in melodic})}
    shift = int(rng.integers(1, _SEMITONES + 1)) * (1 if rng.random() < 0.5 else -1)
    for instrument in melodic:
        instrument.program = programs[instrument.program]
        for note in instrument.notes:
            note.pitch = min(_LAST_PITCH, max(0, note.pitch + shift))
    slower = rng.uniform(*_SPEEDS)
    for instrument in score.instruments:
        gain = rng.uniform(*_LOUDNESS)
        for note in instrument.notes:
            note.velocity = int(np.clip(note.velocity * gain, 1, _LAST_PITCH))
            note.start, note.end = note.start * slower, note.end * slower
        # Volume, panning and bends go with the notes that they were meant for.
        for event in (*instrument.control_changes, *instrument.pitch_bends):
            event.time *= slower


def _another(program: int, rng: np.random.Generator) -> int:
    if program in VOICE_PROGRAMS:
        return program
    if program in BASS_PROGRAMS:
        return int(rng.choice([p for p in BASS_PROGRAMS if p != program]))
    stand_ins = [p for p in _STAND_INS if p != program]
    kin = [p for p in stand_ins if p // _FAMILY == program // _FAMILY]
    return int(rng.choice(kin if kin and rng.random() < _KINDRED else stand_ins))
