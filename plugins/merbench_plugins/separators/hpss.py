"""Separation without training: what hits, what hums low, and what does not repeat."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from pydantic import Field

from merbench import Cost, Separator
from merbench_plugins.papers import HPSS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import numpy as np
    from numpy.typing import NDArray

    from merbench.audio import Waveform

    Matrix = NDArray[np.float32]

WINDOW_SECONDS = 0.093
BASS_CUTOFF = 200.0
PERCUSSIVE_MARGIN = 1.0
MEDIAN_WIDTH = 31
"""Frames or bins over which what is steady, or what is broad, is told by the median."""

_LOW_PASS_ORDER = 4
_PERCUSSIVE_MASK_POWER = 2.0
_BACKGROUND_MASK_POWER = 2.0


class Hpss(Separator):
    """Harmonic-percussive separation and REPET-SIM, over librosa; nothing is trained.

    Percussive parts (Fitzgerald 2010, median filtering) are the drums. Of what remains, the low
    end is the bass. Above it, what stands out from the frames that sound most like it elsewhere in
    the clip (Rafii and Pardo 2012, REPET-SIM, as in librosa's example on vocal separation) is the
    vocals, and the rest is other. The four stems sum to the mixture.

    Masks are computed on the mean magnitude of the channels and applied to each, so that stems
    keep their place in the stereo image.
    """

    name = "hpss"
    citation, paper = HPSS
    typical_cost = Cost(seconds=1.5, megabytes=42.0)

    bass_cutoff: float = Field(
        BASS_CUTOFF,
        gt=0.0,
        description="Hz: what is not percussive and lies below is bass, above vocals or other "
        "(the response of a fourth-order Butterworth filter, without its delay).",
    )
    percussive_margin: float = Field(
        PERCUSSIVE_MARGIN,
        ge=1.0,
        description="How many times the harmonic part a percussive one must be to count as drums; "
        "1 and above.",
    )
    vocal_margin: float = Field(
        10.0,
        ge=1.0,
        description="How many times the repeating background the foreground must be to count as "
        "vocals; 1 and above.",
    )
    repeat_after: float = Field(
        2.0,
        gt=0.0,
        description="Seconds, at least, between a frame and those it is compared with, so that a "
        "held note is no repetition; less where a clip is too short for it.",
    )

    def separate(self, waveform: Waveform, sample_rate: int, *, device: str) -> dict[str, Waveform]:
        """Separate one clip.

        Parameters
        ----------
        waveform
            Shape (channels, samples), float32, of any length.
        sample_rate
            In Hz, any.
        device
            Not used.

        Returns
        -------
        dict
            One array of the waveform's shape for each of `stems`.
        """
        import librosa
        import numpy as np

        spectrum, magnitude, inverse = _transform(waveform, sample_rate)
        percussive = _percussive(magnitude, self.percussive_margin)
        low = _low(len(magnitude), sample_rate, self.bass_cutoff)
        background = self._background(magnitude, sample_rate)
        vocal = librosa.util.softmask(
            magnitude - background, self.vocal_margin * background, power=_BACKGROUND_MASK_POWER
        )
        bass = inverse(spectrum * (1 - percussive) * low)
        drums = inverse(spectrum * percussive)
        vocals = inverse(spectrum * (1 - percussive) * (1 - low) * vocal)
        other = waveform.astype(np.float32) - (bass + drums + vocals)
        return {"bass": bass, "drums": drums, "other": other, "vocals": vocals}

    def _background(self, magnitude: Matrix, sample_rate: int) -> Matrix:
        """Return what repeats: each frame's median over those most like it, at most itself."""
        import numpy as np

        frames = magnitude.shape[1]
        distance = round(self.repeat_after * sample_rate / _hop(sample_rate))
        # There must be frames far enough away from the middle one, too.
        distance = int(np.clip(distance, 1, (frames - 1) // 2 - 1))
        count = 2 * math.ceil(math.sqrt(frames - 2 * distance + 1))
        rows = np.ascontiguousarray(magnitude.T)
        background = np.empty_like(rows)
        for i, similar in enumerate(_most_similar(rows, count, distance)):
            # Sorting is several times as fast as np.median, which partitions.
            ordered = np.sort(np.ascontiguousarray(rows[similar].T))
            middle = len(similar) // 2
            background[i] = (ordered[:, middle] + ordered[:, ~middle]) / 2
        return np.minimum(rows, background).T


def _most_similar(rows: Matrix, count: int, distance: int) -> Iterator[NDArray[np.int64]]:
    """Yield, for each frame, those that are like it (by the cosine) and not too near.

    As in librosa's recurrence matrix: of the nearest `count + 2 * distance` the first `count` in
    time. Those most like it would be a poorer choice, as a voice is most like itself.
    """
    import numpy as np

    frames = len(rows)
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    unit = rows / np.where(norms > 0, norms, 1)
    cosines = unit @ unit.T
    np.fill_diagonal(cosines, -np.inf)
    for i, row in enumerate(cosines):
        nearest = np.sort(np.argsort(-row, kind="stable")[: min(frames - 1, count + 2 * distance)])
        yield nearest[abs(nearest - i) >= distance][:count]


def split_accompaniment(waveform: Waveform, sample_rate: int) -> dict[str, Waveform]:
    """Take apart an accompaniment, for separators that know only it and the vocals.

    Parameters
    ----------
    waveform
        Shape (channels, samples), float32: music without vocals.
    sample_rate
        In Hz.

    Returns
    -------
    dict
        bass, drums and other as `hpss` finds them with its defaults; they sum to the waveform.
    """
    spectrum, magnitude, inverse = _transform(waveform, sample_rate)
    percussive = _percussive(magnitude, PERCUSSIVE_MARGIN)
    low = _low(len(magnitude), sample_rate, BASS_CUTOFF)
    bass = inverse(spectrum * (1 - percussive) * low)
    drums = inverse(spectrum * percussive)
    return {"bass": bass, "drums": drums, "other": waveform - (bass + drums)}


def _frame(sample_rate: int) -> int:
    """Samples of a window: the power of two nearest to its length in seconds."""
    return int(2 ** round(math.log2(WINDOW_SECONDS * sample_rate)))


def _hop(sample_rate: int) -> int:
    return _frame(sample_rate) // 4


def _transform(
    waveform: Waveform, sample_rate: int
) -> tuple[NDArray[np.complex64], Matrix, Callable[[NDArray[np.complex64]], Waveform]]:
    """Return the spectrum, its magnitude over all channels, and the way back."""
    import librosa
    import numpy as np

    samples = waveform.shape[1]
    padded = np.pad(waveform, ((0, 0), (0, max(0, _frame(sample_rate) - samples))))
    spectrum = librosa.stft(padded, n_fft=_frame(sample_rate), hop_length=_hop(sample_rate))

    def inverse(masked: NDArray[np.complex64]) -> Waveform:
        stem = librosa.istft(
            masked, n_fft=_frame(sample_rate), hop_length=_hop(sample_rate), length=samples
        )
        return stem.astype(np.float32, copy=False)

    return spectrum, np.abs(spectrum).mean(axis=0), inverse


def _percussive(magnitude: Matrix, margin: float) -> Matrix:
    """Return the share of each bin that is percussive, on [0, 1]."""
    import librosa

    harmonic, percussive = _median(magnitude), _median(magnitude.T).T
    share: Matrix = librosa.util.softmask(
        percussive, harmonic * margin, power=_PERCUSSIVE_MASK_POWER, split_zeros=margin == 1.0
    )
    return share


def _median(rows: Matrix) -> Matrix:
    """Return the median of each value and its neighbours in its row, reflected at the ends."""
    import numpy as np
    from scipy import ndimage

    # In one dimension scipy has a far faster algorithm, so that the rows are laid end to end.
    reach = MEDIAN_WIDTH // 2
    padded = np.pad(rows, ((0, 0), (reach, reach)), mode="symmetric")
    filtered: Matrix = ndimage.median_filter(padded.ravel(), MEDIAN_WIDTH).reshape(padded.shape)
    return filtered[:, reach:-reach]


def _low(bins: int, sample_rate: int, cutoff: float) -> Matrix:
    """Return the share of each bin below a cutoff, shape (bins, 1), on [0, 1]."""
    import numpy as np

    frequencies = np.linspace(0, sample_rate / 2, bins)[:, None]
    share: Matrix = (1 / (1 + (frequencies / cutoff) ** (2 * _LOW_PASS_ORDER))).astype(np.float32)
    return share
