"""OpenL3 from a random file in the original's layout: the original's weights are not at hand.

`openl3_golden.npz` holds what the original gives with the same random weights: the Keras model of
the package openl3 0.3.1 and its front end, kapre 0.1.4, for which the weights were published, run
on TensorFlow 2.15 by `openl3_original.py`. Keras loaded the very file that the tests write.
"""

from __future__ import annotations

import warnings
from pathlib import Path

import librosa
import numpy as np
import pytest
import torch
from keras_files import write_keras
from openl3_layers import layers, two_seconds

from merbench import MerbenchError
from merbench_plugins.features._openl3_network import FILTERS, open_network
from merbench_plugins.features._openl3_network import OpenL3 as Network
from merbench_plugins.features.openl3 import OpenL3, OpenL3Sequence

pytest.importorskip("h5py")

RATE = 48_000
GOLDEN = np.load(Path(__file__).with_name("openl3_golden.npz"))


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_keras(tmp_path_factory.mktemp("openl3") / "openl3.h5", layers())


def sound(seconds: float, seed: int = 1) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return (0.1 * rng.standard_normal((2, int(seconds * RATE)))).astype(np.float32)


@pytest.mark.parametrize("size", [512, 6144])
def test_embeddings_are_those_of_the_original_model(weights: Path, size: int) -> None:
    with torch.inference_mode():
        found = open_network(weights, size)(torch.from_numpy(two_seconds())).numpy()
    expected = GOLDEN[f"embedding_{size}"]
    np.testing.assert_allclose(found, expected, atol=1e-4 * np.abs(expected).max())
    assert expected.std(axis=0).max() > 0.01 * np.abs(expected).max()  # the windows differ


def test_the_spectrogram_is_the_originals() -> None:
    found = Network().spectrogram(torch.from_numpy(two_seconds())).numpy()
    np.testing.assert_allclose(found[:, ::8, ::8], GOLDEN["spectrogram"], atol=0.01)


def test_has_as_many_numbers_as_the_original() -> None:
    network = Network()
    kernels = sum(9 * a * b for a, b in [(1, 64), (64, 64), (64, 128), (128, 128), (128, 256),
                                         (256, 256), (256, 512), (512, 512)])  # fmt: skip
    biases = 2 * sum(FILTERS)
    norms = 2 * (1 + 2 * sum(FILTERS) - 512)
    assert sum(p.numel() for p in network.parameters()) == kernels + biases + norms == 4_687_042


def test_the_spectrogram_is_librosas() -> None:
    window = sound(1.0)[0]
    padded = np.pad(window, 982)
    power = np.abs(librosa.stft(padded, n_fft=2048, hop_length=242, center=False)) ** 2
    with warnings.catch_warnings(action="ignore"):  # the lowest bands fall between two bins
        mel = librosa.feature.melspectrogram(S=power, sr=RATE, n_mels=256, htk=True)
    expected = librosa.power_to_db(np.sqrt(mel), ref=np.max, top_db=80)
    found = Network().spectrogram(torch.from_numpy(window)[None])[0].numpy()
    assert found.shape == (256, 199)
    np.testing.assert_allclose(found, expected, atol=2e-3)


def test_silence_is_silent() -> None:
    assert (Network().spectrogram(torch.zeros(1, RATE)) == 0).all()


def test_layers_are_told_by_their_order(weights: Path) -> None:
    network = open_network(weights, 512)
    written = [arrays for name, arrays in layers() if arrays and "mel" not in name]
    kernels = [arrays["kernel"] for arrays in written if "kernel" in arrays]
    for convolution, kernel in zip(network.convolutions, kernels, strict=True):
        np.testing.assert_array_equal(convolution.weight.detach(), kernel.transpose(3, 2, 0, 1))
    np.testing.assert_array_equal(network.norm.running_var, written[0]["moving_variance"])


def test_both_lengths_pool_one_layer(weights: Path) -> None:
    """512 numbers are the maxima of the 4 x 3 pools that 6,144 are."""
    batch = torch.from_numpy(sound(1.0)[:1])
    with torch.inference_mode():
        short, long = open_network(weights, 512)(batch), open_network(weights, 6144)(batch)
    assert short.shape == (1, 512)
    torch.testing.assert_close(long.reshape(1, 12, 512).amax(1), short)


def test_mean_first_and_sequence(weights: Path) -> None:
    waveform = sound(1.4)
    sequence = OpenL3Sequence(weights=weights).extract(waveform, RATE, device="cpu")
    # Half a second before, then windows begin every half until all is heard: 0, 0.5, 1.0.
    assert sequence.shape == (3, 512)
    mean = OpenL3(weights=weights).extract(waveform, RATE, device="cpu")
    np.testing.assert_allclose(mean, sequence.mean(axis=0), rtol=1e-5, atol=1e-5)
    first = OpenL3(weights=weights, frames="first").extract(waveform, RATE, device="cpu")
    np.testing.assert_allclose(first, sequence[0], rtol=1e-5, atol=1e-5)
    again = OpenL3(weights=weights, frames="first").extract(
        waveform[:, :24_000], RATE, device="cpu"
    )
    np.testing.assert_allclose(again, first, rtol=1e-5, atol=1e-5)


def test_windows_are_those_of_the_package(weights: Path) -> None:
    extractor = OpenL3(weights=weights, hop_seconds=0.1)
    assert len(extractor._windows(sound(1.0), RATE)) == 6
    assert len(extractor._windows(sound(0.2), RATE)) == 1
    uncentred = OpenL3(weights=weights, hop_seconds=0.1, centre=False)
    assert len(uncentred._windows(sound(1.0), RATE)) == 1
    windows = uncentred._windows(sound(1.05), RATE)
    assert len(windows) == 2
    np.testing.assert_array_equal(windows[1][: RATE - 4800], windows[0][4800:])


def test_a_file_of_another_network(tmp_path: Path) -> None:
    write_keras(tmp_path / "a.h5", layers()[:-3])
    with pytest.raises(MerbenchError, match=r"has 14 layers of weights where OpenL3's .* has 16"):
        OpenL3(weights=tmp_path / "a.h5").ready()
    changed = layers()
    changed[3][1]["kernel"] = changed[3][1]["kernel"][:2]
    write_keras(tmp_path / "b.h5", changed)
    with pytest.raises(MerbenchError, match=r"conv2d_27 has no kernel of shape \(64, 1, 3, 3\)"):
        OpenL3(weights=tmp_path / "b.h5").ready()


def test_the_published_weights_have_to_be_asked_for(home: Path) -> None:
    with pytest.raises(MerbenchError, match=r"openl3-music-mel256 .*CC BY 4\.0.*weights fetch"):
        OpenL3().ready()


def test_untrained_weights_are_the_same_each_time_and_need_no_file():
    untrained = OpenL3(untrained=True)
    untrained.ready()
    clip = np.random.default_rng(0).uniform(-0.1, 0.1, (1, 48_000)).astype(np.float32)
    first = untrained.extract(clip, 48_000, device="cpu")
    assert first.shape == (512,)
    np.testing.assert_array_equal(first, untrained.extract(clip, 48_000, device="cpu"))
