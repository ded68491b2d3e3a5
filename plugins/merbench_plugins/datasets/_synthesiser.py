"""Renders the demo dataset's scores: four stems from wavetables, noise and one small room.

NumPy only, and fast, since a clip is rendered anew wherever it is needed.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, lru_cache

import numpy as np
from numpy.typing import NDArray

from merbench_plugins.datasets._score import DRUMS, PARTS, Note, Score

__all__ = ["render"]

Samples = NDArray[np.float32]

TABLE = 2048
"""Samples in one period of a wavetable."""

PEAK = 0.97
"""No mix goes above it; a louder one is turned down as a whole."""

# Formants F1 to F4 in Hz of five sung vowels, and their levels in dB; bandwidths grow with them.
VOWELS = {
    "a": ((700, 1150, 2700, 3500), (0, -5, -20, -28)),
    "e": ((450, 1850, 2550, 3450), (0, -11, -16, -26)),
    "i": ((300, 2200, 2950, 3500), (0, -18, -20, -28)),
    "o": ((430, 820, 2650, 3400), (0, -9, -26, -32)),
    "u": ((340, 720, 2500, 3400), (0, -16, -32, -36)),
}
BANDWIDTHS = (80, 100, 130, 160)


def render(score: Score) -> dict[str, Samples]:
    """Render a score.

    Returns
    -------
    dict
        Stem by part, in canonical order, each (2, samples) float32. Their sum is the mix, and has
        the score's level unless it would peak above 0.97.
    """
    players: dict[str, Callable[[Score], Samples]] = {
        "bass": _bass,
        "drums": _drums,
        "other": _other,
        "vocals": _vocals,
    }
    artist = score.artist
    room = _room(artist.room_seed, artist.room, artist.reverb, score.sample_rate, _length(score))
    stems = {}
    for part in PARTS:
        if score.parts[part]:
            stems[part] = players[part](score)
            stems[part] *= _amplitude(BALANCE[part] + artist.gains[part])
            if part != "bass":
                stems[part] += room(stems[part])
        else:
            stems[part] = np.zeros((2, _length(score)), np.float32)
    return _mastered(score, stems)


BALANCE = {"bass": 1.0, "drums": 6.5, "other": 0.0, "vocals": 1.0}
"""dB of each part, so that parts of like velocity are about equally loud."""


def _length(score: Score) -> int:
    return round(score.seconds * score.sample_rate)


def _sum(sounds: list[Samples]) -> Samples:
    total = sounds[0].copy()
    for sound in sounds[1:]:
        total += sound
    return total


def _amplitude(decibels: float) -> np.float32:
    return np.float32(10 ** (decibels / 20))


def _mastered(score: Score, stems: dict[str, Samples]) -> dict[str, Samples]:
    """Bring the mix to its level, and its ends to silence: a clip is cut out of a longer piece."""
    mix = _sum([stems[part] for part in PARTS])
    level = np.sqrt(np.mean(mix * mix, dtype=np.float64))
    gain = min(_amplitude(score.level) / level, PEAK / np.abs(mix).max())
    fade = max(1, round(0.01 * score.sample_rate))
    envelope = np.full(mix.shape[1], gain, np.float32)
    ramp = np.linspace(0, 1, fade, dtype=np.float32)
    envelope[:fade] *= ramp
    envelope[-fade:] *= ramp[::-1]
    return {part: stem * envelope for part, stem in stems.items()}


# --- tones -------------------------------------------------------------------------------------


def _frequency(score: Score, pitch: float) -> float:
    return 440.0 * 2 ** ((pitch - 69 + score.artist.tuning / 100) / 12)


def _harmonics(frequency: float, sample_rate: int) -> NDArray[np.int64]:
    """Return numbers of the harmonics that fit below the Nyquist frequency, 60 at most."""
    count = min(60, int(0.45 * sample_rate / frequency))
    return np.arange(1, 1 + max(1, count), dtype=np.int64)


def _wavetable(amplitudes: NDArray[np.float64]) -> Samples:
    """Return one period, of unit power, of a tone whose harmonics have these amplitudes."""
    number = np.arange(1, len(amplitudes) + 1)
    spectrum = np.zeros(TABLE // 2 + 1, complex)
    # Schroeder's phases keep the crest factor low.
    spectrum[number] = amplitudes * np.exp(-1j * np.pi * number * (number - 1) / len(number))
    period = np.fft.irfft(spectrum)
    period /= np.sqrt(np.mean(period**2))
    return np.append(period, period[0]).astype(np.float32)


def _read(table: Samples, cycles: NDArray[np.float64]) -> Samples:
    """Read a wavetable at a phase in cycles, interpolating linearly."""
    position = cycles * TABLE
    whole = position.astype(np.int32)
    fraction = (position - whole).astype(np.float32)
    whole &= TABLE - 1
    low = table.take(whole)
    high = table.take(whole + 1)
    return low + fraction * (high - low)


def _slope(score: Score) -> float:
    """Return how fast harmonics fall off: a bright timbre and a strong touch keep more of them."""
    cues = score.cues
    return 1.5 - 0.45 * cues["brightness"] - 0.25 * cues["loudness"] - score.artist.tilt / 6.02


def _envelope(score: Score, samples: int, attack: float, decay: float, release: float) -> Samples:
    """Return a note's envelope, which begins and ends at 0."""
    seconds = np.arange(samples, dtype=np.float32) / np.float32(score.sample_rate)
    rise = np.minimum(seconds / np.float32(attack), 1)
    fall = np.minimum(seconds[::-1] / np.float32(release), 1)
    envelope: Samples = rise * fall * np.exp(np.float32(-decay) * seconds)
    return envelope


