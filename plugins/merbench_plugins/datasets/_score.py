"""A clip of the demo dataset as it is written down: who plays which note when, and on what.

Nothing here is sound: `_synthesiser` renders a score.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from merbench.identity import canonical, digest

__all__ = ["DRUMS", "PARTS", "Artist", "Note", "Score"]

PARTS = ("bass", "drums", "other", "vocals")
FORMAT = "merbench-demo-score"

Note = tuple[float, float, float, float]
"""Onset in s, duration in s, pitch as a MIDI number (for drums an index of `DRUMS`), velocity."""

DRUMS = ("kick", "snare", "hat", "open hat")


@dataclass(frozen=True)
class Artist:
    """What the clips of one fictitious artist share: instruments, voice, kit, room and mix."""

    name: str
    energy: float
    pleasantness: float
    """Where the artist's clips lean, beside what each is about."""
    tuning: float
    """Cents above A = 440 Hz."""
    mastering: float
    """dB above the level that the loudness cue asks for."""
    swing: float
    """Delay of every second sixteenth, in sixteenths."""
    reverb: float
    """Share of the reverberant sound."""
    room: float
    """Seconds in which the reverberation decays by 60 dB."""
    room_seed: int
    gains: dict[str, float]
    """dB for each part."""
    tilt: float
    """dB an octave added to every instrument's spectrum: the production's colour."""
    bass: dict[str, float]
    other: dict[str, float]
    kit: dict[str, float]
    voice: dict[str, float]


@dataclass(frozen=True)
class Score:
    """One clip, ready to be rendered."""

    clip: str
    artist: Artist
    cues: dict[str, float]
    mode: str
    tonic: int
    """Pitch class, C = 0."""
    bpm: float
    level: float
    """Root mean square of the mix in dB, full scale being 0."""
    seconds: float
    sample_rate: int
    seed: int
    """All chance in rendering comes from it."""
    parts: dict[str, tuple[Note, ...]]
    """Notes by part, in order of onset. A part without notes is a silent stem."""

    def dumps(self) -> str:
        """Return canonical JSON, which ends in a checksum of itself."""
        body = {
            "format": FORMAT,
            "notice": "Synthetic: composed and rated by a program, part of merbench's demo dataset",
            **vars(self),
            "artist": vars(self.artist),
        }
        return canonical(body | {"sha256": digest(body)}).decode() + "\n"

    @classmethod
    def loads(cls, text: str) -> Score:
        """Read what `dumps` wrote; raise ValueError, saying why, if it is anything else."""
        try:
            body: Any = json.loads(text)
        except json.JSONDecodeError as error:
            raise ValueError(f"no JSON: {error}") from error
        if not isinstance(body, dict) or body.get("format") != FORMAT:
            raise ValueError(f"not of the format {FORMAT}")
        if body.pop("sha256", None) != digest(body):
            raise ValueError("its content does not match its checksum")
        del body["format"], body["notice"]
        parts = {part: tuple(map(tuple, notes)) for part, notes in body["parts"].items()}
        try:
            return cls(**{**body, "artist": Artist(**body["artist"]), "parts": parts})
        except TypeError as error:
            raise ValueError("it is of another version of merbench") from error
