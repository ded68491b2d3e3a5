from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import miniatures
import numpy as np
import pytest
from miniatures import PIECES, edit, raters

from merbench import AudioError, MerbenchError
from merbench_plugins.datasets import midi
from merbench_plugins.datasets.vgmidi import VGMidi

SHORT = {"seconds": 0.5, "sample_rate": 8_000}


@pytest.fixture
def release(tmp_path: Path) -> Path:
    return miniatures.vgmidi_release(tmp_path / "vgmidi")


@pytest.fixture
def prepared(tmp_path: Path) -> Path:
    return miniatures.vgmidi_prepared(tmp_path / "vgmidi")


def label_of(rated: miniatures.Raters) -> tuple[float, ...]:
    means = np.array([[np.mean(valence), np.mean(arousal)] for valence, arousal in rated.values()])
    ratings = (means + 1) / 2
    return (*ratings.mean(axis=0), *ratings.std(axis=0))


def test_prepared_table_is_read(prepared: Path) -> None:
    clips = VGMidi().clips(prepared)
    assert [clip.id for clip in clips] == [str(song) for song in PIECES]
    for clip in clips:
        assert clip.label == pytest.approx(label_of(raters(int(clip.id))), abs=2e-6)
        assert len(clip.ratings) == 6  # the rater who never moved is left out
    assert [clip.group for clip in clips[:2]] == ["banjo-kazooie", "banjo-tooie"]


def test_release_is_read(release: Path) -> None:
    clips = VGMidi().clips(release)
    assert [clip.id for clip in clips] == [str(song) for song in PIECES]
    for clip in clips:
        rated = raters(int(clip.id))
        assert clip.label == pytest.approx(label_of(rated))
        assert clip.ratings[0] == pytest.approx([(np.mean(x) + 1) / 2 for x in rated[1]])
    assert [clip.group for clip in clips] == [
        "banjo-kazooie",
        "banjo-kazooie",
        "tetris",
        "goldeneye 007",
        "star fox",
    ]


def test_whole_pieces_come_first_and_phrases_from_their_beginning(release: Path) -> None:
    folders = [clip.audio.parent.name for clip in VGMidi().clips(release)]
    assert folders == ["midi", "midi", "midi", "phrases", "phrases"]
    assert VGMidi().clips(release)[3].audio.name == "Other_N64_GoldenEye 007_Caverns_0.mid"


def test_unreliable_raters_do_not_count(tmp_path: Path) -> None:
    good = raters(1, count=4)
    spoiled = {
        **good,
        5: ([0.5] * 5, [-0.5] * 5),  # never moved
        6: ([0.1] * 5, good[1][1]),  # moved one of the two
        7: good[2],  # repeats an earlier rater
        8: (good[1][0] + [0.0], good[1][1] + [0.0]),  # another length
        10: raters(9)[1],
    }
    songs = {song: raters(song) for song in PIECES} | {8002: spoiled}
    clip = VGMidi().clips(miniatures.vgmidi_release(tmp_path, songs))[1]
    kept = {number: spoiled[number] for number in (1, 2, 3, 4, 6, 10)}
    assert clip.label == pytest.approx(label_of(kept))
    assert len(clip.ratings) == 6


def test_layout_can_be_named(release: Path, tmp_path: Path) -> None:
    with pytest.raises(MerbenchError, match=r"annotations\.csv: this file is missing"):
        VGMidi(layout="prepared").clips(release)
    with pytest.raises(MerbenchError, match=r"vgmidi_labelled\.csv: this file is missing"):
        VGMidi(layout="release").clips(miniatures.vgmidi_prepared(tmp_path / "other"))
    with pytest.raises(MerbenchError, match="neither vgmidi_labelled"):
        VGMidi().clips(tmp_path)


def test_archive_of_phrases_must_be_unpacked(release: Path) -> None:
    shutil.rmtree(release / "labelled/phrases")
    with pytest.raises(MerbenchError, match=r"vgmidi_labelled\.csv:6: clip 8004 has no MIDI file"):
        VGMidi().clips(release)
    (release / "labelled/phrases.zip").touch()
    with pytest.raises(MerbenchError, match=r"phrases\.zip: unpack"):
        VGMidi().clips(release)


def spoil(release: Path, change: object) -> Path:
    path = release / "labelled/annotations/vgmidi_raw_1.json"
    content = json.loads(path.read_text())
    change(content)  # type: ignore[operator]
    path.write_text(json.dumps(content))
    return path


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda c: c.pop("pieces"), "annotations or pieces are missing"),
        (lambda c: c["annotations"]["piece0_1"].pop("valence"), "'piece0_1' is malformed"),
        (lambda c: c["annotations"]["piece0_1"].update(arousal=["high"]), "'piece0_1'"),
        (lambda c: c["annotations"]["piece0_1"].update(arousal=[]), "'piece0_1'"),
        (lambda c: c["annotations"]["piece0_1"].update(arousal=[7.0] * 5), "mean on .-1, 1"),
        (lambda c: c["annotations"]["piece0_1"].update(arousal=[float("nan")] * 5), "'piece0_1'"),
    ],
)
def test_broken_annotations_are_told(release: Path, change: object, says: str) -> None:
    path = spoil(release, change)
    with pytest.raises(MerbenchError, match=says) as caught:
        VGMidi().clips(release)
    assert str(caught.value).startswith(str(path))


