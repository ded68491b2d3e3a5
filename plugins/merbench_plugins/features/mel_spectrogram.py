"""Mel spectrograms: as images of one size, and as sequences of frames."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from merbench import AudioError, Cost, FeatureExtractor, FeatureKind

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from merbench.audio import Waveform

FRAME_LENGTH, HOP_LENGTH, BANDS = 2_048, 512, 128
"""librosa's defaults."""
RANGE = 80.0
"""Decibels below a clip's loudest value that are told apart, librosa's default."""

LOURO_SAMPLES, LOURO_FRAMES, LOURO_FILTERS = 482_000, 942, 22_050
"""Louro et al. 2024: what is kept of a clip's end, frames, and the rate that filters are for."""


class _Mel(FeatureExtractor):
    """What the forms of a mel spectrogram share."""

    typical_cost = Cost(seconds=0.05, megabytes=0.48)

    sample_rate: int = Field(
        16_000, ge=1_000, le=192_000, description="Rate in Hz that clips are brought to first."
    )

    def frame_rate(self, sample_rate: int, samples: int) -> float:
        """Return the frames a second: one every 512 samples."""
        return self.sample_rate / HOP_LENGTH

    def _samples(self, waveform: Waveform, sample_rate: int) -> NDArray[np.float32]:
        """Return the mean of the channels at the wanted rate, shape (samples,)."""
        from merbench import audio

        audio.validate(waveform, self.name)
        mono = waveform.mean(axis=0, keepdims=True)
        samples: NDArray[np.float32] = audio.resample(mono, sample_rate, self.sample_rate)[0]
        return samples

    def _decibels(self, samples: NDArray[np.float32], filters_for: int) -> NDArray[np.float32]:
        """Return power in decibels, shape (bands, frames)."""
        import librosa
        import numpy as np

        power = librosa.feature.melspectrogram(
            y=samples, sr=filters_for, n_fft=FRAME_LENGTH, hop_length=HOP_LENGTH, n_mels=BANDS
        )
        if not np.isfinite(power).all():
            raise AudioError(
                f"{self.name}: the power of the audio (peak {np.abs(samples).max():g}) exceeds "
                "single precision; check the level of the recording"
            )
        decibels: NDArray[np.float32] = librosa.power_to_db(power, top_db=RANGE)
        return decibels


class MelSpectrogram(_Mel):
    """Power in 128 mel bands, in decibels, of as many seconds of every clip: an image.

    librosa's at its defaults, on the mean of the channels at 16 kHz: a frame of 2,048 samples every
    512. A clip longer than `seconds` is cut, a shorter one filled up with its own quietest value.
    Nothing is normalised: a clip that is louder has larger values.

    `preset: louro2024` is the input of Louro et al., Sensors 24(7), 2024, as the authors' code has
    it: the last 482,000 samples; filters that are made for 22,050 Hz and so lie 1.4 times too low
    at 16,000; filled up to 942 frames with 0, which is no silence but as loud as full scale; and
    time reversed, so that the filling comes first. Their clips had a peak of one before.
    """

    name = "mel-spectrogram"
    kind = FeatureKind.IMAGE

    preset: Literal["default", "louro2024"] = Field(
        "default", description="default: filters that fit the sample rate. louro2024: as published."
    )
    seconds: float = Field(
        30.0, gt=0, description="Duration that clips are cut, or filled up, to (preset: default)."
    )

    def extract(self, waveform: Waveform, sample_rate: int, *, device: str) -> NDArray[np.float32]:
        """Compute the image of one stem.

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
            Shape (128, frames), float32, decibels.

        Raises
        ------
        AudioError
            The stem is not finite, or its power is more than single precision holds.
        """
        import numpy as np

        samples = self._samples(waveform, sample_rate)
        if self.preset == "louro2024":
            image = self._decibels(samples[-LOURO_SAMPLES:], LOURO_FILTERS)[:, :LOURO_FRAMES]
            filled = np.pad(image, ((0, 0), (0, LOURO_FRAMES - image.shape[1])))
            return np.ascontiguousarray(filled[:, ::-1])
        length = round(self.seconds * self.sample_rate)
        image = self._decibels(samples[:length], self.sample_rate)
        missing = 1 + length // HOP_LENGTH - image.shape[1]
        return np.pad(image, ((0, 0), (0, max(0, missing))), constant_values=image.min())


class MelSequence(_Mel):
    """Power in 128 mel bands, in decibels, of a whole clip: a sequence of frames.

    As `mel-spectrogram` has it by default, but a clip keeps its own number of frames: for recurrent
    networks, and for clips that differ in length.
    """

    name = "mel-sequence"
    kind = FeatureKind.SEQUENCE

    def extract(self, waveform: Waveform, sample_rate: int, *, device: str) -> NDArray[np.float32]:
        """Compute the frames of one stem.

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
            Shape (frames, 128), float32, decibels.

        Raises
        ------
        AudioError
            The stem is not finite, or its power is more than single precision holds.
        """
        import numpy as np

        samples = self._samples(waveform, sample_rate)
        return np.ascontiguousarray(self._decibels(samples, self.sample_rate).T)