def _play(
    score: Score,
    notes: tuple[Note, ...],
    instrument: dict[str, float],
    *,
    softening: float,
    steeper: float = 0.0,
) -> Samples:
    """Play notes on a pitched instrument, one channel.

    Its tone is bright at the onset and loses its upper harmonics at the rate `softening`, in 1/s;
    a dull instrument's fall off steeper by the power `steeper`.
    """
    rate = score.sample_rate
    release = 0.08 - 0.06 * score.cues["articulation"]
    slope = _slope(score) + steeper
    out = np.zeros(_length(score), np.float32)

    @cache
    def tables(pitch: float) -> tuple[Samples, Samples]:
        number = _harmonics(_frequency(score, pitch), rate)
        even = np.where(number % 2 == 0, instrument["even"], 1.0)
        bright, dark = (even * number**-steep for steep in (slope, slope + 0.9))
        return _wavetable(bright), _wavetable(dark)

    for onset, duration, pitch, velocity in notes:
        start = round(onset * rate)
        samples = min(max(round((duration + release) * rate), round(0.04 * rate)), len(out) - start)
        bright, dark = tables(pitch)
        envelope = _envelope(score, samples, instrument["attack"], instrument["decay"], release)
        seconds = np.arange(samples) / rate
        cycles = _frequency(score, pitch) * seconds
        tone = _read(dark, cycles)
        tone += np.exp(np.float32(-softening) * seconds.astype(np.float32)) * (
            _read(bright, cycles) - tone
        )
        if instrument.get("detune"):
            tone += _read(dark, cycles * 2 ** (instrument["detune"] / 1200))
            tone *= np.float32(0.7)
        out[start : start + samples] += np.float32(velocity) * envelope * tone
    return out


def _panned(mono: Samples, pan: float) -> Samples:
    """Place one channel between left (-1) and right (1) at constant power."""
    angle = (1 + pan) * np.pi / 4
    return np.array([[np.cos(angle)], [np.sin(angle)]], np.float32) * mono


def _bass(score: Score) -> Samples:
    bass = _play(score, score.parts["bass"], score.artist.bass, softening=6.0, steeper=0.4)
    return _panned(bass, 0.0)


def _other(score: Score) -> Samples:
    instrument = score.artist.other
    softening = 4.0 if instrument["decay"] else 0.5
    return _panned(
        _play(score, score.parts["other"], instrument, softening=softening), instrument["pan"]
    )


# --- voice -------------------------------------------------------------------------------------


