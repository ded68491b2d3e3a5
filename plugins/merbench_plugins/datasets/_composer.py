"""Composes the demo dataset's clips: cues, then a score for four parts that plays them.

Nothing here is sound. A score says who plays which note when, how loud, and on what instrument;
`_synthesiser` renders it and `_raters` rates its cues. All chance comes from the dataset's seed.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["MODES", "PARTS", "Artist", "Cues", "Score", "compose", "generator"]

PARTS = ("bass", "drums", "other", "vocals")
FORMAT = "merbench-demo-score"

Note = tuple[float, float, float, float]
"""Onset in s, duration in s, pitch as a MIDI number (for drums an index of `DRUMS`), velocity."""

DRUMS = ("kick", "snare", "hat", "open hat")


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


# Musicians express one character by several cues at once, none of them reliably (Juslin 2000).
# How far a clip's intended energy and pleasantness show in each cue:
ENERGY = Cues(0.0, 0.60, 0.60, 0.40, 0.10, 0.55, 0.45)
PLEASANTNESS = Cues(0.70, 0.30, 0.0, 0.40, 0.45, 0.10, 0.30)


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
        return canonical_parameters(body | {"sha256": _checksum(body)}) + "\n"

    @classmethod
    def loads(cls, text: str) -> Score:
        """Read what `dumps` wrote; raise ValueError, saying why, if it is anything else."""
        try:
            body: Any = json.loads(text)
        except json.JSONDecodeError as error:
            raise ValueError(f"no JSON: {error}") from error
        if not isinstance(body, dict) or body.get("format") != FORMAT:
            raise ValueError(f"not of the format {FORMAT}")
        if body.pop("sha256", None) != _checksum(body):
            raise ValueError("its content does not match its checksum")
        del body["format"], body["notice"]
        parts = {part: tuple(map(tuple, notes)) for part, notes in body["parts"].items()}
        try:
            return cls(**{**body, "artist": Artist(**body["artist"]), "parts": parts})
        except TypeError as error:
            raise ValueError("it is of another version of merbench") from error


def canonical_parameters(body: dict[str, Any]) -> str:
    return json.dumps(body, sort_keys=True, separators=(",", ":"), allow_nan=False)


def _checksum(body: dict[str, Any]) -> str:
    return hashlib.sha256(canonical_parameters(body).encode()).hexdigest()


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
    beat = _Beat(rng, bpm, seconds, artist.swing)
    harmony = _Harmony(rng, MODES[mode], tonic, steps_per_chord=8 if bpm < 105 else 16)
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


class _Beat:
    """The grid of sixteenths on which all parts play."""

    def __init__(self, rng: np.random.Generator, bpm: float, seconds: float, swing: float) -> None:
        self.rng = rng
        self.step = 15.0 / bpm
        self.seconds = seconds
        self.swing = swing
        self.steps = int(np.ceil(seconds / self.step))

    def rhythm(self, liveliness: float) -> NDArray[np.int64]:
        """Draw the steps on which a part plays: the stronger a step, the likelier.

        A step's strength is 4 at the bar line, 3 at its half, 2 on the beat, 1 between two beats
        and 0 between two eighths. Liveliness, near [-1, 1], sets which strength is even odds.
        """
        steps = np.arange(self.steps)
        strength = sum((steps % division == 0).astype(float) for division in (2, 4, 8, 16))
        odds = np.exp(3.0 * (strength - 1.6 + 1.3 * liveliness))
        chosen = self.rng.random(self.steps) < odds / (1 + odds)
        # One bar's rhythm is repeated, which is what makes it a pattern.
        pattern = chosen[:16]
        pattern[0] = True
        return np.flatnonzero(np.resize(pattern, self.steps))

    def note(self, step: int, steps: float, pitch: float, velocity: float) -> Note:
        """Place a note, as late, early, loud and soft as a human would."""
        late = self.rng.normal(0, 0.005) + (self.swing * self.step if step % 2 else 0.0)
        onset = max(0.0, step * self.step + late)
        heard = velocity * (1 + self.rng.normal(0, 0.07)) * (1.0 if step % 4 else 1.15)
        return (
            round(float(onset), 4),
            round(float(steps * self.step), 4),
            round(float(pitch), 2),
            round(float(min(max(heard, 0.05), 1.5)), 3),
        )

    def in_time(self, notes: list[Note]) -> tuple[Note, ...]:
        """Return the notes that begin before the clip ends, in order."""
        return tuple(sorted(note for note in notes if note[0] < self.seconds - 0.03))


class _Harmony:
    """Which chord sounds at which step."""

    def __init__(
        self, rng: np.random.Generator, mode: Mode, tonic: int, steps_per_chord: int
    ) -> None:
        self.scale = mode.scale
        self.tonic = tonic
        self.steps_per_chord = steps_per_chord
        self.progression = mode.progressions[int(rng.integers(len(mode.progressions)))]

    def root(self, step: int) -> int:
        """Scale degree of the chord at a step."""
        return self.progression[step // self.steps_per_chord % len(self.progression)]

    def pitch(self, degree: int) -> int:
        """Semitones above C of a scale degree; degrees go on beyond the octave."""
        octave, place = divmod(degree, len(self.scale))
        return self.tonic + self.scale[place] + 12 * octave

    def near(self, degree: int, centre: float) -> int:
        """MIDI pitch of a scale degree in the octave nearest to a centre."""
        pitch = self.pitch(degree)
        return pitch + 12 * round((centre - pitch) / 12)

    def triad(self, step: int, centre: float) -> list[int]:
        """MIDI pitches of the chord at a step, each as near to the centre as can be."""
        root = self.root(step)
        return sorted(self.near(root + third, centre) for third in (0, 2, 4))


def _held(articulation: float) -> float:
    """Return the share of its time for which a note sounds: 0.35 staccato to 0.97 legato."""
    return 0.66 - 0.31 * articulation


def _gaps(steps: NDArray[np.int64], end: int) -> NDArray[np.int64]:
    return np.diff(steps, append=end)


def bass_line(
    rng: np.random.Generator, beat: _Beat, harmony: _Harmony, cues: Cues
) -> tuple[Note, ...]:
    """Roots where a chord begins or the bar does, roots, fifths and octaves between."""
    centre = 38 + 4 * cues.register
    changes = np.arange(0, beat.steps, harmony.steps_per_chord)
    steps = np.union1d(beat.rhythm(cues.density - 0.2), changes)
    notes = []
    for step, gap in zip(steps, _gaps(steps, beat.steps), strict=True):
        pitch = harmony.near(harmony.root(int(step)), centre)
        if step % 8:
            pitch += int(rng.choice((0, 0, 7, 12)))
        notes.append(beat.note(int(step), min(gap, 8) * _held(cues.articulation), pitch, 0.8))
    return beat.in_time(notes)


def drum_pattern(rng: np.random.Generator, beat: _Beat, cues: Cues) -> tuple[Note, ...]:
    """Kick on the strong beats, snare on the weak ones, hats as dense as the cue."""
    interval = (8, 4, 2, 2, 1)[int(np.digitize(cues.density, (-0.6, -0.2, 0.3, 0.75)))]
    kicks = set(beat.rhythm(cues.density - 0.6)) | set(range(0, beat.steps, 16))
    snares = range(8 if cues.density < -0.4 else 4, beat.steps, 16 if cues.density < -0.4 else 8)
    notes = [beat.note(int(step), 1, 0, 0.95) for step in sorted(kicks)]
    notes += [beat.note(step, 1, 1, 0.8) for step in snares]
    if cues.density > 0:
        ghosts = np.flatnonzero(rng.random(beat.steps) < 0.12 * cues.density)
        notes += [beat.note(int(step), 1, 1, 0.25) for step in ghosts]
    opened = rng.random() < 0.5
    for step in range(0, beat.steps, interval):
        last = opened and step % 16 >= 16 - interval
        notes.append(beat.note(step, 1, 3 if last else 2, 0.55 if step % 4 == 0 else 0.4))
    return beat.in_time(notes)


def accompaniment(
    rng: np.random.Generator, beat: _Beat, harmony: _Harmony, cues: Cues, artist: Artist
) -> tuple[Note, ...]:
    """Chords, struck together or one note after another."""
    centre = 60 + 7 * cues.register
    arpeggio = rng.random() < artist.other["arpeggio"]
    changes = np.arange(0, beat.steps, harmony.steps_per_chord)
    steps = np.union1d(beat.rhythm(cues.density + (0.3 if arpeggio else -0.3)), changes)
    notes = []
    for number, (step, gap) in enumerate(zip(steps, _gaps(steps, beat.steps), strict=True)):
        chord = harmony.triad(int(step), centre)
        if arpeggio:
            chord = [(*chord, chord[0] + 12)[number % 4]]
        length = min(gap, 16) * _held(cues.articulation)
        velocity = 0.8 if arpeggio else 0.5
        notes += [beat.note(int(step), length, pitch, velocity) for pitch in chord]
    return beat.in_time(notes)


def melody(
    rng: np.random.Generator, beat: _Beat, harmony: _Harmony, cues: Cues, artist: Artist
) -> tuple[Note, ...]:
    """A sung line: chord notes on the beat, neighbours between, a breath between phrases."""
    centre = 60 + 6 * cues.register + 30 * (artist.voice["tract"] - 1.0)
    steps = beat.rhythm(0.8 * cues.density - 0.1)
    phrase = 32 if cues.tempo > 0 else 16
    breath = 0.8 * phrase
    degree = harmony.root(0)
    notes = []
    for step, gap in zip(steps, _gaps(steps, beat.steps), strict=True):
        if step % phrase > breath and rng.random() < 0.8:
            continue
        if step % 4 == 0:
            chord = [harmony.root(int(step)) + third for third in (0, 2, 4, 7, -3, -5)]
            degree = min(chord, key=lambda candidate: abs(candidate - degree) + rng.random())
        else:
            degree += int(rng.choice((-2, -1, -1, 0, 1, 1, 2)))
        pitch = harmony.near(degree, centre)
        length = min(gap, 12) * min(0.97, _held(cues.articulation) + 0.1)
        notes.append(beat.note(int(step), length, pitch, 0.75))
    return beat.in_time(notes)
