"""Music is found under a folder, and prepared once, whatever is known of it."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import pytest
import soundfile
from multitrack_files import RATE, STEMS, write_midi, write_track
from small_trainings import prepared

from merbench import CANONICAL_STEMS, MerbenchError, Separator
from merbench_plugins.separators.wave_u_net.multitracks import find_tracks

if TYPE_CHECKING:
    from merbench.audio import Waveform


def test_musdb_only_its_training_part(tmp_path: Path) -> None:
    write_track(tmp_path / "musdb" / "train" / "A - One", mix="mixture.wav")
    write_track(tmp_path / "musdb" / "train" / "A - Two", mix="mixture.wav")
    write_track(tmp_path / "musdb" / "test" / "B - Three", mix="mixture.wav")
    tracks = find_tracks(tmp_path / "musdb")
    assert [t.name for t in tracks] == ["train/A - One", "train/A - Two"]
    assert {t.group for t in tracks} == {"A"}
    assert set(tracks[0].files) == {*STEMS, "mix"}


def test_every_kind_of_music_under_one_folder(tmp_path: Path) -> None:
    root = tmp_path / "all"
    write_track(root / "deep" / "er" / "track", ("vocals", "accompaniment"), mix="")
    write_midi(root / "song.mid")
    for path in ("alone.wav", "artist/first.wav", "artist/second.wav", "artist/notes.txt"):
        (root / path).parent.mkdir(exist_ok=True)
        soundfile.write(root / path, np.zeros(10), RATE, format="WAV")
    tracks = {t.name.removeprefix("all/"): (t.group, set(t.files)) for t in find_tracks(root)}
    assert tracks == {
        "deep/er/track": ("track", {"vocals", "accompaniment"}),
        "song.mid": ("song", {"midi"}),
        "alone.wav": ("alone", {"music"}),
        "artist/first.wav": ("artist", {"music"}),
        "artist/second.wav": ("artist", {"music"}),
    }


def test_folders_that_cannot_be_trained_on(tmp_path: Path) -> None:
    with pytest.raises(MerbenchError, match="nowhere is no folder"):
        find_tracks(tmp_path / "nowhere")
    with pytest.raises(MerbenchError, match="holds no multitracks, MIDI or audio"):
        find_tracks(tmp_path)
    (tmp_path / "train").mkdir()
    (tmp_path / "train" / "Song.stem.mp4").touch()
    with pytest.raises(MerbenchError, match=r"compressed stems.*MUSDB18-HQ"):
        find_tracks(tmp_path)
    write_track(tmp_path / "train" / "twice")
    shutil.copy(tmp_path / "train/twice/bass.wav", tmp_path / "train/twice/bass.flac")
    with pytest.raises(MerbenchError, match="second bass"):
        find_tracks(tmp_path)


@pytest.mark.parametrize(
    ("stems", "mix", "parts"),
    [
        (STEMS, "mix.wav", ["bass", "drums", "other", "vocals"]),
        (STEMS, "", ["bass", "drums", "other", "vocals"]),
        (("vocals",), "mix.wav", ["vocals", "bass+drums+other"]),
        (("accompaniment", "vocals"), "", ["vocals", "bass+drums+other"]),
        (("accompaniment",), "mix.wav", ["bass+drums+other", "vocals"]),
        (("accompaniment", "bass"), "mix.wav", ["bass", "drums+other", "vocals"]),
        ((*STEMS, "accompaniment"), "mix.wav", ["bass", "drums", "other", "vocals"]),
        (("bass", "drums"), "", ["bass", "drums"]),
    ],
)
def test_what_is_known_of_a_track_is_a_partition(
    tmp_path: Path, stems: tuple[str, ...], mix: str, parts: list[str]
) -> None:
    true = write_track(tmp_path / "music" / "track", stems, mix=mix)
    (track,) = prepared(tmp_path / "music")
    assert ["+".join(part) for part in track.parts] == parts
    for part, samples in zip(track.parts, track.samples, strict=True):
        expected = np.sum([true[source] for source in part], axis=0)
        np.testing.assert_allclose(samples, expected, atol=1e-3)
        np.testing.assert_allclose(
            track.levels[track.parts.index(part)],
            np.sqrt((expected.reshape(2, 3, RATE) ** 2).mean(axis=(0, 2))),
            atol=1e-4,
        )


class Tenth(Separator):
    """Vocals are a tenth of the mixture; every call is counted."""

    name = "tenth"
    calls: ClassVar[list[int]] = []

    def separate(self, waveform: Waveform, sample_rate: int, *, device: str) -> dict[str, Waveform]:
        self.calls.append(waveform.shape[1])
        return dict.fromkeys(CANONICAL_STEMS, waveform / 4) | {"vocals": waveform / 10}


def test_a_teacher_is_asked_once_and_believed_where_said(tmp_path: Path) -> None:
    true = write_track(tmp_path / "music" / "Artist", (), mix="song.wav", rate=16000)
    mix = true["accompaniment"] + true["vocals"]
    Tenth.calls.clear()
    for _ in range(2):
        (track,) = prepared(tmp_path / "music", teacher=Tenth(), teacher_stems=("vocals",))
    assert Tenth.calls == [48000]
    assert track.parts == (("vocals",), ("bass", "drums", "other"))
    assert track.samples.shape == (2, 2, 3 * RATE)
    inner = slice(100, -100)
    np.testing.assert_allclose(
        track.samples[0, :, inner] * 9, track.samples[1, :, inner], atol=5e-3
    )
    assert abs(track.levels[0, 0] - np.sqrt((mix[:, :16000] ** 2).mean()) / 10) < 2e-3
    (track,) = prepared(tmp_path / "music", teacher=Tenth())
    assert len(Tenth.calls) == 2
    assert track.parts == tuple((stem,) for stem in STEMS)


def test_music_without_stems_needs_a_teacher(tmp_path: Path) -> None:
    write_track(tmp_path / "music" / "Artist", (), mix="song.wav")
    with pytest.raises(MerbenchError, match=r"song\.wav is music without stems.*--teacher"):
        prepared(tmp_path / "music")
