"""Major and minor, whatever the key."""

from __future__ import annotations

import numpy as np
import pytest

from merbench import AudioError
from merbench_plugins.features.tonal import MAJOR, MINOR, Tonal, _around_the_tonic

RATE = 22_050


def chords(*chords_of_semitones, transposed=0):
    """Chords above middle C, half a second each, of tones with four harmonics."""
    t = np.arange(RATE // 2) / RATE
    played = []
    for chord in chords_of_semitones:
        pitches = [261.63 * 2 ** ((semitone + transposed) / 12) for semitone in chord]
        tones = [np.sin(2 * np.pi * k * f * t) / k for f in pitches for k in (1, 2, 3, 4)]
        played.append(np.sum(tones, axis=0) * np.hanning(len(t)))
    return (0.05 * np.concatenate(played))[np.newaxis].astype(np.float32)


IN_MAJOR = ((0, 4, 7), (5, 9, 12), (7, 11, 14), (0, 4, 7))
IN_MINOR = ((0, 3, 7), (5, 8, 12), (7, 10, 14), (0, 3, 7))


def heard(waveform):
    return Tonal().extract(waveform, RATE, device="cpu")


def test_major_and_minor_are_told_apart_by_both_chromas():
    major, minor = heard(chords(*IN_MAJOR)), heard(chords(*IN_MINOR))
    for of in (0, 28):
        assert major[of + 2] > 0.05
        assert minor[of + 2] < -0.05
        assert major[of] > 0.8
        assert minor[of + 1] > 0.8


def test_a_transposed_clip_has_the_same_numbers():
    here, above = heard(chords(*IN_MINOR)), heard(chords(*IN_MINOR, transposed=5))
    np.testing.assert_allclose(above[:28], here[:28], atol=0.03)
    # A Fourier transform's bins lie unevenly on the semitones.
    np.testing.assert_allclose(above[28:], here[28:], atol=0.2)
    assert np.corrcoef(here[28:], above[28:])[0, 1] > 0.97


def test_a_keys_own_profile_fits_it_and_no_other():
    for profile, mode in ((MAJOR, 0), (MINOR, 1)):
        for tonic in (0, 4, 11):
            found = _around_the_tonic(np.roll(profile, tonic))
            assert found[mode] == pytest.approx(1)
            assert found[1 - mode] < 0.99
            own = found[4 + 12 * mode : 16 + 12 * mode]
            np.testing.assert_allclose(own, np.array(profile) / np.sum(profile))


def test_silence_is_in_no_key():
    assert not heard(np.zeros((2, RATE), np.float32)).any()


def test_audio_that_is_no_number_is_refused():
    with pytest.raises(AudioError, match="tonal"):
        heard(np.full((1, RATE), np.nan, np.float32))
