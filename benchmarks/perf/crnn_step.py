"""Time of a training step of `crnn` against a bare torch loop on the same clips.

Both build the network, then train it for the same number of steps; the bare loop has its batches
as tensors already, `crnn` reads its clips through skorch, as in a run. Rounds alternate; the last
line compares the fastest of each, which is what other work on the machine disturbs least.

    python benchmarks/perf/crnn_step.py                     # paper's network, shorter images
    python benchmarks/perf/crnn_step.py --frames 2048       # as published: 8.5 s a step on 2 cores
    python benchmarks/perf/crnn_step.py --preset small --steps 40
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import numpy as np
import torch

from merbench import Task
from merbench_plugins.models._crnn_network import ConvolutionalRecurrentNetwork
from merbench_plugins.models.crnn import PRESETS, Crnn


def bare(preset: str, batches: list[tuple[torch.Tensor, torch.Tensor]]) -> Callable[[], None]:
    """Return a plain loop over batches that lie in memory, channels last."""
    chosen = PRESETS[preset]

    def train() -> None:
        network = ConvolutionalRecurrentNetwork(
            chosen.architecture,
            tuple(batches[0][0].shape[1:]),
            chosen.sequence,
            moments=(0.0, 1.0) if chosen.architecture.log_scale else None,
        )
        parameters = [p for p in network.parameters() if p.requires_grad]
        optimizer = torch.optim.Adam(parameters, lr=chosen.learning_rate, eps=1e-7)
        for images, labels in batches:
            optimizer.zero_grad()
            loss = (network(images) - labels).square().sum() / len(labels)
            loss.backward()
            optimizer.step()

    return train


def timed(train: Callable[[], object]) -> tuple[float, float]:
    wall, cpu = time.perf_counter(), time.process_time()
    train()
    return time.perf_counter() - wall, time.process_time() - cpu


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--preset", choices=sorted(PRESETS), default="paper")
    parser.add_argument("--frames", type=int, default=256, help="frames of an image")
    parser.add_argument("--stems", type=int, default=1)
    parser.add_argument("--steps", type=int, default=3, help="training steps a round")
    parser.add_argument("--rounds", type=int, default=6)
    arguments = parser.parse_args()

    size = PRESETS[arguments.preset].batch_size
    rng = np.random.default_rng(0)
    n = arguments.steps * size
    X = rng.uniform(0, 1, (n, arguments.stems, 129, arguments.frames)).astype(np.float32)
    Y = rng.uniform(0, 1, (n, 4))
    images = torch.from_numpy(X)
    if (image := PRESETS[arguments.preset].architecture.image) is not None:
        images = torch.nn.functional.adaptive_avg_pool2d(images, image)
    images = images.contiguous(memory_format=torch.channels_last)
    labels = torch.from_numpy(Y).float()
    plain = bare(
        arguments.preset,
        [(images[i : i + size], labels[i : i + size]) for i in range(0, n, size)],
    )
    crnn = Crnn(preset=arguments.preset, epochs=1).estimator(task=Task.VA, seed=0, device="cpu")

    plain()
    crnn.fit(X, Y)
    print(f"{arguments.preset}, {n} clips of {X.shape[1:]}, {arguments.steps} steps a round")
    print(f"{'round':>7} {'bare s/step':>12} {'crnn s/step':>12} {'wall':>6} {'cpu':>6}")
    rounds = []
    for number in range(1, arguments.rounds + 1):
        both = np.array([timed(plain), timed(lambda: crnn.fit(X, Y))]) / arguments.steps
        rounds.append(both)
        print(row(str(number), both))
    print(row("fastest", np.min(rounds, axis=0)))


def row(title: str, seconds: np.ndarray) -> str:
    """Format [[bare wall, bare cpu], [crnn wall, crnn cpu]] and their ratios."""
    wall, cpu = seconds[1] / seconds[0]
    return f"{title:>7} {seconds[0, 0]:>12.3f} {seconds[1, 0]:>12.3f} {wall:>6.3f} {cpu:>6.3f}"


if __name__ == "__main__":
    main()
