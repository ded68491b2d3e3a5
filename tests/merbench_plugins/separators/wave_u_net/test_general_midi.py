"""MIDI is rendered stem by stem, and stems that cannot be told apart are known in sum."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from multitrack_files import RATE, write_midi
from small_trainings import prepared

from merbench import MerbenchError
from merbench_plugins.datasets.midi import default_soundfont
from merbench_plugins.separators.wave_u_net.general_midi import render_stems


def test_midi_is_rendered_stem_by_stem(tmp_path: Path) -> None:
    pytest.importorskip("tinysoundfont")
    write_midi(tmp_path / "music" / "song.mid")
    (track,) = prepared(tmp_path / "music")
    assert track.parts == (("bass",), ("drums",), ("other",))
    assert (track.levels[:, 0] > 1e-3).all()
    spectra = np.abs(np.fft.rfft(track.samples[:, :, :RATE].astype(np.float32))).sum(axis=1)
    low = spectra[:, :150].sum(axis=1) / spectra.sum(axis=1)
    assert low[0] > 3 * low[2]


def test_midi_whose_bass_has_another_name_is_known_in_sum(tmp_path: Path) -> None:
    pytest.importorskip("tinysoundfont")
    lead_synthesiser = 81
    write_midi(tmp_path / "music" / "song.mid", bass=lead_synthesiser)
    (track,) = prepared(tmp_path / "music")
    assert track.parts == (("drums",), ("bass", "other"))
    assert track.levels.max(axis=1).min() > 0.01


def test_midi_without_stems(tmp_path: Path) -> None:
    (tmp_path / "music").mkdir()
    (tmp_path / "music" / "song.mid").write_bytes(b"no music")
    with pytest.raises(MerbenchError, match=r"song\.mid cannot be read as MIDI"):
        prepared(tmp_path / "music")


def test_voices_are_left_out_and_stems_have_one_length(tmp_path: Path) -> None:
    pytest.importorskip("tinysoundfont")
    import pretty_midi

    write_midi(tmp_path / "song.mid")
    score = pretty_midi.PrettyMIDI(str(tmp_path / "song.mid"))
    choir = next(i for i in score.instruments if i.program == 52)
    score.instruments = [i for i in score.instruments if i is not choir]
    score.write(str(tmp_path / "without.mid"))
    with_choir, without = (
        render_stems(
            tmp_path / f"{name}.mid",
            seconds=1.0,
            sample_rate=RATE,
            soundfont=default_soundfont(),
        )
        for name in ("song", "without")
    )
    assert set(with_choir) == set(without) == {"bass", "drums", "other"}
    for name, stem in with_choir.items():
        assert stem.shape == (2, RATE)
        np.testing.assert_array_equal(stem, without[name])
