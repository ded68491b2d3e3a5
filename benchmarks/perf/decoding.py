"""Time to decode a minute of music against libsndfile alone, format by format.

What is compared with is libsndfile's reading, the turning of its samples into channels, and the
look for samples that are not finite: what every reading does. The ratios are of times in turn, so
that what else the machine does falls on both. MP3 is decoded by FFmpeg; libsndfile, which is faster
there, reads as far as it estimates.

    python benchmarks/perf/decoding.py
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import lameenc
import numpy as np
import soundfile

from merbench import audio
from merbench.testing import music

RATE = 44_100

FORMATS = {
    "WAV 16 bit": ("wav", "WAV", "PCM_16"),
    "WAV float": ("wav", "WAV", "FLOAT"),
    "AIFF": ("aiff", "AIFF", "PCM_16"),
    "FLAC": ("flac", "FLAC", "PCM_16"),
    "Ogg Vorbis": ("ogg", "OGG", "VORBIS"),
    "Ogg Opus": ("opus", "OGG", "OPUS"),
    "MP3": ("mp3", "", ""),
}


def libsndfile(path: Path) -> np.ndarray:
    frames, _ = soundfile.read(path, dtype="float32", always_2d=True)
    waveform = frames.T.copy()
    audio.validate(waveform, str(path))
    return waveform


def seconds(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def write(path: Path, waveform: np.ndarray, container: str, encoding: str) -> None:
    if container:
        rate = 48_000 if encoding == "OPUS" else RATE
        channels = len(waveform)
        with soundfile.SoundFile(path, "w", rate, channels, encoding, format=container) as file:
            for start in range(0, waveform.shape[1], RATE):  # a minute of Ogg at once is too much
                file.write(waveform[:, start : start + RATE].T)
        return
    encoder = lameenc.Encoder()
    encoder.silence()
    encoder.set_in_sample_rate(RATE)
    encoder.set_channels(len(waveform))
    samples = np.rint(waveform.T * 32_767).astype(np.int16)
    path.write_bytes(bytes(encoder.encode(samples.tobytes())) + bytes(encoder.flush()))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=15)
    rounds = parser.parse_args().rounds

    passage = music(20.0)  # made for half the rate: an octave higher here, and half as long
    waveform = np.tile(passage / np.abs(passage).max(), 6)
    print(f"{'CPU ms a minute':<16} {'merbench':>9} {'libsndfile':>11} {'ratio':>6}")
    with tempfile.TemporaryDirectory() as folder:
        for name, (ending, container, encoding) in FORMATS.items():
            path = Path(folder) / f"minute.{ending}"
            write(path, waveform, container, encoding)
            own, alone = audio.read(path)[0], libsndfile(path)
            if container:
                np.testing.assert_array_equal(own, alone)
            times = [
                (seconds(lambda p=path: audio.read(p)), seconds(lambda p=path: libsndfile(p)))
                for _ in range(rounds)
            ]
            ours, theirs = (median(column) for column in zip(*times, strict=True))
            ratio = median(a / b for a, b in times)
            print(f"{name:<16} {1_000 * ours:>9.1f} {1_000 * theirs:>11.1f} {ratio:>6.2f}")
            del own, alone


if __name__ == "__main__":
    main()
