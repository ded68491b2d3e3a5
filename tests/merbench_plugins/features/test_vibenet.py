"""VibeNet from a tiny network of the same names, and from the package where it is installed."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import librosa
import numpy as np
import pytest
from tensorflow_files import message, number

from merbench import MerbenchError
from merbench_plugins.features.vibenet import ATTRIBUTES, VibeNet, _spectrogram

pytest.importorskip("onnxruntime")

RATE = 16_000


def node(operation: str, given: str, yielded: str) -> bytes:
    named = [(1, given), (2, yielded), (3, yielded), (4, operation)]
    return message(1, b"".join(message(field, text.encode()) for field, text in named))


def value(field: int, name: str, *dimensions: int | str) -> bytes:
    """A graph's input or output of single precision; of a text only the name is known."""
    shape = b"".join(
        message(1, message(2, size.encode()) if isinstance(size, str) else number(1, size))
        for size in dimensions
    )
    tensor = message(1, number(1, 1) + message(2, shape))
    return message(field, message(1, name.encode()) + message(2, tensor))


@pytest.fixture
def network(tmp_path: Path) -> Path:
    """An ONNX file in which every layer is the mean over time of each mel band."""
    graph = (
        node("GlobalAveragePool", "x", "mean")
        + node("Flatten", "mean", "view")
        + node("Identity", "view", "gelu")
        + node("Identity", "gelu", "out")
        + message(2, b"tiny")
        + value(11, "x", "batch", 128, "time")
        + value(12, "out", "batch", 128)
    )
    opset = message(8, message(1, b"") + number(2, 18))
    path = tmp_path / "tiny.onnx"
    path.write_bytes(number(1, 10) + message(7, graph) + opset)
    return path


def sound(seconds: float) -> np.ndarray:
    noise = np.random.default_rng(0).standard_normal((2, round(seconds * RATE)))
    return (0.1 * noise).astype(np.float32)


def test_the_spectrogram_is_librosas() -> None:
    mono = sound(1.5)[0]
    # Windows of 640 stand at the start of a transform of 1,024.
    window = np.pad(np.hanning(641)[:-1], (0, 384))
    power = np.abs(librosa.stft(
        np.pad(mono, (0, 384)), n_fft=1024, hop_length=320, window=window, center=False
    )) ** 2  # fmt: skip
    mel = librosa.feature.melspectrogram(S=power, sr=RATE, n_mels=128)
    found = _spectrogram(mono)
    assert found.shape == (128, 1 + (24_000 - 640) // 320)
    np.testing.assert_allclose(found, librosa.power_to_db(mel, top_db=80), atol=1e-3)


@pytest.mark.parametrize("layer", ["trunk", "backbone"])
def test_inner_layers_are_had_without_touching_the_file(network: Path, layer: str) -> None:
    before = network.read_bytes()
    found = VibeNet(weights=network, layer=layer).extract(sound(2), RATE, device="cpu")
    expected = _spectrogram(sound(2).mean(axis=0)).mean(axis=1)
    np.testing.assert_allclose(found, expected, rtol=1e-5)
    assert network.read_bytes() == before


def test_a_short_clip_is_one_frame(network: Path) -> None:
    found = VibeNet(weights=network, layer="trunk").extract(sound(0.01), RATE, device="cpu")
    assert found.shape == (128,)


def test_a_file_that_is_no_network(tmp_path: Path) -> None:
    (tmp_path / "a.onnx").write_bytes(b"nothing of the kind")
    with pytest.raises(MerbenchError, match=r"a\.onnx cannot be loaded as VibeNet's network"):
        VibeNet(weights=tmp_path / "a.onnx").ready()


def test_the_published_network_gives_what_its_package_gives() -> None:
    try:
        distribution("vibenet")
    except PackageNotFoundError:
        pytest.skip("the package vibenet is not installed")
    time = np.arange(5 * RATE) / RATE
    beat = np.sin(2 * np.pi * 220 * time) * (np.sin(2 * np.pi * 2 * time) > 0)
    waveform = (0.3 * beat).astype(np.float32)[None]
    found = VibeNet().extract(waveform, RATE, device="cpu")
    # Of the package's own model.predict, version 0.1.0.
    expected = [0.37893, 0.79144, 0.34486, 0.78599, 0.111, 0.27051, 0.51451]
    np.testing.assert_allclose(found, expected, atol=1e-4)
    assert len(ATTRIBUTES) == len(found)
    assert VibeNet(layer="trunk").extract(waveform, RATE, device="cpu").shape == (256,)
    assert VibeNet(layer="backbone").extract(waveform, RATE, device="cpu").shape == (1_280,)
