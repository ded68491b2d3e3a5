"""What a device gains: separators and models that can use one, on it and on the processor.

Prints, for each, the seconds on the processor and on the device, and their ratio. The first use of
a device, which loads its libraries, is not counted. Where there is no device it says so and
measures the processor alone.

    python benchmarks/perf/gpu.py                   # the best device of this machine
    python benchmarks/perf/gpu.py --device cuda:1 --seconds 30 --clips 64
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import numpy as np

from merbench import FeatureKind, MerbenchError, Model, Separator, Task, devices
from merbench.benchmark import building
from merbench.components import Component
from merbench.plugins import discovery

_RATE = 44_100


def sequences(clips: int) -> np.ndarray:
    """Return sequences as `librosa-14` makes them of 30 s: (clips, frames, features)."""
    return np.random.default_rng(1).normal(size=(clips, 1295, 204)).astype(np.float32)


def images(clips: int) -> np.ndarray:
    """Return images as `stft-spectrogram` makes them: (clips, stems, bins, frames)."""
    return np.random.default_rng(1).uniform(size=(clips, 1, 129, 2048)).astype(np.float32)


def work(component: Component, device: str, seconds: float, clips: int) -> Callable[[], object]:
    """Return one unit of a component's work: a clip separated, or a model fitted."""
    if isinstance(component, Separator):
        waveform = np.random.default_rng(1).normal(0, 0.1, (2, int(seconds * _RATE)))
        return lambda: component.separate(waveform.astype(np.float32), _RATE, device=device)
    assert isinstance(component, Model)
    made = sequences if component.inputs == FeatureKind.SEQUENCE else images
    X = made(clips)
    Y = np.random.default_rng(2).uniform(0.3, 0.7, (clips, 4))
    task = next(iter(component.tasks & {Task.VA}), None) or next(iter(component.tasks))
    return lambda: component.estimator(task=task, seed=1, device=device).fit(X, Y)


def timed(do: Callable[[], object]) -> float:
    started = time.perf_counter()
    do()
    return time.perf_counter() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--seconds", type=float, default=10.0, help="length of a clip")
    parser.add_argument("--clips", type=int, default=16, help="clips that a model is fitted to")
    options = parser.parse_args()
    device = devices.present(options.device)
    if device == devices.CPU:
        print("this machine has no device; only its processor is measured")
    registry = discovery.load_plugins([])
    chosen = {
        "separator": ("wave-u-net", "spleeter", "demucs"),
        "model": ("gru", "bilstm", "crnn"),
    }
    settings = {"crnn": ["preset=small"], "gru": ["epochs=5"], "bilstm": ["epochs=5"]}
    print(f"{'component':14}{'cpu s':>9}{device + ' s':>10}{'gain':>8}")
    for kind, names in chosen.items():
        for name in names:
            component = building.component(registry, kind, name, settings.get(name, []))
            try:
                component.ready()
            except MerbenchError as error:
                print(f"{name:14}{error}")
                continue
            here = timed(work(component, devices.CPU, options.seconds, options.clips))
            if device == devices.CPU:
                print(f"{name:14}{here:>9.2f}{'–':>10}{'–':>8}")
                continue
            do = work(component, device, options.seconds, options.clips)
            timed(do)
            there = timed(do)
            print(f"{name:14}{here:>9.2f}{there:>10.2f}{here / there:>8.1f}")


if __name__ == "__main__":
    main()
