"""Scores are what the definition says, and count what can be heard only."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from small_trainings import small

from merbench_plugins.separators.wave_u_net.excerpts import Validation
from merbench_plugins.separators.wave_u_net.original import OriginalWaveUNet
from merbench_plugins.separators.wave_u_net.scoring import si_sdr, validate
from merbench_plugins.separators.wave_u_net.song import SongNetwork


def test_si_sdr_by_hand() -> None:
    rng = np.random.default_rng(0)
    target = rng.normal(size=1000)
    noise = rng.normal(size=1000)
    noise -= (noise @ target) / (target @ target) * target
    noise *= np.linalg.norm(target) / np.linalg.norm(noise)
    for scale in (0.1, 1, 7):
        assert si_sdr(scale * (target + 0.1 * noise), target) == pytest.approx(20)


def test_a_perfect_network_would_score_well_and_silence_is_not_scored() -> None:
    config = small()
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = OriginalWaveUNet(config, clip=False).eval()
    mix = np.random.default_rng(0).normal(0, 0.1, (2, 5000)).astype(np.float32)
    with torch.no_grad():
        estimates = SongNetwork(network)(torch.from_numpy(mix)[None])[0].numpy()
    parts = (("bass",), ("drums", "other"), ("vocals",))
    targets = np.stack([estimates[0], estimates[1] + estimates[2], 0 * estimates[3]])
    scores = validate(SongNetwork(network), [Validation("t", mix, parts, targets)])
    assert "vocals" not in scores
    assert scores
    for name, score in scores.items():
        target = targets[parts.index(tuple(name.split("+")))]
        assert score["excerpts"] == 1
        assert score["si_sdr"] > 60
        assert score["si_sdr_mixture"] == pytest.approx(si_sdr(mix, target), abs=1e-6)


class Louder(torch.nn.Module):
    """Yields the mixture as every source, vocals at a tenth of its level."""

    def __init__(self) -> None:
        super().__init__()
        self.gains = torch.nn.Parameter(torch.tensor([1, 1, 1, 0.1])[:, None, None])

    def forward(self, mix: torch.Tensor) -> torch.Tensor:
        return (mix[:, None] * self.gains).detach()


def test_how_loud_vocals_are_where_nobody_sings() -> None:
    noise = np.random.default_rng(0).normal(0, 0.1, (2, 2, 5000)).astype(np.float32)
    unsung = Validation("t", noise.sum(axis=0), (("bass",), ("drums", "other")), noise)
    sung = Validation("t", noise.sum(axis=0), (("vocals",), ("bass", "drums", "other")), noise)
    scores = validate(Louder(), [unsung, unsung, sung])  # type: ignore[arg-type]
    assert scores["no vocals"] == {"excerpts": 2, "level": pytest.approx(-20, abs=1e-4)}
    assert "no vocals" not in validate(Louder(), [sung])  # type: ignore[arg-type]


def test_gains_are_told_by_median_and_by_what_most_are_above() -> None:
    rng = np.random.default_rng(0)
    excerpts = []
    for level in (0.01, 0.1, 1.0):
        target, rest = (rng.normal(0, 0.1, (2, 5000)).astype(np.float32) for _ in range(2))
        parts = (("bass",), ("drums", "other", "vocals"))
        targets = np.stack([target, level * rest])
        excerpts.append(Validation("t", targets.sum(axis=0), parts, targets))
    # The mixture as the estimate gains nothing, whatever it is worth.
    score = validate(Louder(), excerpts[1:])["bass"]  # type: ignore[arg-type]
    assert score["gain"] == score["gain_of_nine_in_ten"] == pytest.approx(0, abs=1e-6)
    assert score["si_sdr"] == pytest.approx(score["si_sdr_mixture"], abs=1e-6)
