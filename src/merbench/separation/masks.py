"""The best that a real-valued mask on the mixture can do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from merbench.audio import Waveform

_MASK_WINDOW_SECONDS = 2048 / 44100


def ideal_ratio_masks(mix: Waveform, sources: NDArray[Any], sample_rate: int) -> Waveform:
    """Estimate sources by the best that a real-valued mask on the mixture's spectrogram can know.

    A source's mask is its magnitude over the sum of all sources' magnitudes, per channel; Hann
    windows of 46 ms (2,048 samples at 44.1 kHz) that overlap by half. Liutkus and Badeau (2015)
    call it the Wiener filter of exponent 1; the evaluation campaign of 2018, IRM1.

    Parameters
    ----------
    mix
        Shape (channels, samples).
    sources
        Shape (sources, channels, samples); all there is in the mixture.
    sample_rate
        Sample rate of the mixture in Hz.

    Returns
    -------
    ndarray
        Shape (sources, channels, samples), float32.
    """
    from scipy.signal import istft, stft

    length = mix.shape[-1]
    window = 1 << max(4, round(np.log2(_MASK_WINDOW_SECONDS * sample_rate)))
    padded = max(length, window)

    def spectrogram(waveform: NDArray[Any]) -> NDArray[np.complex128]:
        whole = np.pad(waveform, ((0, 0), (0, padded - length)))
        transformed: NDArray[np.complex128] = stft(whole, nperseg=window)[2]
        return transformed

    mixed = spectrogram(mix)
    magnitudes = [np.abs(spectrogram(source)) for source in sources]
    total = np.maximum(np.sum(magnitudes, axis=0), np.finfo(np.float64).tiny)
    estimates = [istft(mixed * (m / total), nperseg=window)[1][:, :length] for m in magnitudes]
    return np.stack(estimates).astype(np.float32)
