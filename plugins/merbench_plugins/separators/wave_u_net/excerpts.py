"""Drawing excerpts to train on: coherent or remixed across tracks, and augmented."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import scipy.fft
import soxr

from merbench_plugins.separators.wave_u_net import lossy
from merbench_plugins.separators.wave_u_net.multitracks import SOURCES, Part, Prepared

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from merbench_plugins.separators.wave_u_net.configuration import Frames

    Samples = NDArray[np.float32]

__all__ = ["Augmentations", "Batch", "Batches", "Excerpts", "Validation", "active"]

CHANNELS = 2
SUM = "sum"
"""Stands for all sources but one, where they are known in sum."""
_ACTIVE_SHARE = 10 ** (-25 / 20)
_AUDIBLE = 1e-3
_LOUDNESS = (10 ** (-32 / 20), 10 ** (-12 / 20))
_BANDS = 7
_LEVEL = 0.1
_SUMMED = 0.5
_TRIES = 8
_SILENT_SOURCE = 0.1
_PITCHED = 0.5
_MONO = 0.2
_DULL = 0.15
_DULL_CUTOFFS = (0.4, 0.95)
_GATE_STEP = 256


class Augmentations(NamedTuple):
    """How much excerpts are changed.

    Attributes
    ----------
    remix
        Share of excerpts whose parts come from different tracks.
    gain, equaliser, pan
        Greatest change in dB, up or down: of a part, of any of its bands, of either channel.
    pitch
        Greatest change in semitones, by resampling: the tempo goes with it.
    mp3
        Share of excerpts whose mixture is coded as MP3 and decoded. Their parts stay as they are,
        so that the network is asked for what was there before.
    """

    remix: float = 0.6
    gain: float = 6.0
    equaliser: float = 5.0
    pan: float = 3.0
    pitch: float = 2.0
    mp3: float = 0.0


class Batch(NamedTuple):
    """Excerpts of one length.

    Attributes
    ----------
    mix
        Shape (batch, channels, input frames).
    targets
        Shape (batch, parts, channels, output frames).
    members
        Shape (batch, parts, sources): 1 for the sources that a part is the sum of. A row without
        members is no part.
    """

    mix: Samples
    targets: Samples
    members: Samples


def active(levels: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Tell in which seconds each part of a track is heard, from the levels of its parts."""
    heard: NDArray[np.bool_] = levels > max(_AUDIBLE, _ACTIVE_SHARE * _loudness(levels))
    return heard


def _loudness(levels: NDArray[np.float32]) -> float:
    """Return the level of a track where it is loud."""
    whole = np.sqrt((levels**2).sum(axis=0))
    return float(np.percentile(whole, 90)) if whole.size else 0.0


def _has(part: Part, source: str) -> bool:
    return len(part) == len(SOURCES) - 1 if source == SUM else source in part