def test_json_cut_short_is_told_with_its_line(release: Path) -> None:
    path = release / "labelled/annotations/vgmidi_raw_2.json"
    path.write_text('{"annotations": {\n"piece0_1": {"valence": [0.1')
    with pytest.raises(MerbenchError, match=r"vgmidi_raw_2\.json:2: this is no JSON"):
        VGMidi().clips(release)


def test_piece_without_raters_is_told(release: Path) -> None:
    spoil(release, lambda c: c["pieces"].pop("piece0"))
    with pytest.raises(MerbenchError, match=r"labelled\.csv:2: piece 8001 .* has 0 raters"):
        VGMidi().clips(release)


def test_labels_that_are_not_their_raters_are_refused(prepared: Path) -> None:
    label = (prepared / "annotations.csv").read_text().splitlines()[1].split(",")[4]
    edit(prepared / "annotations.csv", label, f"{float(label) + 0.001:.6f}")
    with pytest.raises(MerbenchError, match=r"annotations\.csv:2: column 'valence_mean' of song"):
        VGMidi().clips(prepared)


def test_without_raters_there_is_no_ceiling_and_check_says_so(prepared: Path) -> None:
    (prepared / "rater_means.csv").unlink()
    assert {clip.ratings for clip in VGMidi().clips(prepared)} == {()}
    findings = VGMidi(**SHORT).check(prepared)
    assert any("no human ceiling" in finding.message for finding in findings)


def test_clips_are_rendered_from_their_beginning(prepared: Path) -> None:
    dataset = VGMidi(**SHORT)
    waveform, rate = dataset.decode(dataset.clips(prepared)[0])
    assert (waveform.shape, rate) == ((2, 4_000), 8_000)
    assert np.abs(waveform).max() > 1e-3


def test_broken_midi_names_the_clip(prepared: Path) -> None:
    (prepared / "midi/8002.mid").write_bytes(b"MThd")
    dataset = VGMidi(**SHORT)
    with pytest.raises(AudioError, match=r"clip 8002: .*8002\.mid is no MIDI file"):
        dataset.decode(dataset.clips(prepared)[1])
    found = [f for f in dataset.check(prepared) if f.level == "error"]
    assert [finding.where for finding in found] == ["clip 8002"]


def test_missing_midi_names_line_and_clip(prepared: Path) -> None:
    (prepared / "midi/8002.mid").unlink()
    with pytest.raises(MerbenchError, match=r"annotations\.csv:3: clip 8002 has no MIDI file"):
        VGMidi().clips(prepared)


def test_identity_is_the_soundfonts_content(tmp_path: Path) -> None:
    default, font = VGMidi(), tmp_path / "font.sf2"
    shutil.copy(midi.default_soundfont(), font)
    copied = VGMidi(soundfont=font)
    assert copied.identity() == default.identity()
    assert default.settings == {}
    font.write_bytes(font.read_bytes() + b"\0")
    assert copied.identity() != default.identity()
    assert VGMidi(seconds=10).identity() != default.identity()


def test_another_synthesiser_is_another_fingerprint(monkeypatch: pytest.MonkeyPatch) -> None:
    before = VGMidi().fingerprint()
    monkeypatch.setattr(midi, "renderer", lambda: "tinysoundfont 99")
    assert VGMidi().fingerprint() != before
    assert VGMidi().identity() == before["identity"]


def test_readiness_wants_the_soundfont(tmp_path: Path) -> None:
    VGMidi().ready()
    with pytest.raises(MerbenchError, match=r"font\.sf2 does not exist"):
        VGMidi(soundfont=tmp_path / "font.sf2").ready()


def test_real_table_follows_from_its_raters(shared: Path) -> None:
    """All 100 labels, from the raters' means, to the table's six decimals."""
    clips = VGMidi().clips(shared / "data/vgmidi")
    assert len(clips) == 100
    assert len({clip.group for clip in clips}) == 12
    for clip in clips:
        ratings = np.array(clip.ratings)
        computed = [*ratings.mean(axis=0), *ratings.std(axis=0)]
        assert np.abs(np.array(clip.label) - computed).max() < 1e-6
    with (shared / "data/vgmidi/annotations.csv").open() as handle:
        counts = {row["song_id"]: int(row["n_raters"]) for row in csv.DictReader(handle)}
    assert {clip.id: len(clip.ratings) for clip in clips} == counts


def test_real_pieces_render(shared: Path) -> None:
    dataset = VGMidi(seconds=2)
    clips = dataset.clips(shared / "data/vgmidi")
    for clip in clips[::25]:
        waveform, rate = dataset.decode(clip)
        assert (waveform.shape, rate) == ((2, 88_200), 44_100)
        assert 0.005 < np.abs(waveform).max() < 1
