"""Embeddings of the artist network: the real weights, made ones in their format, and none."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from keras_files import write_keras
from keras_layers import keras_arrays

from merbench import MerbenchError
from merbench.testing.sounds import SAMPLE_RATE, music
from merbench_plugins.features import artist_cnn as feature_module
from merbench_plugins.features.artist_cnn import (
    DEVIATION,
    MEAN,
    ArtistEmbedding,
    ArtistSequence,
    load_network,
    log_mel,
)


def save(path, arrays, *, model=True):
    """Write arrays as Keras does, layer by layer."""
    layers = {}
    for name, array in arrays.items():
        layer, _, role = name.partition("/")
        layers.setdefault(layer, {})[role] = array
    return write_keras(path, list(layers.items()), model=model)


@pytest.mark.parametrize("model", [True, False])
def test_random_weights_in_the_original_format_are_read(tmp_path, model):
    arrays = keras_arrays()
    network = load_network(save(tmp_path / "model.h5", arrays, model=model))
    kernel = network.blocks[3].conv.weight.detach().numpy()
    np.testing.assert_array_equal(kernel, arrays["conv1d_4/kernel"].transpose(2, 1, 0))
    embedding = ArtistEmbedding(weights=tmp_path / "model.h5")
    embedding.ready()
    clip = music(4.0)
    found = embedding.extract(clip, SAMPLE_RATE, device="cpu")
    mel = (log_mel(clip, SAMPLE_RATE, "artist-cnn")[:, :129] - MEAN) / DEVIATION
    with torch.inference_mode():
        wanted = network(torch.from_numpy(mel.copy())[None])[0].numpy()
    np.testing.assert_allclose(found, wanted, rtol=1e-5)


def test_what_holds_other_layers_is_refused_in_a_sentence(tmp_path):
    arrays = keras_arrays()
    del arrays["conv1d_5/bias"]
    path = save(tmp_path / "model.h5", arrays)
    with pytest.raises(MerbenchError, match=r"model.h5 holds other layers than the artist network"):
        load_network(path)
    (tmp_path / "text.h5").write_text("no HDF5")
    with pytest.raises(MerbenchError, match=r"text.h5 holds no weights that Keras saved"):
        load_network(tmp_path / "text.h5")


def test_missing_weights_are_said_to_be_and_random_ones_need_none(home):
    with pytest.raises(MerbenchError, match=r"artist-siamese-10000 .* are not here.*weights fetch"):
        ArtistEmbedding().ready()
    untrained = ArtistEmbedding(untrained=True)
    untrained.ready()
    clip = music(1.0)  # shorter than a piece
    first = untrained.extract(clip, SAMPLE_RATE, device="cpu")
    assert first.shape == (256,)
    np.testing.assert_array_equal(first, untrained.extract(clip, SAMPLE_RATE, device="cpu"))


def test_a_sequence_has_a_piece_every_three_seconds_whose_mean_is_the_vector():
    clip = music(8.0)
    pieces = ArtistSequence(untrained=True).extract(clip, SAMPLE_RATE, device="cpu")
    assert pieces.shape == (2, 256)
    whole = ArtistEmbedding(untrained=True).extract(clip, SAMPLE_RATE, device="cpu")
    np.testing.assert_allclose(pieces.mean(axis=0), whole, rtol=1e-5)
    assert ArtistSequence().frame_rate(SAMPLE_RATE, 0) == pytest.approx(22_050 / 512 / 129)
    assert not ArtistSequence.known_weights()


def test_as_published_time_is_reversed_and_silence_comes_first():
    clip = music(8.0)
    feature = ArtistSequence(untrained=True, given="louro2024")
    pieces = feature.extract(clip, SAMPLE_RATE, device="cpu")
    assert pieces.shape == (10, 256)
    # 345 frames of music, turned round, fill the last 2 2/3 pieces of 1,290.
    np.testing.assert_allclose(pieces[:7], np.tile(pieces[:1], (7, 1)), atol=1e-6)
    network = feature_module._network(None)
    mel = log_mel(clip, SAMPLE_RATE, "artist-cnn")
    last = np.ascontiguousarray(mel[:, 128::-1])  # the first 129 frames, backwards
    with torch.inference_mode():
        wanted = network(torch.from_numpy(last)[None])[0].numpy()
    np.testing.assert_allclose(pieces[9], wanted, rtol=1e-4, atol=1e-6)


def test_the_authors_weights_hear_music_as_in_their_training(shared):
    path = shared / "data/weights/artist_siamese_10000.h5"
    network = load_network(path)
    files = sorted((shared / "data/emotify_dev").rglob("*.ogg"))[::20]
    from merbench import audio

    pieces = []
    for file in files:
        waveform, rate = audio.read(file)
        mel = (log_mel(waveform, rate, "artist-cnn") - MEAN) / DEVIATION
        pieces.append(mel[:, : 8 * 129].reshape(128, 8, 129).transpose(1, 0, 2))
    given = torch.from_numpy(np.concatenate(pieces).copy())
    first = network.blocks[0]
    with torch.inference_mode():
        seen = first.conv(given)
        embeddings = network(given)
    # Not standardised, the variance is a fifteenth of that which training left in the weights.
    ratio = seen.var(dim=(0, 2)) / first.bn.running_var
    assert 0.5 < ratio.median() < 1.5
    shift = (seen.mean(dim=(0, 2)) - first.bn.running_mean) / first.bn.running_var.sqrt()
    assert shift.abs().mean() < 0.4
    # Pieces of one clip lie nearer to each other than to those of other clips.
    unit = embeddings / embeddings.norm(dim=1, keepdim=True)
    alike = unit @ unit.T
    clip = torch.arange(len(unit)) // 8
    same = clip[:, None] == clip
    off = ~torch.eye(len(unit), dtype=torch.bool)
    assert alike[same & off].mean() > alike[~same].mean() + 0.1