class Excerpts:
    """Draws from tracks as many different excerpts as one likes.

    Every excerpt has one source in the lead and begins where that source is heard; the collections
    that have it take turns evenly, however large each is. An accompaniment known in sum only may
    lead, too: with the vocals of its track or, where nobody sings, with none.

    Parameters
    ----------
    tracks
        Prepared music.
    frames
        Lengths of the network's input and output.
    sample_rate
        In Hz.
    augmentations
        How much excerpts are changed.
    leads
        How often sources, and `SUM`, are in the lead relative to each other; 1 where not named.
    """

    def __init__(
        self,
        tracks: Sequence[Prepared],
        frames: Frames,
        sample_rate: int,
        augmentations: Augmentations,
        leads: Mapping[str, float] = MappingProxyType({}),
    ) -> None:
        self._tracks = tracks
        self._frames = frames
        self._sample_rate = sample_rate
        self._augmentations = augmentations
        self._places = {source: self._index(source) for source in (*SOURCES, SUM)}
        self._sources = [source for source in SOURCES if self._places[source]]
        self._leads = [source for source in (*SOURCES, SUM) if self._places[source]]
        weights = np.array([leads.get(source, 1.0) for source in self._leads])
        self._weights = weights / weights.sum()
        self._gains = [_LEVEL / max(_loudness(track.levels), _AUDIBLE) for track in tracks]

    def draw(self, size: int, rng: np.random.Generator) -> Batch:
        """Draw excerpts; all chance comes from `rng`."""
        given, yielded = self._frames
        mix = np.zeros((size, CHANNELS, given), np.float32)
        targets = np.zeros((size, len(SOURCES), CHANNELS, yielded), np.float32)
        members = np.zeros((size, len(SOURCES), len(SOURCES)), np.float32)
        context = self._frames.context
        for i in range(size):
            parts = self._excerpt(rng)
            silent = [s for s in SOURCES if not any(s in part for part, _ in parts)]
            whole = np.sum([samples for _, samples in parts], axis=0)
            scale = _scale(whole, rng)
            mix[i] = self._coded(whole * scale, rng)
            for p, (part, samples) in enumerate(parts):
                targets[i, p] = samples[:, context : context + yielded] * scale
                members[i, p, [SOURCES.index(source) for source in part]] = 1
            for p, source in enumerate(silent, start=len(parts)):
                members[i, p, SOURCES.index(source)] = 1
        return Batch(mix, targets, members)

    def _index(self, source: str) -> list[NDArray[np.int64]]:
        """Return, for each collection with the source, tracks and seconds where it is heard.

        Where the source is known by itself anywhere, parts that it shares with others do not
        count: a sum that is right teaches little about what it is the sum of.
        """
        places: dict[bool, dict[int, list[tuple[int, int]]]] = {True: {}, False: {}}
        for number, track in enumerate(self._tracks):
            for part, heard in zip(track.parts, active(track.levels), strict=True):
                if _has(part, source) and heard.any():
                    found = places[part == (source,)].setdefault(track.collection, [])
                    found.extend((number, int(second)) for second in np.flatnonzero(heard))
        chosen = places[True] or places[False]
        return [np.array(found) for _, found in sorted(chosen.items())]

    def _place(self, source: str, rng: np.random.Generator) -> tuple[int, int]:
        """Draw a track and the sample where an excerpt with this source begins."""
        collections = self._places[source]
        number, second = rng.choice(collections[rng.integers(len(collections))])
        # The second is somewhere in the middle, which alone is looked at.
        inside = self._frames.context + int(rng.integers(self._frames.output))
        return int(number), int(second) * self._sample_rate - inside

    def _excerpt(self, rng: np.random.Generator) -> list[tuple[Part, Samples]]:
        excerpt = self._parts(rng)
        if self._augmentations.equaliser and rng.random() < _DULL:
            cutoff = float(rng.uniform(*_DULL_CUTOFFS))
            excerpt = [(part, _dulled(samples, cutoff)) for part, samples in excerpt]
        return excerpt

    def _coded(self, mix: Samples, rng: np.random.Generator) -> Samples:
        # Nothing is drawn where nothing is coded, so that such excerpts are those of a seed.
        if self._augmentations.mp3 == 0 or rng.random() >= self._augmentations.mp3:
            return mix
        return lossy.round_trip(mix, self._sample_rate, float(rng.uniform(*lossy.STRENGTHS)))

    def _parts(self, rng: np.random.Generator) -> list[tuple[Part, Samples]]:
        lead = str(rng.choice(self._leads, p=self._weights))
        number, start = self._place(lead, rng)
        parts = self._tracks[number].parts
        if rng.random() >= self._augmentations.remix:
            return self._take(number, parts, start, rng)
        excerpt = self._take(number, [p for p in parts if _has(p, lead)], start, rng)
        if lead != SUM and self._places[SUM] and rng.random() < _SUMMED:
            excerpt += self._fitting(SUM, excerpt, rng)
        for source in rng.permutation(self._sources):
            taken = any(source in part for part, _ in excerpt)
            if not taken and rng.random() >= _SILENT_SOURCE:
                excerpt += self._fitting(str(source), excerpt, rng)
        return excerpt

    def _fitting(
        self, source: str, excerpt: Sequence[tuple[Part, Samples]], rng: np.random.Generator
    ) -> list[tuple[Part, Samples]]:
        """Draw a part with a source and none of those that an excerpt has already."""
        taken = {other for part, _ in excerpt for other in part}
        for _ in range(_TRIES):
            number, start = self._place(source, rng)
            parts = [
                p for p in self._tracks[number].parts if _has(p, source) and not taken & set(p)
            ]
            if parts:
                return self._take(number, parts, start, rng)
        return []

    def _take(
        self, number: int, parts: Sequence[Part], start: int, rng: np.random.Generator
    ) -> list[tuple[Part, Samples]]:
        """Cut parts out of a track and change them; all by the same pitch, so that they fit."""
        track, gain = self._tracks[number], self._gains[number]
        wanted = self._frames.input
        pitch = self._augmentations.pitch
        pitched = pitch > 0 and rng.random() < _PITCHED
        speed = 2 ** (float(rng.uniform(-pitch, pitch)) / 12) if pitched else 1.0
        swapped = rng.random() < 0.5
        mono = self._augmentations.pan > 0 and rng.random() < _MONO
        taken = []
        for part, whole in self._stretch(track, start, int(np.ceil(wanted * speed)) + 1):
            if part not in parts:
                continue
            samples = gain * (whole.mean(axis=0, keepdims=True) if mono else whole)
            if speed != 1.0:
                rate = float(self._sample_rate)
                samples = soxr.resample(samples.T, rate * speed, rate, quality="LQ").T
            samples = np.broadcast_to(
                samples[:, :wanted], (CHANNELS, min(wanted, samples.shape[1]))
            )
            samples = np.pad(samples, ((0, 0), (0, wanted - samples.shape[1])))
            taken.append((part, self._changed(samples[::-1] if swapped else samples, rng)))
        return taken

    def _stretch(self, track: Prepared, start: int, length: int) -> list[tuple[Part, Samples]]:
        """Cut out all parts; a teacher's vocals count with the rest where it heard no voice."""
        cut = _cut(track.samples, start, length)
        if track.sung is not None:
            times = np.arange(start, start + length, _GATE_STEP) / self._sample_rate - 0.5
            gate = np.interp(times, np.arange(len(track.sung)), track.sung.astype(np.float32))
            place = track.parts.index(("vocals",))
            doubted = cut[place] * (1 - np.repeat(gate, _GATE_STEP)[:length].astype(np.float32))
            cut[place] -= doubted
            cut[place - 1 if place else 1] += doubted
        return list(zip(track.parts, cut, strict=True))

    def _changed(self, samples: Samples, rng: np.random.Generator) -> Samples:
        """Change a part's level, sides, sign and spectrum."""
        how = self._augmentations
        gains = rng.uniform(-how.gain, how.gain) + rng.uniform(-how.pan, how.pan, CHANNELS)
        sign = 1 if rng.random() < 0.5 else -1
        samples = samples * (sign * 10 ** (gains / 20))[:, None].astype(np.float32)
        if how.equaliser and rng.random() < 0.5:
            samples = _equalised(samples, rng.uniform(-how.equaliser, how.equaliser, _BANDS))
        return samples