def _vocals(score: Score) -> Samples:
    """Sing: a glottal spectrum through the formants of a vowel that turns into another."""
    rate = score.sample_rate
    voice = score.artist.voice
    notes = score.parts["vocals"]
    rng = np.random.default_rng([score.seed, PARTS.index("vocals")])
    cycles = _sung_phase(score, notes)
    noise = rng.standard_normal(_length(score), dtype=np.float32)
    hiss = np.diff(noise, prepend=noise[:1])
    slope = _slope(score) - 0.3
    attack = 0.045 - 0.025 * score.cues["articulation"]
    out = np.zeros(_length(score), np.float32)

    @cache
    def table(pitch: float, vowel: str) -> Samples:
        frequency = _frequency(score, pitch)
        number = _harmonics(frequency, rate)
        return _wavetable(_formants(number * frequency, vowel, voice["tract"]) * number**-slope)

    vowels = rng.choice(list(VOWELS), len(notes) + 1)
    consonants = rng.random(len(notes)) < 0.4
    for number, (onset, duration, pitch, velocity) in enumerate(notes):
        start = round(onset * rate)
        samples = min(max(round(duration * rate), round(0.07 * rate)), len(out) - start)
        heard = slice(start, start + samples)
        first, second = (table(pitch, vowel) for vowel in vowels[number : number + 2])
        tone = _read(first, cycles[heard])
        turn = np.linspace(0, 1, samples, dtype=np.float32) ** 2
        tone += turn * (_read(second, cycles[heard]) - tone)
        tone += np.float32(voice["breath"]) * noise[heard]
        out[heard] += np.float32(velocity) * _envelope(score, samples, attack, 0.2, 0.05) * tone
        if consonants[number]:
            burst = slice(start, start + min(round(0.05 * rate), samples))
            shape = np.hanning(burst.stop - burst.start).astype(np.float32)
            out[burst] += np.float32(0.15 * velocity) * shape * hiss[burst]
    return _panned(out, voice["pan"])


def _sung_phase(score: Score, notes: tuple[Note, ...]) -> NDArray[np.float64]:
    """Return the voice's phase in cycles: it glides from note to note and trembles on each."""
    rate = score.sample_rate
    voice = score.artist.voice
    onsets = np.array([round(note[0] * rate) for note in notes])
    pitches = np.array([note[2] for note in notes])
    lengths = np.diff(onsets, append=_length(score))
    lengths[0] += onsets[0]
    since = (np.arange(_length(score)) - np.repeat(onsets, lengths)) / rate
    since = np.maximum(since, 0).astype(np.float32)
    falling = -np.diff(pitches, prepend=pitches[0])
    glide = np.repeat(falling, lengths) * np.exp(since / np.float32(-0.025))
    trembling = np.float32(voice["vibrato_depth"] / 100) * np.minimum(since / np.float32(0.3), 1)
    vibrato = trembling * np.sin(np.float32(2 * np.pi * voice["vibrato_rate"]) * since)
    pitch = np.repeat(pitches, lengths) + glide + vibrato
    return np.cumsum(_frequency(score, 69) * 2 ** ((pitch - 69) / 12)) / rate


def _formants(frequencies: NDArray[np.floating], vowel: str, tract: float) -> NDArray[np.float64]:
    """Return a vowel's gain at some frequencies: resonances side by side."""
    gain = np.zeros(len(frequencies))
    for centre, level, width in zip(*VOWELS[vowel], BANDWIDTHS, strict=True):
        distance = (frequencies - tract * centre) / (tract * width)
        gain += 10 ** (level / 20) / np.sqrt(1 + 4 * distance**2)
    return gain


# --- drums -------------------------------------------------------------------------------------


