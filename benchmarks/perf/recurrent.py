"""Time of a training step of the recurrent models against a bare torch loop on the same clips.

Both build the network, then train it for the same number of passes over the same batches; the bare
loop has them as padded, standardised tensors already, the model reads its clips through skorch, as
in a run. Rounds alternate; the last line compares the fastest of each, which is what other work on
the machine disturbs least.

    python benchmarks/perf/recurrent.py                                    # lstm, default preset
    python benchmarks/perf/recurrent.py --model rnn --preset chang2024 --clips 128 --passes 1
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import numpy as np
import torch

from merbench import Task, threads
from merbench.steps.assembling import ClipRows
from merbench_plugins.models._recurrent_network import Network
from merbench_plugins.models._sequence_batches import Batches, Sequences
from merbench_plugins.models.recurrent import (
    BidirectionalLSTM,
    BidirectionalRNN,
    GatedRecurrentUnit,
    LongShortTermMemory,
    Recurrent,
    RecurrentNetwork,
)

MODELS = {
    model.name: model
    for model in (
        RecurrentNetwork,
        BidirectionalRNN,
        LongShortTermMemory,
        BidirectionalLSTM,
        GatedRecurrentUnit,
    )
}


def bare(model: Recurrent, X: ClipRows, Y: np.ndarray) -> Callable[[], None]:
    """Return a plain loop over one pass's batches, which lie in memory."""
    recipe = model.recipe
    clips = Sequences(X, Y, recipe.max_frames, recipe.pool)
    clips.standardise(by_column=recipe.standardise == "column")
    batches = list(Batches(clips, recipe.batch_size, seed=0))

    def train() -> None:
        network = Network(model.cell, clips.width, model.bidirectional, recipe)
        optimizer = torch.optim.AdamW(network.parameters(), lr=recipe.learning_rate)
        for _ in range(recipe.epochs):
            for given, labels in batches:
                optimizer.zero_grad()
                loss = torch.nn.functional.cross_entropy(network(**given), labels)
                loss.backward()
                if recipe.clip_norm:
                    torch.nn.utils.clip_grad_norm_(network.parameters(), recipe.clip_norm)
                optimizer.step()

    return train


def timed(train: Callable[[], object]) -> tuple[float, float]:
    wall, cpu = time.perf_counter(), time.process_time()
    train()
    return time.perf_counter() - wall, time.process_time() - cpu


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", choices=sorted(MODELS), default="lstm")
    parser.add_argument("--preset", default="default")
    parser.add_argument("--clips", type=int, default=256)
    parser.add_argument("--frames", type=int, default=1_295, help="frames of the longest clip")
    parser.add_argument("--shortest", type=int, help="frames of the shortest; by default the same")
    parser.add_argument("--features", type=int, default=204)
    parser.add_argument("--passes", type=int, default=3, help="passes over the clips a round")
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()

    rng = np.random.default_rng(0)
    shortest = arguments.shortest or arguments.frames
    lengths = rng.integers(shortest, arguments.frames + 1, arguments.clips)
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    table = rng.standard_normal((offsets[-1], arguments.features), dtype=np.float32)
    X = ClipRows(table, np.arange(arguments.clips), offsets)
    Y = np.eye(4)[rng.integers(4, size=arguments.clips)]

    preset = {} if arguments.preset == "default" else {"preset": arguments.preset}
    model = MODELS[arguments.model](epochs=arguments.passes, validation=0, **preset)
    estimator = model.estimator(task=Task.QUADRANT, seed=0, device="cpu")
    torch.set_num_threads(threads.available())
    plain = bare(model, X, Y)
    prepare = timed(lambda: Sequences(X, Y, model.recipe.max_frames, model.recipe.pool))[0]
    steps = arguments.passes * -(-arguments.clips // model.recipe.batch_size)

    plain()
    estimator.fit(X, Y)
    print(
        f"{arguments.model}, {arguments.preset}: {arguments.clips} clips of {shortest} to "
        f"{arguments.frames} frames x {arguments.features}, {steps} steps a round, "
        f"{torch.get_num_threads()} threads; reading them once: {prepare:.2f} s"
    )
    print(f"{'round':>7} {'bare s/step':>12} {'model s/step':>12} {'wall':>6} {'cpu':>6}")
    rounds = []
    for number in range(1, arguments.rounds + 1):
        both = np.array([timed(plain), timed(lambda: estimator.fit(X, Y))]) / steps
        rounds.append(both)
        print(row(str(number), both))
    print(row("fastest", np.min(rounds, axis=0)))


def row(title: str, seconds: np.ndarray) -> str:
    """Format [[bare wall, bare cpu], [model wall, model cpu]] and their ratios."""
    wall, cpu = seconds[1] / seconds[0]
    return f"{title:>7} {seconds[0, 0]:>12.4f} {seconds[1, 0]:>12.4f} {wall:>6.3f} {cpu:>6.3f}"


if __name__ == "__main__":
    main()
