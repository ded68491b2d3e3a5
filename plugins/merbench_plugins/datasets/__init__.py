"""First-party datasets, on the same hook as anyone's."""

from __future__ import annotations

from collections.abc import Iterator

from merbench import Dataset, hookimpl


@hookimpl
def merbench_datasets() -> Iterator[type[Dataset]]:
    """Yield every dataset of this package."""
    from merbench_plugins.datasets.deam import Deam
    from merbench_plugins.datasets.demo import Demo
    from merbench_plugins.datasets.emomusic import EmoMusic
    from merbench_plugins.datasets.emopia import Emopia
    from merbench_plugins.datasets.emotify import Emotify
    from merbench_plugins.datasets.four_qaed import FourQaed
    from merbench_plugins.datasets.merge import Merge, NewFourQaed
    from merbench_plugins.datasets.mtg_jamendo import MtgJamendo
    from merbench_plugins.datasets.pmemo import PMEmo
    from merbench_plugins.datasets.soundtracks import Soundtracks
    from merbench_plugins.datasets.table import Table
    from merbench_plugins.datasets.vgmidi import VGMidi

    yield from (Demo, PMEmo, Deam, EmoMusic, VGMidi)
    yield from (FourQaed, NewFourQaed, Merge, MtgJamendo, Emopia, Emotify, Soundtracks)
    yield Table