def _cut(samples: NDArray[np.float16], start: int, length: int) -> Samples:
    """Cut a stretch out of what is known of a track; before and behind it is silence."""
    begin, end = max(0, start), min(samples.shape[-1], start + length)
    inner = samples[..., begin : max(begin, end)].astype(np.float32)
    missing = length - inner.shape[-1]
    before = min(begin - start, missing)
    return np.pad(inner, [(0, 0)] * (samples.ndim - 1) + [(before, missing - before)])


def _equalised(samples: Samples, decibels: NDArray[np.float64]) -> Samples:
    """Filter without delay; the bands' centres lie evenly by octaves, the last at the top."""
    # Silence is appended, since some lengths take many times as long to transform as others.
    length = scipy.fft.next_fast_len(samples.shape[-1], real=True)
    octaves = np.log2(np.maximum(1, np.arange(length // 2 + 1)) / (length // 2))
    curve = 10 ** (np.interp(octaves, np.arange(1 - len(decibels), 1), decibels) / 20)
    spectrum = scipy.fft.rfft(samples, length) * curve.astype(np.float32)
    filtered: Samples = scipy.fft.irfft(spectrum, length)[..., : samples.shape[-1]]
    return filtered


def _dulled(samples: Samples, cutoff: float) -> Samples:
    """Take away all above a share of the spectrum, as lossy compression does."""
    length = scipy.fft.next_fast_len(samples.shape[-1], real=True)
    spectrum = scipy.fft.rfft(samples, length)
    spectrum[..., int(cutoff * spectrum.shape[-1]) :] = 0
    dulled: Samples = scipy.fft.irfft(spectrum, length)[..., : samples.shape[-1]]
    return dulled


def _scale(mix: Samples, rng: np.random.Generator) -> float:
    """Return the factor that gives a mixture a level drawn evenly in dB."""
    low, high = np.log(_LOUDNESS)
    level = np.sqrt(np.mean(mix**2))
    return float(np.exp(rng.uniform(low, high)) / max(level, _AUDIBLE))


class Batches:
    """Draws each batch while the one before is learnt from.

    Parameters
    ----------
    excerpts
        What to draw from.
    size
        Excerpts a batch.
    rng
        Source of all chance.

    Attributes
    ----------
    state
        The generator's, before the batch that will be taken next.
    """

    def __init__(self, excerpts: Excerpts, size: int, rng: np.random.Generator) -> None:
        self.state: Any = rng.bit_generator.state
        self._excerpts = excerpts
        self._size = size
        self._rng = rng
        self._pool = ThreadPoolExecutor(1)
        self._drawn: Future[tuple[Batch, Any]] | None = None

    def take(self) -> Batch:
        """Return the next batch."""
        if self._drawn is None:
            self._rng.bit_generator.state = self.state
            self._drawn = self._pool.submit(self._draw)
        batch, self.state = self._drawn.result()
        self._drawn = self._pool.submit(self._draw)
        return batch

    def close(self) -> None:
        """Draw no more."""
        self._pool.shutdown(cancel_futures=True)

    def _draw(self) -> tuple[Batch, Any]:
        return self._excerpts.draw(self._size, self._rng), self._rng.bit_generator.state


class Validation(NamedTuple):
    """A fixed excerpt: its mixture, (channels, samples), and parts, (parts, channels, samples)."""

    track: str
    mix: Samples
    parts: tuple[Part, ...]
    targets: Samples

    @classmethod
    def excerpts(
        cls, tracks: Sequence[Prepared], seconds: int, sample_rate: int
    ) -> list[Validation]:
        """Return from each track the stretch in which most parts are heard, the first of such."""
        found = []
        for track in tracks:
            heard = active(track.levels).sum(axis=0)
            length = min(seconds, len(heard))
            start = int(np.argmax(np.convolve(heard, np.ones(length), "valid")))
            targets = _cut(track.samples, start * sample_rate, length * sample_rate)
            targets = np.repeat(targets, CHANNELS // targets.shape[1], axis=1)
            found.append(cls(track.name, targets.sum(axis=0), track.parts, targets))
        return found
