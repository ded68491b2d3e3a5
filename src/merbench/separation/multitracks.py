"""Multitracks to measure separators on: finding and decoding them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from merbench import audio
from merbench.components import CANONICAL_STEMS
from merbench.errors import MerbenchError, printable

if TYPE_CHECKING:
    from merbench.audio import Waveform


ACCOMPANIMENT = "accompaniment"
VOCALS = "vocals"
MIXTURE = "mixture"
STEMS = (*CANONICAL_STEMS, ACCOMPANIMENT)

_MIX_NAMES = ("mix", "mixture")


class MultitrackFiles(NamedTuple):
    """A multitrack as found: its files by stem; `mix` is the mixture's, where there is one."""

    name: str
    files: Mapping[str, Path]


@dataclass(frozen=True)
class Multitrack:
    """A mixture and its true stems, all of shape (channels, samples)."""

    name: str
    sample_rate: int
    mix: Waveform
    stems: Mapping[str, Waveform]


def find_multitracks(root: Path) -> list[MultitrackFiles]:
    """Find the multitracks under a folder, in the order of their names.

    Parameters
    ----------
    root
        A folder with, at any depth, one folder a track, holding audio files named bass, drums,
        other, vocals or accompaniment, as many of them as there are, and mix or mixture. Of a
        MUSDB18(-HQ) folder, one with `train` and `test` in it, `test` is taken.

    Raises
    ------
    MerbenchError
        There is none, only compressed ones, or a track has a stem twice.
    """
    root = root.expanduser()
    if not root.is_dir():
        raise MerbenchError(f"{root} is no folder; name one that holds multitracks")
    parts = (root / "train", root / "test")
    searched = parts[1] if all(part.is_dir() for part in parts) else root
    tracks = list(_multitracks(searched, searched))
    if tracks:
        return tracks
    compressed = next(searched.rglob("*.stem.mp4"), None)
    if compressed is not None:
        raise MerbenchError(
            f"{compressed} holds compressed stems, which merbench does not decode; use "
            "MUSDB18-HQ, or convert the dataset to WAV files with musdbconvert"
        )
    raise MerbenchError(
        f"{searched} holds no multitracks; put each track's stems into a folder of its own, as "
        f"audio files named {', '.join(STEMS)} and mix"
    )


def _multitracks(folder: Path, root: Path) -> Iterator[MultitrackFiles]:
    inside = sorted(p for p in folder.iterdir() if not p.name.startswith("."))
    files: dict[str, Path] = {}
    for path in inside:
        stem = path.stem.lower()
        stem = "mix" if stem in _MIX_NAMES else stem
        if (
            path.suffix.lower() not in audio.SUFFIXES
            or stem not in (*STEMS, "mix")
            or not path.is_file()
        ):
            continue
        if stem in files:
            raise MerbenchError(
                f"{path} is the track's second {stem} beside {files[stem].name}; remove one"
            )
        files[stem] = path
    if files.keys() & {*STEMS}:
        name = folder.relative_to(root).as_posix() if folder != root else root.absolute().name
        yield MultitrackFiles(printable(name), files)
        return
    for path in inside:
        if path.is_dir():
            yield from _multitracks(path, root)


def read_multitrack(track: MultitrackFiles) -> Multitrack:
    """Decode a multitrack.

    Mono stands on every channel where another file has more; what is shorter ends in silence. A
    missing mixture is the sum of the stems.

    Raises
    ------
    AudioError
        A file cannot be decoded.
    MerbenchError
        The files' sample rates or channels do not fit together.
    """
    decoded = {stem: audio.read(path) for stem, path in track.files.items()}
    rates = {rate for _, rate in decoded.values()}
    if len(rates) > 1:
        rates_text = ", ".join(f"{stem} {rate} Hz" for stem, (_, rate) in decoded.items())
        raise MerbenchError(
            f"track {track.name}: its files have different sample rates ({rates_text}); "
            "resample them to one"
        )
    channels = max(len(waveform) for waveform, _ in decoded.values())
    length = max(waveform.shape[1] for waveform, _ in decoded.values())
    waveforms = {
        stem: _shaped(waveform, channels, length, f"track {track.name}: {stem}")
        for stem, (waveform, _) in decoded.items()
    }
    stems = {stem: waveforms[stem] for stem in STEMS if stem in waveforms}
    mix = waveforms.get("mix")
    return Multitrack(track.name, rates.pop(), _summed(stems) if mix is None else mix, stems)


def _shaped(waveform: Waveform, channels: int, length: int, what: str) -> Waveform:
    if len(waveform) not in (1, channels):
        raise MerbenchError(
            f"{what} has {len(waveform)} channels and another file of the track {channels}; "
            "give them one number of channels"
        )
    wide = np.broadcast_to(waveform, (channels, waveform.shape[1]))
    return np.pad(wide, ((0, 0), (0, length - waveform.shape[1])))


def _summed(stems: Mapping[str, Waveform]) -> Waveform:
    """Sum what does not overlap: an accompaniment already has bass, drums and other in it."""
    parts = (ACCOMPANIMENT, VOCALS) if ACCOMPANIMENT in stems else CANONICAL_STEMS
    total: Waveform = np.sum([stems[s] for s in parts if s in stems], axis=0, dtype=np.float32)
    return total
