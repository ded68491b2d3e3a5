"""Embeddings of the tagging CRNN: the real weights, random ones in their format, and none."""

from __future__ import annotations

import librosa
import numpy as np
import pytest
import torch

from merbench import MerbenchError
from merbench.testing.sounds import SAMPLE_RATE, music
from merbench_plugins.features.mel_spectrogram import MelSpectrogram
from merbench_plugins.features.mtat_crnn import MtatEmbedding, decibels, load_network
from merbench_plugins.networks.tagging_crnn import TaggingCrnn


def random_state(seed=0):
    """A state in the authors' format: their names, with the filters and the window."""
    torch.manual_seed(seed)
    state = TaggingCrnn((1, 96, 96), 50).state_dict()
    filters = librosa.filters.mel(sr=16_000, n_fft=512, n_mels=96, htk=True, norm=None).T
    return {
        "spec.spectrogram.window": torch.hann_window(512),
        "spec.mel_scale.fb": torch.from_numpy(filters.copy()),
        **state,
    }


def test_random_weights_in_the_original_format_are_read(tmp_path):
    path = tmp_path / "model.pth"
    torch.save(random_state(), path)
    network, filters = load_network(path)
    clip = music(3.0)
    found = MtatEmbedding(weights=path).extract(clip, SAMPLE_RATE, device="cpu")
    image = torch.from_numpy(decibels(clip, SAMPLE_RATE, filters, "mtat-crnn"))[None, None]
    with torch.inference_mode():
        np.testing.assert_allclose(found, network.embed(image)[0].numpy(), atol=1e-6)
    published = MtatEmbedding(weights=path, given="louro2024")
    mel = MelSpectrogram(preset="louro2024").extract(clip, SAMPLE_RATE, device="cpu")
    turned = torch.from_numpy(mel.T.copy())[None, None]
    with torch.inference_mode():
        wanted = network.embed(turned, steps=0)[0].numpy()
    again = published.extract(clip, SAMPLE_RATE, device="cpu")
    np.testing.assert_allclose(again, wanted, atol=1e-6)
    assert np.abs(again - found).max() > 0.01


def test_what_holds_other_layers_is_refused_in_a_sentence(tmp_path):
    state = random_state()
    del state["layer4.conv.bias"]
    torch.save(state, tmp_path / "other.pth")
    (tmp_path / "text.pth").write_text("no state")
    torch.save([1, 2], tmp_path / "list.pth")
    for name in ("other", "text", "list", "absent"):
        with pytest.raises(MerbenchError, match=rf"{name}.pth is no state of the tagging CRNN"):
            load_network(tmp_path / f"{name}.pth")


def test_missing_weights_are_said_to_be_and_random_ones_need_none(home):
    with pytest.raises(MerbenchError, match=r"louro-crnn-mtat .* are not here.*weights fetch"):
        MtatEmbedding().ready()
    untrained = MtatEmbedding(untrained=True)
    untrained.ready()
    clip = music(0.5)  # shorter than what is pooled into one step
    first = untrained.extract(clip, SAMPLE_RATE, device="cpu")
    assert first.shape == (32,)
    np.testing.assert_array_equal(first, untrained.extract(clip, SAMPLE_RATE, device="cpu"))


def test_the_authors_weights_are_of_these_layers_and_this_front_end(shared):
    path = shared / "data/weights/louro_crnn_mtat.pth"
    network, filters = load_network(path)
    ours = librosa.filters.mel(sr=16_000, n_fft=512, n_mels=96, htk=True, norm=None).T
    np.testing.assert_allclose(filters, ours, atol=2e-5)
    # The mean and spread of what it is given are near those of its training music.
    clip = decibels(music(10.0), SAMPLE_RATE, filters, "mtat-crnn")
    mean, variance = network.spec_bn.running_mean.item(), network.spec_bn.running_var.item()
    assert abs(clip.mean() - mean) < 2 * variance**0.5
    found = MtatEmbedding(weights=path).extract(music(10.0), SAMPLE_RATE, device="cpu")
    assert found.shape == (32,)
    assert np.abs(found).max() <= 1
