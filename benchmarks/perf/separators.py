"""How fast separators are: seconds of music a second of one core.

    python benchmarks/perf/separators.py --seconds 20

Every separator, with its defaults, on a clip of 44.1 kHz stereo, clip in to stems out. `spleeter`
and `demucs` are left out, and said so, where what they need is not installed; `demucs` is an
HTDemucs of the published size with random weights, which cost what trained ones do. `oracle` and
`mixed` compute nothing.

`wave-u-net m6` is the full published network with random weights, once as it is and once with every
frame of every layer computed, as a direct translation of the published graph would.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from importlib.util import find_spec

import numpy as np
import torch

from merbench import MerbenchError, Separator
from merbench_plugins.separators.hpss import Hpss
from merbench_plugins.separators.mixed import Mixed
from merbench_plugins.separators.spleeter import Spleeter
from merbench_plugins.separators.stereo import separate_at
from merbench_plugins.separators.wave_u_net import WaveUNet
from merbench_plugins.separators.wave_u_net.configuration import (
    OriginalConfiguration,
    from_variant,
)
from merbench_plugins.separators.wave_u_net.original import OriginalWaveUNet
from merbench_plugins.separators.wave_u_net.song import SongNetwork

RATE = 44100


class DirectWaveUNet(OriginalWaveUNet):
    """Computes every frame, then drops every other."""

    def _downsample(self, layer, x, width):  # type: ignore[no-untyped-def]
        full = self._activated(layer, x)
        return full.narrow(1, (full.shape[1] - width) // 2, width), full[:, ::2]


def cost(work: Callable[[], object], repeats: int) -> float:
    """CPU seconds of the fastest of some repetitions."""
    work()
    taken = []
    for _ in range(repeats):
        start = time.process_time()
        work()
        taken.append(time.process_time() - start)
    return min(taken)


def separators(clip: np.ndarray) -> Iterator[tuple[str, Callable[[], object]]]:
    """Yield what there is to measure; print what cannot be."""
    plain: tuple[Separator, ...] = (Mixed(), Hpss(), WaveUNet(), Spleeter())
    for separator in plain:
        try:
            separator.ready()
        except MerbenchError as error:
            print(f"{separator.name}: not measured, since {error}")
            continue
        yield (
            separator.name,
            lambda separator=separator: separator.separate(clip, RATE, device="cpu"),
        )
    if find_spec("demucs") is None:
        print("demucs: not measured, since its package is not installed")
        return
    from demucs.apply import apply_model
    from demucs.htdemucs import HTDemucs

    model = HTDemucs(["drums", "bass", "other", "vocals"]).eval()

    def separate(mix: np.ndarray) -> np.ndarray:
        return apply_model(model, torch.from_numpy(mix)[None], shifts=0)[0].numpy()

    yield "demucs (random weights)", lambda: separate_at(RATE, separate, clip, RATE)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=20.0, help="length of the stereo clip")
    parser.add_argument("--repeats", type=int, default=3)
    arguments = parser.parse_args()
    torch.set_num_threads(1)

    config = from_variant("m6", {})
    assert isinstance(config, OriginalConfiguration)
    rng = np.random.default_rng(0)
    clip = rng.uniform(-0.5, 0.5, (2, int(arguments.seconds * RATE))).astype(np.float32)
    song = torch.from_numpy(clip[:, : int(arguments.seconds * config.sample_rate)])[None]
    network = SongNetwork(OriginalWaveUNet(config)).eval()
    direct = SongNetwork(DirectWaveUNet(config)).eval()
    direct.load_state_dict(network.state_dict())
    difference = (network(song) - direct(song)).abs().max()

    costs = {name: cost(work, arguments.repeats) for name, work in separators(clip)}
    costs["wave-u-net m6, every frame"] = cost(lambda: direct(song), arguments.repeats)
    costs["wave-u-net m6"] = cost(lambda: network(song), arguments.repeats)
    for name, seconds in costs.items():
        print(f"{name:28} {arguments.seconds / seconds:8.2f} s of music a CPU-second")
    ratio = costs["wave-u-net m6, every frame"] / costs["wave-u-net m6"]
    print(
        f"leaving out what is never used: {ratio:.2f} times less CPU, difference {difference:.1e}"
    )


if __name__ == "__main__":
    main()
