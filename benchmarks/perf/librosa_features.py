"""CPU time of `librosa-14` against fourteen calls of librosa, and how far the two differ.

Both start from the same decoded clip, resample it for themselves and run on one thread, in turn.
`librosa-14` is timed twice: with the filters of a clip's tuning yet to be designed, as for the
first clips of a run, and with filters at hand. The deviation of a row is its largest difference
from librosa's over librosa's largest magnitude in that row; a feature's is its rows' largest.

    python benchmarks/perf/librosa_features.py
    python benchmarks/perf/librosa_features.py --audio song.ogg other.mp3
"""

from __future__ import annotations

import argparse
import os

from merbench import threads

os.environ.update(threads.environment(1))

import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import librosa
import numpy as np

from merbench import audio
from merbench_plugins.datasets.demo import Demo
from merbench_plugins.features import _constant_q
from merbench_plugins.features._librosa_rows import FEATURES
from merbench_plugins.features.librosa_14 import Librosa14

RATE = 22_050


def fourteen_calls(waveform: np.ndarray, sample_rate: int) -> dict[str, np.ndarray]:
    y = librosa.resample(librosa.to_mono(waveform), orig_sr=sample_rate, target_sr=RATE)
    f = librosa.feature
    return {
        "chroma_stft": f.chroma_stft(y=y),
        "chroma_cqt": f.chroma_cqt(y=y),
        "chroma_vqt": f.chroma_vqt(y=y, intervals="ji5"),
        "melspectrogram": f.melspectrogram(y=y),
        "mfcc": f.mfcc(y=y),
        "rms": f.rms(y=y),
        "spectral_centroid": f.spectral_centroid(y=y),
        "spectral_bandwidth": f.spectral_bandwidth(y=y),
        "spectral_contrast": f.spectral_contrast(y=y),
        "spectral_flatness": f.spectral_flatness(y=y),
        "spectral_rolloff": f.spectral_rolloff(y=y),
        "tonnetz": f.tonnetz(y=y),
        "zero_crossing_rate": f.zero_crossing_rate(y),
        "tempo": f.tempo(y=y)[:, np.newaxis],
    }


def composed(count: int, seconds: float) -> Iterator[tuple[np.ndarray, int]]:
    demo = Demo(n_clips=count, seconds=seconds, sample_rate=44_100)
    with tempfile.TemporaryDirectory() as folder:
        for clip in demo.clips(Path(folder)):
            yield demo.decode(clip)


def deviations(rows: np.ndarray, reference: dict[str, np.ndarray]) -> dict[str, float]:
    found = {}
    start = 0
    for name, count in FEATURES.items():
        ours, theirs = rows[:, start : start + count].T, reference[name]
        scale = np.abs(theirs).max(axis=1)
        difference = np.abs(ours - theirs).max(axis=1)
        found[name] = float((difference / np.where(scale > 0, scale, 1)).max())
        start += count
    return found


def timed(
    work: Callable[[np.ndarray, int], Any], clip: tuple[np.ndarray, int]
) -> tuple[float, Any]:
    start = time.process_time()
    result = work(*clip)
    return time.process_time() - start, result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--audio", type=Path, nargs="*", help="files instead of composed clips")
    parser.add_argument("--clips", type=int, default=8, help="how many clips to compose")
    parser.add_argument("--seconds", type=float, default=30.0, help="length of composed clips")
    parser.add_argument("--rounds", type=int, default=3, help="of which the quickest counts")
    arguments = parser.parse_args()

    warnings.simplefilter("ignore")
    extractor = Librosa14()
    given = arguments.audio
    clips = map(audio.read, given) if given else composed(arguments.clips, arguments.seconds)
    seconds: list[tuple[float, float, float, float]] = []
    worst = dict.fromkeys(FEATURES, 0.0)
    for clip in clips:
        if not seconds:  # what is compiled or loaded once a process
            extractor.extract(*clip)
            fourteen_calls(*clip)
        first, kept, plain = [], [], []
        for _ in range(arguments.rounds):
            _constant_q._filter_banks.cache_clear()
            first.append(timed(extractor.extract, clip)[0])
            elapsed, rows = timed(extractor.extract, clip)
            kept.append(elapsed)
            elapsed, reference = timed(fourteen_calls, clip)
            plain.append(elapsed)
        seconds.append((min(plain), min(first), min(kept), clip[0].shape[1] / clip[1]))
        for name, deviation in deviations(rows, reference).items():
            worst[name] = max(worst[name], deviation)

    plain_time, first_time, kept_time, duration = np.mean(seconds, axis=0)
    print(f"{len(seconds)} clips, {duration:.1f} s on average, one thread")
    print(f"{'':<36}{'CPU ms a clip':>14}{'ratio':>8}")
    print(f"{'fourteen calls of librosa':<36}{1_000 * plain_time:>14.1f}")
    for title, own in (
        ("librosa-14, no filters designed yet", first_time),
        ("librosa-14, filters at hand", kept_time),
    ):
        print(f"{title:<36}{1_000 * own:>14.1f}{plain_time / own:>8.2f}")
    print("largest deviation, of the row's largest magnitude:")
    for name, deviation in worst.items():
        print(f"  {name:<20}{deviation:>10.1e}")


if __name__ == "__main__":
    main()
