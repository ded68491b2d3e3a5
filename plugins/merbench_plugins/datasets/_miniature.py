"""What the miniatures of datasets are made of: a few seconds of made music, and tables."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path

from merbench_plugins.datasets.quadrant_labels import QUADRANTS

SECONDS, RATE = 4.0, 22_050


def write_song(path: Path, number: int, *, quadrant: int = 0, seconds: float = SECONDS) -> None:
    """Write a made song as MP3: chords in major or minor, fast or slow, loud or soft.

    Parameters
    ----------
    path
        Where, whatever its suffix.
    number
        Songs of different numbers differ in key and noise.
    quadrant
        0 to 3, Q1 to Q4: Q1 and Q4 are in major, Q1 and Q2 fast and loud.
    seconds
        Length.
    """
    import numpy as np
    import soundfile

    major, lively = quadrant in (0, 3), quadrant in (0, 1)
    t = np.arange(round(seconds * RATE)) / RATE
    root = 220 * 2 ** (number % 12 / 12)
    chord = (1.0, 1.25 if major else 1.2, 1.5)
    beats = np.exp(-6 * (t % (0.25 if lively else 1.0)))
    tones = sum(np.sin(2 * np.pi * root * ratio * t) for ratio in chord)
    hiss = 0.05 * np.random.default_rng(number).standard_normal(t.size)
    samples = (0.25 if lively else 0.08) * beats * (tones + hiss)
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, samples.astype(np.float32), RATE, format="MP3")


def write_table(path: Path, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write a CSV file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)


def write_quadrants(folder: Path, names: Sequence[str]) -> list[tuple[str, str]]:
    """Write songs into folders Q1 to Q4 in turn; return each with its quadrant."""
    songs = []
    for number, name in enumerate(names):
        quadrant = number % len(QUADRANTS)
        write_song(folder / QUADRANTS[quadrant] / f"{name}.mp3", number, quadrant=quadrant)
        songs.append((name, QUADRANTS[quadrant]))
    return songs
