"""Ratios of signal to distortion, against numbers worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scored_music import noise

from merbench.separation import distortion


def test_sdr_by_hand() -> None:
    true = np.array([[1.0, -1.0, 1.0, -1.0]])
    assert distortion.sdr(true * 0.9, true) == pytest.approx(20.0)
    assert distortion.sdr(np.zeros_like(true), true) == 0.0
    assert distortion.sdr(true, true) == np.inf
    assert np.isnan(distortion.sdr(true, np.zeros_like(true)))


def test_si_sdr_by_hand() -> None:
    true = np.array([[3.0, 4.0, 0.0]])
    # Orthogonal to the true stem: 2 / 5 of its length, 20 log10(5 / 2) dB.
    estimate = true + np.array([[0.0, 0.0, 2.0]])
    assert distortion.si_sdr(estimate, true) == pytest.approx(20 * np.log10(2.5))
    assert distortion.si_sdr(np.zeros_like(true), true) == -np.inf
    assert np.isnan(distortion.si_sdr(estimate, np.zeros_like(true)))


@settings(max_examples=30, deadline=None)
@given(st.floats(0.01, 100.0), st.integers(0, 1000))
def test_si_sdr_ignores_level_and_sdr_never_exceeds_what_the_best_level_gives(
    gain: float, seed: int
) -> None:
    true = noise(2, 500, seed=seed)
    estimate = true + noise(2, 500, seed=seed + 1)
    assert distortion.si_sdr(gain * estimate, true) == pytest.approx(
        distortion.si_sdr(estimate, true), abs=1e-6
    )
    # With the error orthogonal to the estimate, the best level's SDR is 10 log10(1 + SI-SDR ratio).
    best = 10 * np.log10(1 + 10 ** (distortion.si_sdr(estimate, true) / 10))
    assert distortion.sdr(gain * estimate, true) <= best + 1e-9


def test_ratios_of_different_shapes_are_refused() -> None:
    with pytest.raises(ValueError, match="shape"):
        distortion.sdr(noise(1, 10), noise(1, 11))
