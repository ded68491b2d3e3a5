"""MusiCNN and VGG give what the original TensorFlow graphs give."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import numpy as np
import pytest
import torch
from tensorflow_files import write_checkpoint, write_graph

from merbench import AudioError, MerbenchError
from merbench_plugins.checkpoints.tensorflow_graph import Pool
from merbench_plugins.features import musicnn
from merbench_plugins.features._musicnn_networks import Musicnn as Network
from merbench_plugins.features._musicnn_networks import Vgg, _in_tensorflow, _variables
from merbench_plugins.features.musicnn import (
    Musicnn,
    MusicnnSequence,
    MusicnnWeights,
    load_network,
    log_mel,
)

NAMES = ("MSD_musicnn", "MTT_musicnn", "MSD_vgg", "MTT_vgg")
TOLERANCE = 1e-4


@pytest.fixture(scope="module", autouse=True)
def installed() -> None:
    try:
        distribution("musicnn")
    except PackageNotFoundError:
        pytest.skip("the package musicnn is not installed")


@pytest.fixture(scope="module")
def golden(shared: Path) -> Path:
    return shared / "golden/musicnn"


def test_networks_give_what_the_original_graphs_give(golden: Path) -> None:
    outputs = sorted(golden.glob("*.npz"))
    assert len(outputs) >= 3
    for path in outputs:
        expected = np.load(path)
        with torch.inference_mode():
            found = load_network(path.stem)(torch.from_numpy(np.load(golden / "log_mel.npy")))
        np.testing.assert_allclose(found["tags"], expected["tags"], atol=TOLERANCE)
        if "musicnn" in path.stem:
            np.testing.assert_allclose(found["dense"], expected["dense"], atol=TOLERANCE)


def test_the_spectrogram_is_the_originals(golden: Path) -> None:
    found = log_mel(np.load(golden / "audio_16k.npy")[None], 16_000, "test")
    patches = found[: 3 * 187].reshape(3, 187, 96)
    np.testing.assert_allclose(patches, np.load(golden / "log_mel.npy"), atol=1e-5)


def test_a_clip_is_the_mean_of_its_patches(golden: Path) -> None:
    waveform = np.load(golden / "audio_16k.npy")[None]
    expected = np.load(golden / "MSD_musicnn.npz")
    found = Musicnn().extract(waveform, 16_000, device="cpu")
    np.testing.assert_allclose(found, expected["dense"].mean(axis=0), atol=TOLERANCE)
    tags = MusicnnSequence(layer="tags").extract(waveform, 16_000, device="cpu")
    np.testing.assert_allclose(tags, expected["tags"], atol=TOLERANCE)


@pytest.mark.parametrize(("name", "numbers"), [("MSD_musicnn", 792_079), ("MTT_vgg", 607_030)])
def test_every_number_of_a_checkpoint_is_used(name: str, numbers: int) -> None:
    network = load_network(name)
    counted = [t for key, t in network.state_dict().items() if "num_batches" not in key]
    assert sum(tensor.numel() for tensor in counted) == numbers


@pytest.mark.parametrize("name", NAMES)
def test_every_checkpoint_can_be_listed_and_found(name: str) -> None:
    known = MusicnnWeights(name).named()
    assert known is not None
    assert known.state() == "here"
    assert known.licence == "ISC"


class Spread:
    """Networks whose patches are told apart at no cost."""

    def __call__(self, patches: torch.Tensor) -> dict[str, torch.Tensor]:
        return {"dense": patches.mean(dim=2), "pooled": patches.mean(dim=1)}

    def to(self, device: str) -> Spread:
        return self


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(musicnn, "_load_once", lambda *_: Spread())


@pytest.mark.usefixtures("quick")
def test_patches_follow_each_other() -> None:
    rng = np.random.default_rng(0)
    waveform = rng.normal(0, 0.1, (1, 187 * 256 * 25 + 5_000)).astype(np.float32)
    spectrogram = log_mel(waveform, 16_000, "test")
    patches = MusicnnSequence().extract(waveform, 16_000, device="cpu")
    # More than one batch, and what is behind the last whole patch is left out.
    assert patches.shape == (25, 187)
    np.testing.assert_allclose(patches[24], spectrogram[24 * 187 : 25 * 187].mean(1), rtol=1e-5)
    overlapping = MusicnnSequence(hop=50).extract(waveform, 16_000, device="cpu")
    np.testing.assert_allclose(overlapping[1], spectrogram[50:237].mean(1), rtol=1e-5)
    assert MusicnnSequence(hop=50).frame_rate(44_100, 1) == 16_000 / 256 / 50


@pytest.mark.usefixtures("quick")
def test_a_short_clip_is_filled_up_with_silence() -> None:
    waveform = np.full((2, 16_000), 0.1, np.float32)
    patch = MusicnnSequence().extract(waveform, 16_000, device="cpu")
    assert patch.shape == (1, 187)
    assert (patch[0, :60] > 0).all()
    assert (patch[0, 63:] == 0).all()


def test_channels_and_rates_are_brought_to_one() -> None:
    time = np.arange(44_100 * 2) / 44_100
    tone = np.sin(2 * np.pi * 440 * time).astype(np.float32)[None]
    low = np.sin(2 * np.pi * 440 * np.arange(32_000) / 16_000).astype(np.float32)[None]
    found = log_mel(np.concatenate([tone, tone]), 44_100, "test")
    np.testing.assert_allclose(found[10:-10], log_mel(low, 16_000, "test")[10:-10], atol=5e-3)


def test_audio_that_is_too_loud() -> None:
    with pytest.raises(AudioError, match="so loud"):
        log_mel(np.full((1, 16_000), 1e30, np.float32), 16_000, "test")


def test_vgg_has_no_dense_layer() -> None:
    with pytest.raises(MerbenchError, match="VGG has no layer `dense`; set `layer`"):
        Musicnn(weights="MSD_vgg").ready()
    assert Musicnn(weights="MSD_vgg", layer="pooled").ready() is None


POOLS = [((4, 1), (2, 2)), *[((2, 2), (2, 2))] * 3, ((4, 4), (4, 4))]


@pytest.mark.parametrize("network", [Network(), Vgg([Pool(*pool) for pool in POOLS])])
def test_a_checkpoint_of_ones_own(tmp_path: Path, network: Network | Vgg) -> None:
    rng = np.random.default_rng(0)
    state = network.state_dict()
    arrays = {
        name: rng.normal(size=_in_tensorflow(state[key].shape)).astype(np.float32)
        for key, name in _variables(network)
    }
    write_checkpoint(tmp_path / "model", arrays)
    write_graph(tmp_path / "model.meta", POOLS)
    loaded = load_network(tmp_path)
    last = max(n for n in arrays if n.startswith("dense") and n.endswith("bias"))
    np.testing.assert_array_equal(loaded.tags.bias.detach(), arrays[last])
    arrays.pop("batch_normalization/gamma")
    write_checkpoint(tmp_path / "model", arrays)
    with pytest.raises(MerbenchError, match=r"lacks 1 of .* variables of the network (Vgg|Music)"):
        load_network(tmp_path)


def test_the_graph_beside_a_checkpoint_tells_how_vgg_pools(tmp_path: Path) -> None:
    """The two were trained with different ones, of which the package's code has one."""
    assert load_network("MTT_vgg").pools == tuple(POOLS)
    assert load_network("MSD_vgg").pools[:2] == (((4, 1), (4, 1)), ((1, 4), (1, 4)))
    write_checkpoint(tmp_path / "model", {"1CNN/kernel": np.ones(1, np.float32)})
    with pytest.raises(MerbenchError, match=r"model\.meta cannot be read"):
        load_network(tmp_path)
    write_graph(tmp_path / "model.meta", POOLS[:4])
    with pytest.raises(MerbenchError, match=r"pools 4 times, and not the 5 times"):
        load_network(tmp_path)
