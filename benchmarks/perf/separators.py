"""How fast separators are: seconds of music a second of one core.

    python benchmarks/perf/separators.py --seconds 20

`wave-u-net` is the shipped network, clip in to stems out. `wave-u-net m6` is the full one with
random weights, once as it is and once with every frame of every layer computed, as a direct
translation of the published graph would.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import numpy as np
import torch
from torch.nn import functional

from merbench_plugins.separators.hpss import Hpss
from merbench_plugins.separators.wave_u_net import WaveUNet
from merbench_plugins.separators.wave_u_net.configuration import (
    OriginalConfiguration,
    from_variant,
)
from merbench_plugins.separators.wave_u_net.original import LEAK, OriginalWaveUNet
from merbench_plugins.separators.wave_u_net.song import SongNetwork


class DirectWaveUNet(OriginalWaveUNet):
    """Computes every frame, then drops every other."""

    def _downsample(self, layer, x, width):  # type: ignore[no-untyped-def]
        full = functional.leaky_relu(layer(x), LEAK)
        return full.narrow(-1, (full.shape[-1] - width) // 2, width), full[..., ::2]


def cost(work: Callable[[], object], repeats: int) -> float:
    """CPU seconds of the fastest of some repetitions."""
    work()
    taken = []
    for _ in range(repeats):
        start = time.process_time()
        work()
        taken.append(time.process_time() - start)
    return min(taken)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=20.0, help="length of the stereo clip")
    parser.add_argument("--repeats", type=int, default=3)
    arguments = parser.parse_args()
    torch.set_num_threads(1)

    config = from_variant("m6", {})
    assert isinstance(config, OriginalConfiguration)
    rng = np.random.default_rng(0)
    noise = rng.uniform(-0.5, 0.5, (2, int(arguments.seconds * 44100))).astype(np.float32)
    song = torch.from_numpy(noise[:, : int(arguments.seconds * config.sample_rate)])[None]
    network = SongNetwork(OriginalWaveUNet(config)).eval()
    direct = SongNetwork(DirectWaveUNet(config)).eval()
    direct.load_state_dict(network.state_dict())
    difference = (network(song) - direct(song)).abs().max()

    hpss, shipped = Hpss(), WaveUNet()
    costs = {
        "hpss (44.1 kHz stereo)": cost(lambda: hpss.separate(noise, 44100), arguments.repeats),
        "wave-u-net (44.1 kHz stereo)": cost(
            lambda: shipped.separate(noise, 44100), arguments.repeats
        ),
        "wave-u-net m6, every frame": cost(lambda: direct(song), arguments.repeats),
        "wave-u-net m6": cost(lambda: network(song), arguments.repeats),
    }
    for name, seconds in costs.items():
        print(f"{name:28} {arguments.seconds / seconds:6.2f} s of music a CPU-second")
    ratio = costs["wave-u-net m6, every frame"] / costs["wave-u-net m6"]
    print(
        f"leaving out what is never used: {ratio:.2f} times less CPU, difference {difference:.1e}"
    )


if __name__ == "__main__":
    main()
