"""BSSEval, against its definition."""

from __future__ import annotations

import numpy as np
import pytest
from scored_music import noise

from merbench.separation import distortion
from merbench.separation.bsseval import BSSEval

TAPS = 8


def projected(signals: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Project on every delayed signal, by the definition: a column each, dense least squares."""
    delayed = [
        np.pad(signal, (delay, TAPS - 1 - delay)) for signal in signals for delay in range(TAPS)
    ]
    columns = np.stack(delayed, axis=1)
    return (columns @ np.linalg.lstsq(columns, np.pad(target, ((0, 0), (0, TAPS - 1))).T)[0]).T


def decibels(wanted: np.ndarray, error: np.ndarray) -> float:
    return 10 * np.log10((wanted**2).sum() / (error**2).sum())


def test_bsseval_is_its_definition() -> None:
    sources = noise(3, 2, 400)
    estimate = 0.8 * sources[0] + 0.3 * np.roll(sources[1], 3, axis=-1) + 0.2 * noise(2, 400)
    measured = BSSEval(sources, 100, window=4.0, taps=TAPS).score({0: estimate})[0]
    true = np.pad(sources[0], ((0, 0), (0, TAPS - 1)))
    image = projected(sources[0], estimate)
    explained = projected(sources.reshape(6, -1), estimate)
    whole = np.pad(estimate, ((0, 0), (0, TAPS - 1)))
    expected = (
        decibels(true, whole - true),
        decibels(true, image - true),
        decibels(image, explained - image),
        decibels(explained, whole - explained),
    )
    assert [v.item() for v in measured] == pytest.approx(expected, abs=1e-9)


def test_bsseval_frames_are_the_windows_of_a_filter_of_the_whole() -> None:
    sources = noise(2, 1, 1050)
    estimates = {0: sources[0] + 0.5 * sources[1], 1: sources[1] + 0.1 * noise(1, 1050)}
    measured = BSSEval(sources, 100, taps=TAPS).score(estimates)
    assert len(measured[0].sdr) == 10  # the last half second fills no window
    for frame in range(10):
        window = np.s_[:, 100 * frame : 100 * (frame + 1)]
        for position, estimate in estimates.items():
            true = sources[position]
            assert measured[position].sdr[frame] == pytest.approx(
                distortion.sdr(estimate[window], true[window]), abs=1e-9
            )


def test_bsseval_skips_frames_in_which_anything_is_silent() -> None:
    sources = noise(2, 1, 400)
    sources[1, :, 100:200] = 0
    estimates = {0: sources[0] + 0.1, 1: sources[1] + 0.1}
    estimates[0][:, 300:] = 0
    for frames in BSSEval(sources, 100, taps=TAPS).score(estimates).values():
        for ratio in frames:
            assert np.isnan(ratio).tolist() == [False, True, False, True]
        assert all(np.isfinite(median) for median in frames.medians().values())


def test_bsseval_of_a_filtered_source_is_free_of_interference_and_artifacts() -> None:
    sources = noise(2, 1, 4000)
    estimate = np.convolve(sources[0, 0], [1.0, 0.5, 0.25])[None, :4000]
    measured = BSSEval(sources, 4000, taps=TAPS).score({0: estimate})[0]
    assert measured.sdr.item() < 10
    assert measured.sir.item() > 60
    assert measured.sar.item() > 30  # the filter's end is cut off


def test_bsseval_of_equal_channels_is_that_of_one() -> None:
    mono = noise(2, 1, 2000)
    stereo = np.repeat(mono, 2, axis=1)
    ours = [BSSEval(s, 500, taps=TAPS).score({0: s[0] + 0.3 * s[1] + 0.01}) for s in (mono, stereo)]
    for one, two in zip(ours[0][0], ours[1][0], strict=True):
        np.testing.assert_allclose(one, two, atol=0.01)


def test_bsseval_of_long_signals_is_computed_in_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    sources = noise(2, 2, 3000)
    estimate = sources[0] + 0.3 * np.roll(sources[1], 2, axis=-1)
    whole = BSSEval(sources, 1000, taps=TAPS).score({0: estimate})[0]
    monkeypatch.setattr("merbench.separation.bsseval._BLOCK", 700)
    blocks = BSSEval(sources, 1000, taps=TAPS).score({0: estimate})[0]
    np.testing.assert_allclose(np.stack(whole), np.stack(blocks), atol=1e-9)
