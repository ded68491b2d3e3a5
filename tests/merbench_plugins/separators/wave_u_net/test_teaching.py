"""What of a teacher's vocals is believed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import soundfile
from multitrack_files import RATE

from merbench import CANONICAL_STEMS, Separator
from merbench_plugins.separators.wave_u_net.configuration import Frames
from merbench_plugins.separators.wave_u_net.excerpts import Augmentations, Excerpts
from merbench_plugins.separators.wave_u_net.multitracks import (
    Preparation,
    Prepared,
    find_tracks,
    prepare,
)
from merbench_plugins.separators.wave_u_net.teaching import heard_voice

if TYPE_CHECKING:
    from merbench.components import Waveform


def levels(*decibels: float) -> tuple[np.ndarray, np.ndarray]:
    """Levels of vocals and rest that sum to a power of 1, by the vocals' in dB."""
    own = 10 ** (np.array(decibels) / 10)
    return np.sqrt(own).astype(np.float32), np.sqrt(1 - own).astype(np.float32)


def test_a_song_is_sung_where_the_teacher_hears_more_than_a_trace() -> None:
    sung = heard_voice(*levels(-3, -6, -15, -40, -30, -3))
    assert sung is not None
    assert sung.tolist() == [True, True, True, False, False, True]


def test_music_with_hardly_a_trace_is_instrumental() -> None:
    sung = heard_voice(*levels(-30, -25, -40, -60))
    assert sung is not None
    assert not sung.any()


def test_music_with_a_trace_all_the_time_is_in_doubt() -> None:
    assert heard_voice(*levels(-14, -13, -12, -15)) is None


class Half(Separator):
    """Vocals are a share of the mixture that falls to a trace in the second half."""

    name = "half"
    share: tuple[float, float] = (0.7, 0.01)

    def separate(self, waveform: Waveform, sample_rate: int, *, device: str) -> dict[str, Waveform]:
        middle = waveform.shape[1] // 2
        gain = np.r_[np.full(middle, self.share[0]), np.full(waveform.shape[1] - middle, 0.0)]
        gain[middle:] = self.share[1]
        rest = waveform * (1 - gain).astype(np.float32) / 3
        return dict.fromkeys(CANONICAL_STEMS, rest) | {"vocals": waveform * gain.astype(np.float32)}


def taught(tmp_path: Path, share: tuple[float, float], *, sift: bool) -> list[Prepared]:
    folder = tmp_path / "music" / "Artist"
    folder.mkdir(parents=True, exist_ok=True)
    samples = np.random.default_rng(0).normal(0, 0.1, (8 * RATE, 2))
    soundfile.write(folder / "song.wav", samples, RATE, subtype="FLOAT")
    how = Preparation(RATE, Half(share=share), ("vocals",), sift=sift)
    return prepare(find_tracks(tmp_path / "music"), how, tmp_path / "prepared", lambda m, s: None)


def test_what_is_in_doubt_is_left_out_and_what_is_instrumental_has_no_vocals(
    tmp_path: Path,
) -> None:
    (sung,) = taught(tmp_path, (0.7, 0.01), sift=True)
    assert sung.sung is not None
    assert sung.sung.tolist() == [True] * 4 + [False] * 4
    assert taught(tmp_path, (0.2, 0.2), sift=True) == []
    (instrumental,) = taught(tmp_path, (0.03, 0.03), sift=True)
    assert instrumental.parts == (("bass", "drums", "other"),)
    (as_told,) = taught(tmp_path, (0.2, 0.2), sift=False)
    assert as_told.parts == (("vocals",), ("bass", "drums", "other"))
    np.testing.assert_allclose(
        instrumental.samples.sum(axis=0), as_told.samples.sum(axis=0), atol=1e-3
    )


def test_a_trace_of_vocals_counts_with_the_rest(tmp_path: Path) -> None:
    tracks = taught(tmp_path, (0.7, 0.01), sift=True)
    frames = Frames(RATE // 2, RATE // 2)
    excerpts = Excerpts(tracks, frames, RATE, Augmentations(0, 0, 0, 0, 0))
    (track,) = tracks
    stretch = dict(excerpts._stretch(track, 6 * RATE, RATE))
    assert not stretch["vocals",].any()
    whole = sum(stretch.values())
    np.testing.assert_allclose(
        whole, track.samples[:, :, 6 * RATE : 7 * RATE].astype(np.float32).sum(axis=0), atol=1e-3
    )
    voiced = dict(excerpts._stretch(track, RATE, RATE))
    np.testing.assert_allclose(
        voiced["vocals",], track.samples[0, :, RATE : 2 * RATE].astype(np.float32), atol=1e-6
    )
