"""Small multitracks for tests of training and evaluation."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soundfile

RATE = 8000
STEMS = ("bass", "drums", "other", "vocals")


def stem(name: str, seconds: float, seed: int, rate: int = RATE) -> np.ndarray:
    """A sound of its own for each stem, shape (2, samples)."""
    rng = np.random.default_rng(seed)
    time = np.arange(int(seconds * rate)) / rate
    if name == "drums":
        mono = rng.normal(0, 0.3, time.size) * np.exp(-20 * (time % 0.25))
    else:
        low = {"bass": 60, "other": 300, "vocals": 900}[name]
        mono = 0.3 * np.sin(2 * np.pi * low * rng.uniform(1, 1.3) * time + rng.uniform(0, 6))
    return np.stack([mono, 0.8 * mono]).astype(np.float32)


def write_track(
    folder: Path,
    stems: tuple[str, ...] = STEMS,
    *,
    mix: str = "mix.wav",
    seconds: float = 3.0,
    seed: int = 0,
    rate: int = RATE,
) -> dict[str, np.ndarray]:
    """Write a multitrack of some of the stems, with the mixture of all unless `mix` is empty."""
    folder.mkdir(parents=True)
    true = {name: stem(name, seconds, seed, rate) for name in STEMS}
    true["accompaniment"] = true["bass"] + true["drums"] + true["other"]
    for name in stems:
        soundfile.write(folder / f"{name}.wav", true[name].T, rate, subtype="FLOAT")
    if mix:
        whole = true["accompaniment"] + true["vocals"]
        soundfile.write(folder / mix, whole.T, rate, subtype="FLOAT")
    return true


def write_midi(path: Path, bass: int = 33) -> None:
    """Write a piece with drums, bass, piano and a choir, two seconds long."""
    import pretty_midi

    score = pretty_midi.PrettyMIDI()
    for program, drums, pitch in (
        (bass, False, 36),
        (0, True, 38),
        (0, False, 72),
        (52, False, 60),
    ):
        instrument = pretty_midi.Instrument(program, is_drum=drums)
        instrument.notes = [
            pretty_midi.Note(100, pitch, start, start + 0.4) for start in (0.0, 0.5, 1.0, 1.5)
        ]
        score.instruments.append(instrument)
    path.parent.mkdir(parents=True, exist_ok=True)
    score.write(str(path))
