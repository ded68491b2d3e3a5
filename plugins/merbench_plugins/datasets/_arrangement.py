"""The four parts of a demo clip: notes on a grid of sixteenths, over a progression of chords."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from merbench_plugins.datasets._cues import Cues, Mode
from merbench_plugins.datasets._score import Artist, Note

__all__ = ["Beat", "Harmony", "accompaniment", "bass_line", "drum_pattern", "melody"]


class Beat:
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


class Harmony:
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
    rng: np.random.Generator, beat: Beat, harmony: Harmony, cues: Cues
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


def drum_pattern(rng: np.random.Generator, beat: Beat, cues: Cues) -> tuple[Note, ...]:
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
    rng: np.random.Generator, beat: Beat, harmony: Harmony, cues: Cues, artist: Artist
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
    rng: np.random.Generator, beat: Beat, harmony: Harmony, cues: Cues, artist: Artist
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
