"""Magnitude spectrogram of a fixed size, as TensorFlow defines it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from merbench import AudioError, Cost, FeatureExtractor, FeatureKind

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from merbench.audio import Waveform


class StftSpectrogram(FeatureExtractor):
    """Magnitude of a short-time Fourier transform, resized to a fixed number of frames.

    Frames neither reach over the clip's ends nor are centred. The number of bins is half the
    Fourier transform's length plus one, the length being the power of two that holds a frame: 129
    bins for a frame of 255. Clips of every length give the same number of frames, by bilinear
    interpolation without antialias. The frequency a bin stands for follows the sample rate, so set
    `sample_rate` where a dataset's clips differ in theirs.

    The input of Nguyen et al. 2022 is `{crop_seconds: 40, pad_frames: 15502}`.
    Source: tf.signal.stft and tf.image.resize, whose definitions it follows.
    """

    name = "stft-spectrogram"
    kind = FeatureKind.IMAGE
    typical_cost = Cost(seconds=0.03, megabytes=1.1)

    channel: Literal["first", "mean"] = Field(
        default="first", description="Which channel is seen: the first, or the mean of all."
    )
    sample_rate: int | None = Field(
        default=None,
        ge=1_000,
        le=768_000,
        description="Sample rate in Hz that clips are brought to first; none leaves each its own.",
    )
    crop_seconds: float | None = Field(
        default=None,
        gt=0,
        description="Duration in s that clips are cut, or filled with zeros, to; "
        "none leaves each its own.",
    )
    frame_length: int = Field(default=255, ge=2, le=65_536, description="Samples in a frame.")
    hop_length: int = Field(
        default=128, ge=1, description="Samples from one frame's start to the next one's."
    )
    window: Literal["tensorflow", "periodic"] = Field(
        default="tensorflow",
        description="Hann window: `periodic` has the frame's length as its period; `tensorflow` is "
        "what tf.signal.hann_window gives when asked for that: the same for even "
        "lengths, but a period shorter by one sample for odd ones.",
    )
    pad_frames: int | None = Field(
        default=None,
        ge=1,
        description="Number of frames that the transform is filled up to with zeros before it is "
        "resized; none resizes the clip's own frames.",
    )
    frames: int = Field(default=2_048, ge=1, description="Number of frames resized to.")

    def extract(self, waveform: Waveform, sample_rate: int, *, device: str) -> NDArray[np.float32]:
        """Compute the spectrogram of one stem.

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
            Shape (bins, frames), float32, not negative.

        Raises
        ------
        AudioError
            The stem is not finite, or fills no frame, or more than `pad_frames`.
        """
        import numpy as np

        from merbench import audio

        audio.validate(waveform, self.name)
        samples = self._excerpt(waveform, sample_rate)
        present = self._present(samples.size)
        if samples.size < self.frame_length:
            raise AudioError(
                f"{self.name}: {samples.size} samples do not fill one frame of "
                f"{self.frame_length}; remove the clip or set crop_seconds, which fills it up"
            )
        if self.pad_frames is not None and present > self.pad_frames:
            raise AudioError(
                f"{self.name}: the clip has {present} frames, more than pad_frames "
                f"({self.pad_frames}); raise it, or set crop_seconds"
            )
        lower, upper, weight = _bilinear(self.pad_frames or present, self.frames)
        # Without antialias a resized frame is made of two at most: no others are transformed.
        needed = np.unique(np.concatenate([lower, upper]))
        magnitude = np.zeros((needed.size, self._fft_length // 2 + 1), np.float32)
        inside = needed[needed < present]
        magnitude[: inside.size] = self._magnitude(samples, inside)
        below = magnitude[np.searchsorted(needed, lower)]
        above = magnitude[np.searchsorted(needed, upper)]
        return np.ascontiguousarray((below + (above - below) * weight[:, None]).T)

    def frame_rate(self, sample_rate: int, samples: int) -> float | None:
        """Return the resized frames a second; None of a clip that fills no frame."""
        rate = self.sample_rate or sample_rate
        length = max(1, round(samples * rate / sample_rate))
        if self.crop_seconds is not None:
            length = round(self.crop_seconds * rate)
        source = self.pad_frames or self._present(length)
        return rate / self.hop_length * self.frames / source if source > 0 else None

    def _present(self, samples: int) -> int:
        """Return how many frames that many samples fill."""
        return 1 + (samples - self.frame_length) // self.hop_length

    @property
    def _fft_length(self) -> int:
        return 1 << (self.frame_length - 1).bit_length()

    def _excerpt(self, waveform: Waveform, sample_rate: int) -> NDArray[np.float32]:
        """Return one channel at the wanted rate and duration, shape (samples,)."""
        import numpy as np

        from merbench import audio

        mono = waveform[:1] if self.channel == "first" else waveform.mean(axis=0, keepdims=True)
        rate = self.sample_rate or sample_rate
        samples: NDArray[np.float32] = audio.resample(mono, sample_rate, rate)[0]
        if self.crop_seconds is None:
            return samples
        length = round(self.crop_seconds * rate)
        return np.pad(samples[:length], (0, max(0, length - samples.size)))

    def _magnitude(
        self, samples: NDArray[np.float32], frames: NDArray[np.intp]
    ) -> NDArray[np.float32]:
        """Transform the frames of the given numbers, shape (frames, bins)."""
        import numpy as np
        from scipy.fft import rfft

        every = np.lib.stride_tricks.sliding_window_view(samples, self.frame_length)
        windowed = every[frames * self.hop_length] * self._hann()
        magnitude: NDArray[np.float32] = np.abs(rfft(windowed, n=self._fft_length, axis=1))
        return magnitude

    def _hann(self) -> NDArray[np.float32]:
        import numpy as np

        shorter = self.window == "tensorflow" and self.frame_length % 2 == 1
        period = self.frame_length - (1 if shorter else 0)
        phase = 2 * np.pi * np.arange(self.frame_length) / period
        window: NDArray[np.float32] = (0.5 - 0.5 * np.cos(phase)).astype(np.float32)
        return window


def _bilinear(
    source: int, target: int
) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float32]]:
    """Return the two neighbours of each of `target` points among `source`, and the upper's weight.

    Points stand at the centres of their pixels (tf.image.resize with half-pixel centres).
    """
    import numpy as np

    position = (np.arange(target) + 0.5) * (source / target) - 0.5
    floor = np.floor(position)
    lower = np.maximum(floor, 0).astype(np.intp)
    upper = np.minimum(np.ceil(position), source - 1).astype(np.intp)
    return lower, upper, (position - floor).astype(np.float32)
