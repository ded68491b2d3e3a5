"""One labelled excerpt of music, and the names of its stems."""

from __future__ import annotations

import numbers
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

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
        object.__setattr__(self, "id", printable(_text(self, "id")))
        object.__setattr__(self, "group", printable(_text(self, "group")))
        object.__setattr__(self, "split", _text(self, "split"))
        audio: Any = self.audio
        if not isinstance(audio, Path):
            object.__setattr__(self, "audio", _path(audio, f"the audio of clip {self.id}"))
        for name in ("label", "features"):
            values = getattr(self, name)
            # Of our own datasets they are what they should be, and there are many.
            if not _is_plain(values):
                object.__setattr__(self, name, _numbers(values, f"the {name} of clip {self.id}"))
        if type(self.ratings) is not tuple or not all(map(_is_plain, self.ratings)):
            what = f"a rating of clip {self.id}"
            ratings = tuple(_numbers(rating, what) for rating in self.ratings)
            object.__setattr__(self, "ratings", ratings)


def _is_plain(values: Any) -> bool:
    return type(values) is tuple and all(type(v) is float for v in values)


def _text(clip: Clip, name: str) -> str:
    """Return a text of a clip; a whole number, as tables have for ids, is written as one."""
    value = getattr(clip, name)
    if isinstance(value, str):
        return value
    if not isinstance(value, bool) and isinstance(value, numbers.Integral):
        return str(int(value))
    whose = "of a clip" if name == "id" else f"of clip {clip.id}"
    raise TypeError(f"the {name} {whose} is {value!r}, no text; write it as text")


def _path(value: Any, what: str) -> Path:
    try:
        return Path(value)
    except TypeError:
        raise TypeError(f"{what} is {value!r}, no path; give the path of a file") from None


def _numbers(values: Any, what: str) -> tuple[float, ...]:
    """Return numbers of whatever kind and container, as NumPy's and a table's, as Python's."""
    try:
        found = tuple(values)
    except TypeError:
        found = (values,)
    if isinstance(values, str) or not all(isinstance(v, numbers.Real) for v in found):
        raise TypeError(f"{what} is {values!r}; give a number for each column, as in (0.5, 0.2)")
    return tuple(float(v) for v in found)
