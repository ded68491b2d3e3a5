"""How near a network comes to true stems, by which training is steered and its card filled."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import torch

from merbench.components import CANONICAL_STEMS
from merbench_plugins.separators.wave_u_net.excerpts import Validation
from merbench_plugins.separators.wave_u_net.export import UNSUNG
from merbench_plugins.separators.wave_u_net.multitracks import Part
from merbench_plugins.separators.wave_u_net.song import SongNetwork

__all__ = ["si_sdr", "validate"]

_SILENT_POWER = 1e-9


def validate(network: SongNetwork, excerpts: Iterable[Validation]) -> dict[str, dict[str, float]]:
    """Score a network by part.

    Parameters
    ----------
    network
        What separates.
    excerpts
        With true parts.

    Returns
    -------
    dict
        By part: how many `excerpts` there are of it, mean SI-SDR in dB of estimates (`si_sdr`) and
        of mixtures (`si_sdr_mixture`), and of the gains, one less the other, the median (`gain`)
        and what nine of ten are above (`gain_of_nine_in_ten`). A part of several sources is the sum
        of the estimates, and named with a plus sign between them. Under `no vocals`: how many
        excerpts nobody sings in, and how loud their estimated vocals are in the median, in dB
        relative to the mixture (`level`).
    """
    device = next(network.parameters()).device
    found: dict[str, list[tuple[float, float]]] = {}
    unsung: list[float] = []
    for excerpt in excerpts:
        mix = torch.from_numpy(np.ascontiguousarray(excerpt.mix))
        estimates = network(mix[None].to(device))[0].cpu().numpy()
        for part, target in zip(excerpt.parts, excerpt.targets, strict=True):
            if _is_heard(target, excerpt.mix):
                pair = si_sdr(_sum(estimates, part), target), si_sdr(excerpt.mix, target)
                found.setdefault("+".join(part), []).append(pair)
        if not any("vocals" in part for part in excerpt.parts):
            unsung.append(_level(estimates[CANONICAL_STEMS.index("vocals")], excerpt.mix))
    scores = {}
    for name, pairs in sorted(found.items()):
        ours, mixture = np.mean(pairs, axis=0)
        gains = [separated - mixed for separated, mixed in pairs]
        scores[name] = {
            "excerpts": len(pairs),
            "si_sdr": float(ours),
            "si_sdr_mixture": float(mixture),
            "gain": float(np.median(gains)),
            "gain_of_nine_in_ten": float(np.percentile(gains, 10)),
        }
    if unsung:
        scores[UNSUNG] = {"excerpts": len(unsung), "level": float(np.median(unsung))}
    return scores


def si_sdr(estimate: np.ndarray, target: np.ndarray) -> float:
    """Scale-invariant signal-to-distortion ratio in dB (Le Roux et al. 2019, equation 3)."""
    estimate, target = estimate.astype(np.float64).ravel(), target.astype(np.float64).ravel()
    wanted = (estimate @ target) / (target @ target) * target
    error = estimate - wanted
    return float(10 * np.log10((wanted @ wanted + 1e-20) / (error @ error + 1e-20)))


def _is_heard(target: np.ndarray, mix: np.ndarray) -> bool:
    """Tell whether a part can be scored: neither it nor all the rest is 25 dB below the mixture."""
    least = max(_SILENT_POWER, float(np.mean(mix**2)) * 10**-2.5)
    return min(float(np.mean(target**2)), float(np.mean((mix - target) ** 2))) > least


def _level(estimate: np.ndarray, mix: np.ndarray) -> float:
    powers = [float(np.mean(signal.astype(np.float64) ** 2)) for signal in (estimate, mix)]
    return float(10 * np.log10((powers[0] + 1e-20) / (powers[1] + 1e-20)))


def _sum(estimates: np.ndarray, part: Part) -> np.ndarray:
    summed: np.ndarray = np.sum([estimates[CANONICAL_STEMS.index(s)] for s in part], axis=0)
    return summed
