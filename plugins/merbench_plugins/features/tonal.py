"""What key a clip is in: major or minor, and how its pitch classes lie around the tonic."""

from __future__ import annotations

from typing import TYPE_CHECKING

from merbench import AudioError, Cost, FeatureExtractor, FeatureKind
from merbench_plugins.papers import KEY_PROFILES

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from merbench.audio import Waveform

SAMPLE_RATE = 22_050
MAJOR = (6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88)
MINOR = (6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17)
"""How well each pitch class fits a key, from the tonic upwards: the mean ratings of listeners in
Krumhansl and Kessler 1982, Table 2 and Figure 2 (as in Krumhansl 1990, p. 30)."""


class Tonal(FeatureExtractor):
    """How a clip's pitch classes fit major and minor keys: 56 numbers, whatever the key.

    Chromas are averaged over the clip, one of a constant-Q and one of a Fourier transform (librosa
    at its defaults, 22,050 Hz). Of each there are 28 numbers: its correlation with the best major
    key's profile, with the best minor key's, and the first less the second; its deviation over its
    mean; and its twelve shares from the best major key's tonic upwards, then from the best minor
    key's. A transposed clip has the same. Of silence all are 0.

    Mode says much of valence, which timbre hardly does. Source: Krumhansl, "Cognitive foundations
    of musical pitch", 1990, Chapter 4, which correlates durations; profiles of Krumhansl and
    Kessler, "Tracing the dynamic changes in perceived tonal organization in a spatial
    representation of musical keys", Psychological Review 89(4), 1982.
    """

    name = "tonal"
    citation, paper = KEY_PROFILES
    kind = FeatureKind.VECTOR
    typical_cost = Cost(seconds=0.6, megabytes=0.0003)

    def extract(self, waveform: Waveform, sample_rate: int, *, device: str) -> NDArray[np.float32]:
        """Compute the numbers of one stem.

        Parameters
        ----------
        waveform
            Shape (channels, samples), float32; finite. The mean of the channels is heard.
        sample_rate
            In Hz, any.
        device
            Not used.

        Returns
        -------
        ndarray
            Shape (56,), float32.

        Raises
        ------
        AudioError
            The stem is not finite, or so loud that its power is not.
        """
        import librosa
        import numpy as np

        from merbench import audio

        audio.validate(waveform, self.name)
        mono = waveform.mean(axis=0, keepdims=True)
        samples = audio.resample(mono, sample_rate, SAMPLE_RATE)[0]
        with np.errstate(over="ignore", invalid="ignore"):
            chromas = [
                of(y=samples, sr=SAMPLE_RATE).mean(axis=1)
                for of in (librosa.feature.chroma_cqt, librosa.feature.chroma_stft)
            ]
        vector = np.concatenate([_around_the_tonic(chroma) for chroma in chromas])
        if not np.isfinite(vector).all():
            raise AudioError(
                f"{self.name}: the audio is so loud (peak {np.abs(samples).max():g}) that its "
                "power is no number; check the level of the recording"
            )
        return vector.astype(np.float32)


def _around_the_tonic(chroma: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return 28 numbers of a mean chroma, shape (12,)."""
    import numpy as np

    shares = chroma.astype(np.float64)
    if not shares.any() or np.ptp(shares) == 0:
        return np.zeros(28)
    shares = shares / shares.sum()
    fits, turned = [], []
    for profile in (MAJOR, MINOR):
        keys = [np.corrcoef(np.roll(profile, tonic), shares)[0, 1] for tonic in range(12)]
        tonic = int(np.argmax(keys))
        fits.append(keys[tonic])
        turned.append(np.roll(shares, -tonic))
    unevenness = shares.std() / shares.mean()
    return np.concatenate([[*fits, fits[0] - fits[1], unevenness], *turned])
