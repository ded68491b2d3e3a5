"""Songs of any length pass through networks that take chunks of one."""

from __future__ import annotations

import pytest
import torch
from small_networks import noise
from small_trainings import small
from torch import Tensor, nn

from merbench_plugins.separators.wave_u_net.configuration import from_mapping
from merbench_plugins.separators.wave_u_net.reimplementation import ReimplementedWaveUNet
from merbench_plugins.separators.wave_u_net.song import SAMPLES_AT_ONCE, SongNetwork

SHARES = torch.arange(1, 5)[:, None, None]


class Middle(nn.Module):
    """A network that yields the middle of every chunk, for each source multiplied by another."""

    def __init__(self) -> None:
        super().__init__()
        self.config = small()
        self.batches: list[int] = []

    def forward(self, mix: Tensor) -> Tensor:
        self.batches.append(len(mix))
        frames = self.config.frames
        assert mix.shape[-1] == frames.input
        return mix[:, None, :, frames.context : frames.context + frames.output] * SHARES


@pytest.mark.parametrize("samples", [1, 100, 2048, 5000])
def test_every_sample_of_a_song_is_separated_at_its_place(samples: int) -> None:
    song = torch.from_numpy(noise(1, 2, samples))
    separated = SongNetwork(Middle())(song)  # type: ignore[arg-type]
    torch.testing.assert_close(separated, song[:, None] * SHARES)


def test_chunks_are_batched_only_as_far_as_is_quick() -> None:
    network = Middle()
    SongNetwork(network)(torch.zeros(1, 2, 200_000))  # type: ignore[arg-type]
    assert max(network.batches) == SAMPLES_AT_ONCE // network.config.frames.input
    assert sum(network.batches) == -(-200_000 // network.config.frames.output)


def test_songs_of_a_batch_do_not_touch() -> None:
    config = from_mapping({"levels": 3, "features": 8, "output_size": 0.02, "strides": 2})
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = SongNetwork(ReimplementedWaveUNet(config)).eval()  # type: ignore[arg-type]
    songs = torch.from_numpy(noise(3, 2, 2500))
    together = network(songs)
    for song, separated in zip(songs, together, strict=True):
        torch.testing.assert_close(network(song[None])[0], separated, atol=1e-6, rtol=0)
