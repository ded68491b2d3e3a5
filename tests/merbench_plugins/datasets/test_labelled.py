"""What holds for every release of a dataset: read whole, and what lacks is said."""

from __future__ import annotations

import re

import miniatures
import pytest
from quadrant_clips import errors

from merbench import MerbenchError, Task
from merbench.planning.datasets import check_clips
from merbench_plugins.datasets.emopia import Emopia
from merbench_plugins.datasets.emotify import Emotify
from merbench_plugins.datasets.four_qaed import FourQaed
from merbench_plugins.datasets.merge import Merge, NewFourQaed
from merbench_plugins.datasets.mtg_jamendo import MtgJamendo
from merbench_plugins.datasets.soundtracks import Soundtracks

RELEASES = {
    "4qaed": (FourQaed(), miniatures.four_qaed, 8),
    "4qaed without audio": (FourQaed(audio=False), miniatures.four_qaed, 8),
    "merge": (Merge(), miniatures.merge, 12),
    "new-4qaed": (NewFourQaed(), miniatures.new_four_qaed, 8),
    "mtg-jamendo": (MtgJamendo(), miniatures.mtg_jamendo, 4),
    "emopia": (Emopia(seconds=1.0, sample_rate=8_000), miniatures.emopia, 4),
    "emotify": (Emotify(), miniatures.emotify, 4),
    "soundtracks": (Soundtracks(), miniatures.soundtracks, 4),
}


@pytest.mark.parametrize(("dataset", "make", "count"), RELEASES.values(), ids=RELEASES.keys())
def test_a_release_is_read_whole_and_found_sound(tmp_path, dataset, make, count):
    root = make(tmp_path / "release")
    clips = dataset.clips(root)
    assert len(clips) == count
    check_clips(dataset, clips)
    assert dataset.clips(root) == clips
    assert dataset.task is Task.QUADRANT
    assert len({clip.group for clip in clips}) > 1
    assert errors(dataset.check(root)) == []
    assert dataset.homepage
    assert dataset.licence
    assert dataset.citation


@pytest.mark.parametrize(("dataset", "make", "count"), RELEASES.values(), ids=RELEASES.keys())
def test_what_is_not_there_is_said_with_what_to_do(tmp_path, dataset, make, count):
    with pytest.raises(MerbenchError, match=r"set the root|missing"):
        dataset.clips(tmp_path)
    assert errors(dataset.check(tmp_path / "nowhere"))
    if dataset.has_audio:
        root = make(tmp_path / "release")
        dataset.clips(root)[0].audio.unlink()
        with pytest.raises(MerbenchError, match=r"\.csv:\d+|\.tsv:\d+"):
            dataset.clips(root)


def test_a_download_that_nobody_may_do_says_where_to_get_the_data(tmp_path):
    for dataset in (FourQaed(), Merge(), Emopia(), Emotify(), Soundtracks()):
        with pytest.raises(MerbenchError, match=re.escape(dataset.homepage)):
            dataset.fetch(tmp_path, lambda name, share: None)
