"""Pieces are played by other instruments; what is bass, drums or other stays what it was."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from multitrack_files import write_midi
from small_trainings import prepared, train

from merbench_plugins.separators.wave_u_net import general_midi
from merbench_plugins.separators.wave_u_net.revoicing import (
    BASS_PROGRAMS,
    VOICE_PROGRAMS,
    revoice,
)


def _score(*programs: int) -> Any:
    import pretty_midi

    score = pretty_midi.PrettyMIDI()
    for place, program in enumerate((*programs, 0)):
        instrument = pretty_midi.Instrument(program, is_drum=place == len(programs))
        instrument.notes = [pretty_midi.Note(100, 40 + place, float(t), t + 0.5) for t in range(4)]
        instrument.control_changes = [
            pretty_midi.ControlChange(number, 64, time)
            for time in (0.0, 2.0)
            for number in (101, 100, 6, 7, 10)
        ]
        instrument.pitch_bends = [pretty_midi.PitchBend(2000, 0.0), pretty_midi.PitchBend(0, 3.5)]
        score.instruments.append(instrument)
    return score


def _kind(program: int) -> str:
    if program in BASS_PROGRAMS:
        return "bass"
    return "voice" if program in VOICE_PROGRAMS else "other"


@pytest.mark.parametrize("seed", range(30))
def test_every_instrument_keeps_its_kind(seed: int) -> None:
    programs = (33, 0, 30, 33, 52, 90, 30, 120)
    score = _score(*programs)
    revoice(score, np.random.default_rng(seed))
    *others, drums = score.instruments
    assert [_kind(i.program) for i in others] == [_kind(p) for p in programs]
    assert others[0].program == others[3].program
    assert others[2].program == others[6].program
    shifts = {i.notes[0].pitch - 40 - place for place, i in enumerate(others)}
    assert len(shifts) == 1
    assert 1 <= abs(shifts.pop()) <= 5
    replaced = zip(others, programs, strict=True)
    assert all(i.program != p for i, p in replaced if p not in VOICE_PROGRAMS)
    assert drums.notes[0].pitch == 40 + len(programs)
    slower = drums.notes[-1].end / 3.5
    assert {i.notes[-1].end for i in score.instruments} == {drums.notes[-1].end}
    assert 0.85 <= slower <= 1.18
    for instrument in score.instruments:
        assert [c.number for c in instrument.control_changes] == [101, 100, 6, 7, 10] * 2
        assert [c.time for c in instrument.control_changes] == pytest.approx(
            [0.0] * 5 + [2.0 * slower] * 5
        )
        assert [b.time for b in instrument.pitch_bends] == pytest.approx([0.0, 3.5 * slower])


def test_instruments_change() -> None:
    heard = set()
    for seed in range(300):
        score = _score(33, 0, 90, 120)
        revoice(score, np.random.default_rng(seed))
        heard.add(tuple(i.program for i in score.instruments[:4]))
    basses, *others = (set(programs) for programs in zip(*heard, strict=True))
    assert basses == {*BASS_PROGRAMS} - {33}
    for programs in others:
        assert len(programs) > 30
        assert not programs & {*BASS_PROGRAMS, *VOICE_PROGRAMS, 55, 91}


def test_notes_stay_within_what_midi_can_say() -> None:
    score = _score(33, 0)
    for note, pitch in zip(score.instruments[0].notes, (0, 1, 126, 127), strict=True):
        note.pitch, note.velocity = pitch, 127
    for seed in range(20):
        revoice(score, np.random.default_rng(seed))
    assert all(0 <= note.pitch <= 127 for note in score.instruments[0].notes)
    assert all(1 <= note.velocity <= 127 for note in score.instruments[0].notes)


def test_a_piece_is_prepared_as_written_and_as_often_again_as_asked(tmp_path: Path) -> None:
    pytest.importorskip("tinysoundfont")
    write_midi(tmp_path / "music" / "song.mid")
    (once,) = prepared(tmp_path / "music", seconds=1.0)
    tracks = prepared(tmp_path / "music", seconds=1.0, revoicings=range(3))
    assert [t.group for t in tracks] == ["song"] * 3
    assert {t.parts for t in tracks} == {once.parts}
    np.testing.assert_array_equal(tracks[0].samples, once.samples)
    lengths = [t.samples.shape[-1] for t in tracks]
    short = min(lengths)
    for one, other in ((0, 1), (0, 2), (1, 2)):
        assert not np.array_equal(
            tracks[one].samples[..., :short], tracks[other].samples[..., :short]
        )
    again = prepared(tmp_path / "music", seconds=1.0, revoicings=range(3))
    for before, after in zip(tracks, again, strict=True):
        np.testing.assert_array_equal(before.samples, after.samples)


def test_a_late_bass_stays_a_stem_of_its_own(tmp_path: Path) -> None:
    pytest.importorskip("tinysoundfont")
    import pretty_midi

    write_midi(tmp_path / "music" / "song.mid")
    score = pretty_midi.PrettyMIDI(str(tmp_path / "music" / "song.mid"))
    bass = next(i for i in score.instruments if i.program == 33)
    bass.notes = [pretty_midi.Note(100, 36, 0.95, 1.4)]
    score.write(str(tmp_path / "music" / "song.mid"))
    tracks = prepared(tmp_path / "music", seconds=1.0, revoicings=range(7))
    assert {t.parts for t in tracks} == {(("bass",), ("drums",), ("other",))}


@pytest.mark.parametrize("named", [False, True])
def test_what_is_validated_and_tested_with_is_as_it_was_written(
    tmp_path: Path, named: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("tinysoundfont")
    revoiced = []

    def noted(score: Any, rng: np.random.Generator) -> None:
        revoiced.append(sum(len(i.notes) for i in score.instruments))
        revoice(score, rng)

    monkeypatch.setattr(general_midi, "revoice", noted)
    for program, name in enumerate(("one", "two", "three"), start=32):
        write_midi(tmp_path / "music" / f"{name}.mid", bass=program)
    write_midi(tmp_path / "held-out" / "four.mid", bass=39)
    write_midi(tmp_path / "unheard" / "five.mid", bass=38)
    options = {"validation": [tmp_path / "held-out"]} if named else {"validation_share": 0.3}
    tests = {"Never heard": tmp_path / "unheard"}
    train([tmp_path / "music"], tmp_path / "out", revoicings=2, tests=tests, **options)
    card = json.loads((tmp_path / "out" / "card.json").read_text())
    assert card["music"]["validation"]["tracks"] == 1
    assert card["music"]["training"]["tracks"] == (9 if named else 6)
    assert card["tests"]["Never heard"]["bass"]["excerpts"] == 1
    assert len(revoiced) == (6 if named else 4)
