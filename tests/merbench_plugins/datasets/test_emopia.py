"""EMOPIA, from its folder and from its archive."""

from __future__ import annotations

import zipfile

import miniatures
import numpy as np
import pytest
from miniatures import edit
from quadrant_clips import quadrants

from merbench import MerbenchError
from merbench.benchmark.protocols import PublishedSplit
from merbench_plugins.datasets.emopia import Emopia


def test_emopia_takes_quadrant_and_song_from_names_and_the_published_split(tmp_path):
    clips = {clip.id: clip for clip in Emopia().clips(miniatures.emopia(tmp_path))}
    assert list(clips) == sorted(miniatures.EMOPIA_CLIPS)
    assert [clip.group for clip in clips.values()] == [
        "0vLPYiPN7qY", "a_b-c_d-eF", "-xYz_12-AbC", "0vLPYiPN7qY",
    ]  # fmt: skip
    assert quadrants(clips.values()) == {name: name[:2] for name in clips}
    assert [clip.split for clip in clips.values()] == ["train", "validation", "test", ""]


def test_emopia_is_read_from_its_archive_as_from_its_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("MERBENCH_HOME", str(tmp_path / "home"))
    root = miniatures.emopia(tmp_path / "release")
    dataset = Emopia(seconds=1.0, sample_rate=8_000)
    plain = dataset.clips(root)
    waveform, rate = dataset.decode(plain[0])
    with zipfile.ZipFile(root / "midis.zip", "w") as content:
        for path in (root / "midis").iterdir():
            content.write(path, path.relative_to(root))
            path.unlink()
    (root / "midis").rmdir()
    packed = dataset.clips(root)
    assert [(c.id, c.group, c.label, c.split) for c in packed] == [
        (c.id, c.group, c.label, c.split) for c in plain
    ]
    assert np.array_equal(dataset.decode(packed[0])[0], waveform)
    assert rate == 8_000
    assert waveform.shape == (2, 8_000)
    assert list(root.glob("midis/*")) == []
    assert dataset.clips(root) == packed
    (root / "midis.zip").write_bytes(b"PK\x03\x04 cut short")
    with pytest.raises(MerbenchError, match=r"midis.zip: it cannot be unpacked .* fetch it anew"):
        dataset.clips(root)


@pytest.mark.parametrize(
    ("file", "old", "new", "says"),
    [
        ("train.csv", "Q1_0vLPYiPN7qY_0,Q1", "Q1_0vLPYiPN7qY_0,Q2", "which its name contradicts"),
        ("label.csv", "Q1_0vLPYiPN7qY_0,1", "Q1_0vLPYiPN7qY_0,3", "is labelled Q3, which its name"),
        ("val.csv", "Q2_a_b-c_d-eF_11,Q2", "Q2_gone_1,Q2", "clip Q2_gone_1 has no MIDI file"),
        ("val.csv", "Q2_a_b-c_d-eF_11,Q2", "Q1_0vLPYiPN7qY_0,Q1", "is in train already"),
    ],
)
def test_emopias_tables_must_agree(tmp_path, file, old, new, says):
    root = miniatures.emopia(tmp_path)
    edit(root / file, old, new)
    with pytest.raises(MerbenchError, match=says):
        Emopia().clips(root)


def test_emopia_of_the_reference_material(shared, tmp_path, monkeypatch):
    monkeypatch.setenv("MERBENCH_HOME", str(tmp_path))
    clips = Emopia().clips(shared / "data/emopia")
    assert len(clips) == 1_078
    assert len({clip.group for clip in clips}) == 387
    parts = [clip.split for clip in clips]
    assert [parts.count(p) for p in ("train", "validation", "test", "")] == [767, 198, 86, 27]
    (fold,) = PublishedSplit().splits(clips)
    assert (len(fold.train), len(fold.test)) == (965, 86)
