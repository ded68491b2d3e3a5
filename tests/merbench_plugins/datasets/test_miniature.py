"""Miniatures of datasets are sound copies in their layouts, of songs that differ."""

from __future__ import annotations

import numpy as np
import pytest

from merbench import audio
from merbench_plugins.datasets._miniature import RATE, SECONDS, write_song
from merbench_plugins.datasets.four_qaed import FourQaed
from merbench_plugins.datasets.merge import NewFourQaed
from merbench_plugins.datasets.mtg_jamendo import MtgJamendo
from merbench_plugins.datasets.pmemo import PMEmo


def test_songs_are_mp3_and_of_their_quadrant(tmp_path):
    found = []
    for quadrant in range(4):
        write_song(tmp_path / f"{quadrant}.mp3", 1, quadrant=quadrant)
        waveform, rate = audio.read(tmp_path / f"{quadrant}.mp3")
        assert rate == RATE
        assert waveform.shape[1] == pytest.approx(SECONDS * RATE, rel=0.05)
        found.append(float(np.sqrt(np.mean(waveform**2))))
    assert min(found[:2]) > 1.5 * max(found[2:])  # Q1 and Q2 are the louder


@pytest.mark.parametrize(
    ("dataset", "count"),
    [
        (FourQaed(), 8),
        (NewFourQaed(), 12),
        (NewFourQaed(subset="balanced"), 8),
        (MtgJamendo(), 12),
        (MtgJamendo(labels="tags", several="first"), 12),
        (PMEmo(), 8),
    ],
    ids=lambda value: getattr(value, "name", value),
)
def test_a_miniature_is_a_sound_copy(dataset, count, tmp_path):
    dataset.miniature(tmp_path)
    clips = dataset.clips(tmp_path)
    assert len(clips) == count
    assert len({clip.group for clip in clips}) == count
    assert [finding for finding in dataset.check(tmp_path) if finding.level == "error"] == []
    assert len({clip.audio.read_bytes() for clip in clips}) == count
