"""Time of `stft-spectrogram` in the paper's setting against transforming every frame.

The comparison transforms all 13,780 frames of a 40 s excerpt with scipy, pads them to 15,502 and
resizes with torch. Both results are compared too: they differ by as much as torch's positions do,
which it computes in single precision, up to half a thousandth of a frame.

    python benchmarks/perf/stft.py
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from statistics import median

import numpy as np
import torch
from scipy.fft import rfft

from merbench_plugins.features.stft_spectrogram import StftSpectrogram

RATE = 44_100


def every_frame(waveform: np.ndarray) -> np.ndarray:
    samples = waveform[0, : 40 * RATE]
    window = (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(255) / 254)).astype(np.float32)
    frames = np.lib.stride_tricks.sliding_window_view(samples, 255)[::128]
    magnitude = np.zeros((15_502, 129), np.float32)
    magnitude[: len(frames)] = np.abs(rfft(frames * window, n=256, axis=1))
    image = torch.from_numpy(magnitude.T.copy())[None, None]
    return torch.nn.functional.interpolate(
        image, size=(129, 2_048), mode="bilinear", align_corners=False
    )[0, 0].numpy()


def seconds(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=20)
    rounds = parser.parse_args().rounds

    torch.set_num_threads(1)
    waveform = np.random.default_rng(0).uniform(-1, 1, (2, 45 * RATE)).astype(np.float32)
    extractor = StftSpectrogram(crop_seconds=40, pad_frames=15_502)
    difference = np.abs(extractor.extract(waveform, RATE) - every_frame(waveform)).max()
    times = [
        (seconds(lambda: extractor.extract(waveform, RATE)), seconds(lambda: every_frame(waveform)))
        for _ in range(rounds)
    ]
    own, full = (median(column) for column in zip(*times, strict=True))
    print(f"{'':<22} {'CPU ms a clip':>13}")
    print(f"{'stft-spectrogram':<22} {1_000 * own:>13.1f}")
    print(f"{'every frame':<22} {1_000 * full:>13.1f}")
    print(f"ratio {median(b / a for a, b in times):.2f}, largest difference {difference:.2g}")


if __name__ == "__main__":
    main()
