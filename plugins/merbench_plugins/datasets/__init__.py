"""First-party datasets, on the same hook as anyone's."""

from __future__ import annotations

from collections.abc import Iterator

from merbench import ClassAt, classes_in, hookimpl

_MODULES = {
    "deam": {"deam": "Deam"},
    "demo": {"demo": "Demo"},
    "emomusic": {"emomusic": "EmoMusic"},
    "emopia": {"emopia": "Emopia"},
    "emotify": {"emotify": "Emotify"},
    "four_qaed": {"4qaed": "FourQaed"},
    "merge": {"new-4qaed": "NewFourQaed", "merge": "Merge"},
    "mtg_jamendo": {"mtg-jamendo": "MtgJamendo"},
    "pmemo": {"pmemo": "PMEmo"},
    "soundtracks": {"soundtracks": "Soundtracks"},
    "table": {"table": "Table"},
    "vgmidi": {"vgmidi": "VGMidi"},
}
"""The classes of each module, by the names of their components."""


@hookimpl
def merbench_datasets() -> Iterator[ClassAt]:
    """Name every dataset of this package."""
    return classes_in(__name__, _MODULES)
