"""The checks of datasets: sound ones pass, and each check catches what breaks it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from checked_plugins import COUNTER, Folder, Made, failed, results, tone

from merbench import Clip, Dataset, Finding


@pytest.mark.parametrize("cls", [Made, Folder])
def test_a_sound_dataset_passes(cls: type[Dataset]) -> None:
    found = results(cls)
    assert {name: r.detail for name, r in found.items() if r.status == "failed"} == {}
    checked = "yields sound clips" if cls is Made else "says what is missing from an empty folder"
    assert found[checked].status == "passed"


class AcceptsNothing(Folder):
    """Finds no clips in an empty folder and thinks that fine."""

    def clips(self, root: Path) -> list[Clip]:
        return []


class Trips(Folder):
    """Stumbles over an empty folder."""

    def clips(self, root: Path) -> list[Clip]:
        return [open(root / "labels.csv")]  # type: ignore[list-item]  # noqa: PTH123


class Complacent(Folder):
    """Never finds anything wrong."""

    def check(self, root: Path) -> list[Finding]:
        return []


class OneGroup(Made):
    """All of one artist."""

    def clips(self, root: Path) -> list[Clip]:
        return [Clip(c.id, "same", c.label, c.audio) for c in super().clips(root)]


class Shifting(Made):
    """Other clips each time."""

    def clips(self, root: Path) -> list[Clip]:
        clips = super().clips(root)
        return [Clip(f"c{next(COUNTER)}", c.group, c.label, c.audio) for c in clips]


class SameIds(Made):
    """One id for two clips."""

    def clips(self, root: Path) -> list[Clip]:
        return super().clips(root) * 2


class OutOfRange(Made):
    """Labels on 1 to 9."""

    def clips(self, root: Path) -> list[Clip]:
        return [Clip(c.id, c.group, (5.0, 5.0, 1.0, 1.0), c.audio) for c in super().clips(root)]


class DecodesByChance(Made):
    """Another waveform each time."""

    def decode(self, clip: Clip) -> tuple[Any, int]:
        return tone(next(COUNTER)), 8_000


class WrongStems(Made):
    """Stems that do not sum to the clip."""

    def true_stems(self, clip: Clip) -> tuple[dict[str, Any], int]:
        return {"bass": tone(3), "other": tone(4)}, 8_000


class Nothing(Made):
    """No list."""

    def clips(self, root: Path) -> Any:
        return None


class Tuples(Made):
    """Tuples for clips."""

    def clips(self, root: Path) -> Any:
        return [(c.id, c.group, c.label) for c in super().clips(root)]


class DecodesNothing(Made):
    """No waveform."""

    def decode(self, clip: Clip) -> Any:
        return None


class DecodesAtNoRate(Made):
    """A sample rate in words."""

    def decode(self, clip: Clip) -> Any:
        return tone(1), "8 kHz"


class Lazy(Made):
    """A generator of clips, as tables of NumPy have them."""

    def clips(self, root: Path) -> Any:
        for number, clip in enumerate(super().clips(root)):
            label = np.array(clip.label, dtype=np.float32)
            yield Clip(clip.id, number, label, str(clip.audio))  # type: ignore[arg-type]


def test_what_tables_have_for_ids_labels_and_paths_will_do() -> None:
    assert failed(Lazy) == {}


SOUND = "yields sound clips"


@pytest.mark.parametrize(
    ("cls", "check", "detail"),
    [
        (AcceptsNothing, "says what is missing from an empty folder", "was accepted"),
        (AcceptsNothing, "checks an empty folder", "finds nothing wrong"),
        (Trips, "says what is missing from an empty folder", "FileNotFoundError"),
        (Complacent, "checks an empty folder", "finds nothing wrong"),
        (OneGroup, SOUND, "all clips are of one group"),
        (Shifting, SOUND, "two readings give different clips"),
        (SameIds, SOUND, "clip c0: its id stands twice"),
        (OutOfRange, SOUND, "valence_mean is 5, outside [0, 1]"),
        (DecodesByChance, SOUND, "clip c0 decodes differently twice"),
        (Nothing, SOUND, "clips() of made returned None; let it return a list"),
        (Tuples, SOUND, "has a value of the type tuple at position 0"),
        (DecodesNothing, SOUND, "decode() of made returned None; let it return a waveform"),
        (DecodesAtNoRate, SOUND, "its sample rate is '8 kHz', no number"),
        (WrongStems, SOUND, "stems of clip c0 do not sum to it"),
    ],
)
def test_a_broken_dataset_fails_its_check(cls: type[Dataset], check: str, detail: str) -> None:
    assert detail in failed(cls).get(check, "passed")
