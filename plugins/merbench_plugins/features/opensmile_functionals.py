"""Functionals of openSMILE: one vector a stem."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field

from merbench import AudioError, Cost, FeatureExtractor, FeatureKind, MerbenchError
from merbench_plugins.papers import COMPARE_2016, EGEMAPS

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from merbench.audio import Waveform

_SAMPLES_ARE_FLOAT32 = 33
"""openSMILE's own code for `nBits` (cExternalAudioSource)."""


class OpenSmileFunctionals(FeatureExtractor):
    """Functionals of one of openSMILE's feature sets."""

    kind = FeatureKind.VECTOR

    feature_set: ClassVar[str]
    """Name of a member of `opensmile.FeatureSet`."""

    channel: Literal["first", "mean"] = Field(
        default="first",
        description="Which channel is heard: the first, as openSMILE does by default, "
        "or the mean of all.",
    )

    def extract(self, waveform: Waveform, sample_rate: int, *, device: str) -> NDArray[np.float32]:
        """Compute the functionals of one stem, at the sample rate it has.

        Bit for bit what `opensmile.Smile.process_signal` returns, as long as all samples lie in
        [-1, 1). Beyond, that function wraps around (1.0 becomes -1.0); this one goes on.

        Parameters
        ----------
        waveform
            Shape (channels, samples), float32; finite.
        sample_rate
            In Hz.
        device
            Not used.

        Returns
        -------
        ndarray
            Shape (d,), float32.

        Raises
        ------
        AudioError
            The stem is shorter than one frame of 60 ms, or not finite.
        """
        import numpy as np

        from merbench import audio

        audio.validate(waveform, self.name)
        samples = waveform[0] if self.channel == "first" else waveform.mean(axis=0)
        # openSMILE reads 16-bit integers as n / 32767, of which the Python package makes n by
        # cutting 32768 x to an integer. The same steps without the integers cannot overflow.
        samples = np.trunc(samples * np.float32(32_768)) / np.float32(32_767)
        features = _functionals(self.feature_set, samples, sample_rate)
        if features is None:
            raise AudioError(
                f"{self.name}: {samples.size / sample_rate:.3f} s of audio is too short for "
                "openSMILE, which needs 0.06 s; remove the clip or use a longer excerpt"
            )
        if not np.isfinite(features).all():
            raise AudioError(
                f"{self.name}: openSMILE returns {int((~np.isfinite(features)).sum())} values "
                f"that are not finite (peak of the audio: {np.abs(samples).max():g}); "
                "check the level of the recording"
            )
        return features


class Compare2016(OpenSmileFunctionals):
    """6,373 functionals of the ComParE 2016 set (openSMILE).

    Source: Schuller et al., "The INTERSPEECH 2016 Computational Paralinguistics Challenge".
    """

    name = "compare-2016"
    citation, paper = COMPARE_2016
    feature_set = "ComParE_2016"
    typical_cost = Cost(seconds=1.8, megabytes=0.025)


class EGemaps(OpenSmileFunctionals):
    """88 functionals of the extended Geneva minimalistic set, eGeMAPS v02 (openSMILE).

    Source: Eyben et al., "The Geneva Minimalistic Acoustic Parameter Set (GeMAPS) for Voice
    Research and Affective Computing", 2016.
    """

    name = "egemaps"
    citation, paper = EGEMAPS
    feature_set = "eGeMAPSv02"
    typical_cost = Cost(seconds=0.9, megabytes=0.001)


@cache
def _smile(feature_set: str) -> Any:
    """Return openSMILE set up for a feature set, once a process."""
    import opensmile

    return opensmile.Smile(
        getattr(opensmile.FeatureSet, feature_set), opensmile.FeatureLevel.Functionals
    )


def _functionals(
    feature_set: str, samples: NDArray[np.float32], sample_rate: int
) -> NDArray[np.float32] | None:
    """Run openSMILE over float samples; None where they fill no frame.

    `Smile` itself can only hand 16-bit integers over, hence the way around it.
    """
    from opensmile.core.config import config

    smile = _smile(feature_set)
    options = smile._options() | {
        "source": str(Path(smile.default_config_root) / config.EXTERNAL_INPUT_CONFIG),
        "sampleRate": sample_rate,
        "nBits": _SAMPLES_ARE_FLOAT32,
    }
    vectors: list[NDArray[np.float32]] = []
    process = smile._smile(options=options)
    try:
        process.external_sink_set_callback(
            config.EXTERNAL_OUTPUT_COMPONENT, lambda vector: vectors.append(vector.copy())
        )
        source = config.EXTERNAL_SOURCE_COMPONENT
        if not process.external_audio_source_write_data(source, samples.tobytes()):
            raise MerbenchError(
                f"openSMILE does not take {samples.size} samples at once; use a shorter excerpt"
            )
        process.external_audio_source_set_eoi(source)
        process.run()
    finally:
        process.free()
    return vectors[0] if vectors else None