def _drums(score: Score) -> Samples:
    """Strike the kit: each stroke a decaying sound, its noise never twice the same."""
    rate = score.sample_rate
    kit = score.artist.kit
    rng = np.random.default_rng([score.seed, PARTS.index("drums")])
    noise = rng.standard_normal(rate, dtype=np.float32)
    high = np.diff(noise, n=2, prepend=noise[:2]) * np.float32(0.35)
    seconds = np.arange(round(0.5 * rate)) / rate
    taper = 1 - seconds / 0.5
    bodies = {
        "kick": _kick(seconds, kit["kick"], kit["kick_decay"]),
        "snare": 0.5 * _swing(seconds * kit["snare"], seconds, 1.3 * kit["snare_decay"]),
    }
    bodies = {drum: (taper * body).astype(np.float32) for drum, body in bodies.items()}
    # Softly struck drums are duller, above all the snare's wires and the hats.
    wires = 0.5 + 0.15 * score.cues["loudness"] + 0.15 * score.cues["brightness"]
    rattles = {
        "kick": (high, 0.05, 120.0),
        "snare": (noise, 0.45 * wires, kit["snare_decay"]),
        "hat": (high, 0.8 * wires, kit["hat_decay"]),
        "open hat": (high, 0.7 * wires, 9.0),
    }
    pans = {"kick": 0.0, "snare": 0.3 * kit["pan"], "hat": kit["pan"], "open hat": kit["pan"]}
    shapes = {
        drum: (level * taper * np.exp(-decay * seconds)).astype(np.float32)
        for drum, (_, level, decay) in rattles.items()
    }
    channels = {drum: np.zeros(_length(score), np.float32) for drum in DRUMS}
    offsets = rng.integers(0, len(noise) - len(seconds), len(score.parts["drums"]))
    for (onset, _, drum, velocity), offset in zip(score.parts["drums"], offsets, strict=True):
        name = DRUMS[int(drum)]
        start = round(onset * rate)
        heard = channels[name][start : start + len(seconds)]
        stroke = rattles[name][0][offset : offset + len(heard)] * shapes[name][: len(heard)]
        if name in bodies:
            stroke += bodies[name][: len(heard)]
        heard += np.float32(velocity) * stroke
    return _sum([_panned(channels[name], pans[name]) for name in DRUMS])


def _kick(seconds: NDArray[np.float64], frequency: float, decay: float) -> NDArray[np.float64]:
    """Return a kick drum: its pitch falls from four times to once its frequency."""
    fall = 0.025
    cycles = frequency * (seconds + 3 * fall * (1 - np.exp(-seconds / fall)))
    return np.minimum(seconds / 0.002, 1) * _swing(cycles, seconds, decay)


def _swing(
    cycles: NDArray[np.float64], seconds: NDArray[np.float64], decay: float
) -> NDArray[np.float64]:
    """Return a membrane's oscillation, which decays at the rate `decay`, in 1/s."""
    oscillation: NDArray[np.float64] = np.exp(-decay * seconds) * np.sin(2 * np.pi * cycles)
    return oscillation


# --- room --------------------------------------------------------------------------------------


@lru_cache(maxsize=2)
def _room(
    seed: int, decay: float, reverb: float, sample_rate: int, length: int
) -> Callable[[Samples], Samples]:
    """Return a reverberation: convolution with exponentially decaying noise, a channel each."""
    tail = round(decay * sample_rate)
    size = _fast_size(length + tail)
    noise = np.random.default_rng(seed).standard_normal((2, tail))
    noise *= np.exp(-6.9 * np.arange(tail) / tail)
    noise /= np.sqrt(np.sum(noise**2, axis=1, keepdims=True))
    response = np.fft.rfft(noise.astype(np.float32), size)
    # Walls and air swallow the highs.
    response /= 1 + (np.fft.rfftfreq(size, 1 / sample_rate) / 3000) ** 2
    response = (reverb * response).astype(np.complex64)

    def reverberate(stem: Samples) -> Samples:
        sent = np.fft.rfft(stem[0] + stem[1], size)
        return np.fft.irfft(sent * response, size)[:, :length].astype(np.float32)

    return reverberate


def _fast_size(least: int) -> int:
    """Return the least length of at least `least` that is 2, 3 and 5 multiplied, for the FFT."""
    best = 1 << (least - 1).bit_length()
    five = 1
    while five < best:
        three = five
        while three < best:
            rest = -(-least // three)
            best = min(best, three << max(0, rest - 1).bit_length())
            three *= 3
        five *= 5
    return best
