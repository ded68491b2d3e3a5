"""The fourteen librosa features of Chang 2024: as a sequence, flattened, and as statistics."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from merbench import AudioError, Cost, FeatureExtractor, FeatureKind
from merbench_plugins.features._frames import HOP_LENGTH
from merbench_plugins.features._librosa_rows import LOWEST_RATE, ROWS, extract_rows
from merbench_plugins.papers import LIBROSA

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from merbench.audio import Waveform

STATISTICS = (
    "mean",
    "std",
    "skewness",
    "quantile_10",
    "quantile_50",
    "quantile_90",
    "change_mean",
    "change_std",
)
"""What `librosa-14-stats` says of each row, in its order."""

_QUANTILES = (0.1, 0.5, 0.9)


class _Librosa14(FeatureExtractor):
    """What the forms of the fourteen features share: how their rows are computed."""

    source_modules = (
        "merbench_plugins.features._librosa_rows",
        "merbench_plugins.features._constant_q",
        "merbench_plugins.features._frames",
    )
    rows: ClassVar[tuple[str, ...]] = ROWS

    sample_rate: Literal[22_050, "native"] = Field(
        default=22_050,
        description="Rate in Hz that features are computed at: librosa's default, or native: each "
        "clip's own, as `librosa.load(sr=None)` has it. A frame is 2,048 samples every 512 at "
        "either, so that at 44,100 Hz there are twice as many, and mel bands reach to half the "
        "rate.",
    )

    def _rows(self, waveform: Waveform, sample_rate: int) -> NDArray[np.float32]:
        """Return the rows of one stem, shape (frames, 204)."""
        from merbench import audio

        audio.validate(waveform, self.name)
        if self.sample_rate != "native":
            return extract_rows(waveform, sample_rate, self.sample_rate)
        if sample_rate <= LOWEST_RATE:
            raise AudioError(
                f"{self.name}: audio of {sample_rate} Hz is too coarse for `sample_rate: native`, "
                f"which needs more than {LOWEST_RATE} Hz for spectral contrast; leave it at 22050"
            )
        return extract_rows(waveform, sample_rate, sample_rate)


class Librosa14(_Librosa14):
    """Fourteen librosa features a frame, 204 numbers: chromas, mel, MFCC, spectral shape, tempo.

    In this order: chroma_stft (12), chroma_cqt (12), chroma_vqt in five-limit just intonation
    (12), melspectrogram (128, power), mfcc (20), rms, spectral_centroid, spectral_bandwidth,
    spectral_contrast (7), spectral_flatness, spectral_rolloff, tonnetz (6), zero_crossing_rate and
    tempo (one number a clip, repeated in every frame). All at librosa's defaults, on the mean of
    the channels at 22,050 Hz, a frame every 512 samples: 1,292 frames for 30 s.

    The input of Chang 2024 is `{frames: 1295}`, and on MTG-Jamendo `{frames: 1000, sample_rate:
    native}`, which are the first 11.6 s at 44,100 Hz.
    Source: the notebooks that accompany Chang 2024 (arXiv 2405.06747); librosa 0.11.
    """

    name = "librosa-14"
    citation, paper = LIBROSA
    kind = FeatureKind.SEQUENCE
    typical_cost = Cost(seconds=0.15, megabytes=1.05)

    frames: int | None = Field(
        default=None,
        ge=1,
        description="Number of frames that clips are cut, or filled at their end, to: with zeros, "
        "and tempo goes on. None leaves each its own.",
    )

    def extract(self, waveform: Waveform, sample_rate: int, *, device: str) -> NDArray[np.float32]:
        """Compute the features of one stem.

        Parameters
        ----------
        waveform
            Shape (channels, samples), float32.
        sample_rate
            In Hz.
        device
            Not used.

        Returns
        -------
        ndarray
            Shape (frames, 204), float32; columns as `rows` names them.

        Raises
        ------
        AudioError
            The stem is not finite, or its power is more than single precision holds.
        """
        return _resized(self._rows(waveform, sample_rate), self.frames)

    def frame_rate(self, sample_rate: int, samples: int) -> float:
        """Return the frames a second: one every 512 samples."""
        rate = sample_rate if self.sample_rate == "native" else self.sample_rate
        return rate / HOP_LENGTH


class Librosa14Flat(_Librosa14):
    """The frames of `librosa-14` one after the other, as one vector: 264,180 numbers.

    Frame by frame, each frame's 204 numbers in the order of `librosa-14`. It is what Chang 2024
    gives classifiers that know no time; a position in it means another moment of the music in
    every clip, so prefer `librosa-14-stats`.
    """

    name = "librosa-14-flat"
    citation, paper = LIBROSA
    kind = FeatureKind.VECTOR
    typical_cost = Cost(seconds=0.15, megabytes=1.06)

    frames: int = Field(
        default=1_295,
        ge=1,
        description="Number of frames that clips are cut, or filled at their end, to: with zeros, "
        "and tempo goes on.",
    )

    def extract(self, waveform: Waveform, sample_rate: int, *, device: str) -> NDArray[np.float32]:
        """Compute the vector of one stem.

        Parameters
        ----------
        waveform
            Shape (channels, samples), float32.
        sample_rate
            In Hz.
        device
            Not used.

        Returns
        -------
        ndarray
            Shape (frames * 204,), float32.

        Raises
        ------
        AudioError
            The stem is not finite, or its power is more than single precision holds.
        """
        return _resized(self._rows(waveform, sample_rate), self.frames).ravel()


class Librosa14Stats(_Librosa14):
    """Statistics over time of the 204 rows of `librosa-14`: 1,632 numbers.

    Eight a row: mean, standard deviation, skewness, the quantiles at 10, 50 and 90 %, and of the
    change from one frame to the next the mean magnitude and the standard deviation. First the
    means of all rows, then their standard deviations, and so on. A row that does not change, as
    tempo, has zero for all that measures change. Clips of every length give the same numbers of
    the same meaning, which `librosa-14-flat` does not.
    """

    name = "librosa-14-stats"
    citation, paper = LIBROSA
    kind = FeatureKind.VECTOR
    typical_cost = Cost(seconds=0.16, megabytes=0.007)

    statistics: ClassVar[tuple[str, ...]] = tuple(
        f"{row}_{statistic}" for statistic in STATISTICS for row in ROWS
    )

    def extract(self, waveform: Waveform, sample_rate: int, *, device: str) -> NDArray[np.float32]:
        """Compute the statistics of one stem.

        Parameters
        ----------
        waveform
            Shape (channels, samples), float32.
        sample_rate
            In Hz.
        device
            Not used.

        Returns
        -------
        ndarray
            Shape (1632,), float32; entries as `statistics` names them.

        Raises
        ------
        AudioError
            The stem is not finite, or its power is more than single precision holds.
        """
        return _summary(self._rows(waveform, sample_rate))


def _resized(rows: NDArray[np.float32], frames: int | None) -> NDArray[np.float32]:
    """Cut to a number of frames, or fill up: with zeros, but tempo is the clip's, not a frame's."""
    import numpy as np

    if frames is None:
        return rows
    resized = np.pad(rows[:frames], ((0, max(0, frames - len(rows))), (0, 0)))
    resized[:, ROWS.index("tempo")] = rows[0, ROWS.index("tempo")]
    return resized


def _summary(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the statistics of every column, statistic by statistic."""
    import numpy as np

    values = rows.astype(np.float64)
    mean = values.mean(axis=0)
    constant = (rows == rows[0]).all(axis=0)
    # The mean of equal numbers may differ from them in the last place, which is no deviation.
    deviations = np.where(constant, 0, values - mean)
    std = np.sqrt(np.mean(deviations**2, axis=0))
    standard = deviations / np.where(std > 0, std, 1)
    skewness = np.mean(standard * standard * standard, axis=0)
    # A clip of one frame has no change.
    change = np.diff(values, axis=0) if len(values) > 1 else np.zeros_like(values)
    return np.concatenate(
        [
            mean,
            std,
            skewness,
            *np.quantile(values, _QUANTILES, axis=0),
            np.abs(change).mean(axis=0),
            change.std(axis=0),
        ]
    ).astype(np.float32)
