"""One labelled excerpt of music, and the names of its stems."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from merbench.errors import printable

MIXED = "mixed"
CANONICAL_STEMS = ("bass", "drums", "other", "vocals")


@dataclass(frozen=True)
class Clip:
    """One labelled excerpt of music.

    Parameters
    ----------
    id
        Unique within its dataset.
    group
        Artist, song or series. A group never stands on both sides of a split.
    label
        One number a column of the dataset's task (`Task.columns`), or a class
        (`Dataset.class_names`).
    audio
        The file the clip is decoded from: audio, or whatever its dataset's `decode` reads. Of a
        dataset without audio: the file that its features are read from.
    stems
        True stems, where the dataset has them as files: name to path.
    ratings
        One (valence, arousal) on [0, 1] a rater, where raters are known.
    features
        The feature vector that is published with the clip, where there is one.
    split
        The published part the clip belongs to ("train", "validation", "test"), where there is one.
    provenance
        What was done to the label on the way in, e.g. "valence and arousal swapped back".
    """

    id: str
    group: str
    label: tuple[float, ...]
    audio: Path
    stems: Mapping[str, Path] = field(default_factory=dict)
    ratings: tuple[tuple[float, float], ...] = ()
    features: tuple[float, ...] = ()
    split: str = ""
    provenance: str = ""

    def __post_init__(self) -> None:
        # They may come from names of files, and go into tables of text.
        object.__setattr__(self, "id", printable(self.id))
        object.__setattr__(self, "group", printable(self.group))
