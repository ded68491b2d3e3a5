from __future__ import annotations

import re
import unicodedata
from pathlib import Path

import miniatures
import numpy as np
import pytest
from miniatures import edit, write_audio, write_csv
from pydantic import ValidationError

from merbench import CANONICAL_STEMS, MerbenchError
from merbench_plugins.datasets.table import Table


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return miniatures.table(tmp_path / "mine")


def cells(root: Path, line: int) -> list[str]:
    return (root / "labels.csv").read_text().splitlines()[line - 1].split(",")


def test_defaults_read_a_plain_folder(root: Path) -> None:
    clips = Table().clips(root)
    assert [clip.id for clip in clips] == [f"c{n}" for n in range(6)]
    assert clips[0].label == tuple(float(x) for x in cells(root, 2)[1:5])
    assert clips[0].audio == root / "audio/c0.wav"
    assert [clip.group for clip in clips] == [clip.id for clip in clips]
    assert not Table().has_true_stems
    assert [f for f in Table().check(root) if f.level != "note"] == []


def test_columns_are_named_in_yaml(tmp_path: Path) -> None:
    rows = [(f"t{n}", 5, 3 + n, 1, 2, f"B{n % 2}", f"x/{n}.wav") for n in range(4)]
    write_csv(tmp_path / "r.csv", "track;V;A;Vs;As;band;file", [])
    with (tmp_path / "r.csv").open("a") as handle:
        handle.writelines(";".join(map(str, row)) + "\n" for row in rows)
    for n in range(4):
        write_audio(tmp_path / f"x/{n}.wav", n)
    named = {
        "csv": "r.csv",
        "id": "track",
        "valence_mean": "V",
        "arousal_mean": "A",
        "valence_std": "Vs",
        "arousal_std": "As",
        "group": "band",
        "scale": [1, 9],
    }
    clips = Table(**named, audio="file").clips(tmp_path)  # type: ignore[arg-type]
    assert clips[1].label == pytest.approx((0.5, 3 / 8, 1 / 8, 2 / 8))
    assert [clip.group for clip in clips] == ["b0", "b1", "b0", "b1"]
    assert clips == Table(**named, audio="{file}").clips(tmp_path)  # type: ignore[arg-type]


def test_audio_may_be_a_pattern_of_several_columns(root: Path) -> None:
    write_audio(root / "by/Band 0/0.wav", 9)
    lines = (root / "labels.csv").read_text().splitlines()[:2]
    (root / "labels.csv").write_text("\n".join(lines) + "\n")
    (clip,) = Table(audio="by/{band}/{file}").clips(root)
    assert clip.audio == root / "by/Band 0/0.wav"


def test_braces_take_the_id_whatever_its_column(root: Path) -> None:
    edit(root / "labels.csv", "id,valence", "song,valence")
    assert len(Table(id="song", audio="audio/{id}.wav").clips(root)) == 6


def test_split_and_stems(root: Path) -> None:
    assert [clip.split for clip in Table(split="part").clips(root)] == [
        "train",
        "train",
        "validation",
        "test",
        "train",
        "train",
    ]
    for n in range(6):
        for k, stem in enumerate(CANONICAL_STEMS):
            write_audio(root / f"stems/c{n}/{stem}.flac", 10 * n + k)
    table = Table(stems="stems/{id}/{stem}.flac")
    assert table.has_true_stems
    stems, rate = table.true_stems(table.clips(root)[2])
    assert tuple(stems) == CANONICAL_STEMS
    assert rate == miniatures.RATE
    (root / "stems/c3/other.flac").unlink()
    with pytest.raises(MerbenchError, match=r"labels\.csv:5: clip c3 has no other stem"):
        table.clips(root)


def test_unknown_split_is_refused(root: Path) -> None:
    with pytest.raises(MerbenchError, match=r":2: column 'band' is 'band 0'; it takes train"):
        Table(split="band").clips(root)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"scale": [9, 1]}, "lowest rating first"),
        ({"stems": "stems/{id}.wav"}, "needs {stem}"),
        ({"audio": "{id"}, "no pattern"),
        ({"audio": "{}.wav"}, "column's name between them"),
        ({"valence_std": "arousal_std"}, "valence_std and arousal_std are both column"),
        ({"colour": "red"}, "Extra inputs"),
    ],
)
def test_nonsense_in_yaml_is_refused(given: dict[str, object], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        Table.model_validate(given)


@pytest.mark.parametrize(
    ("old", "new", "line", "says"),
    [
        ("c2,", "c1,", ":4", "'c1' stands in column 'id' of line 3"),
        ("c2,", "c77,", ":4", "clip c77 has no audio"),
        ("c2,", "c2,loud,", ":4", "10 cells where the header has 9"),
        ("id,valence_mean", "id,valence", ":1", "no column 'valence_mean'; did you mean 'valence"),
    ],
)
def test_faults_are_told_with_file_and_line(
    root: Path, old: str, new: str, line: str, says: str
) -> None:
    edit(root / "labels.csv", old, new)
    with pytest.raises(MerbenchError) as caught:
        Table().clips(root)
    assert str(caught.value).startswith(f"{root / 'labels.csv'}{line}: ")
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("column", "cell", "says"),
    [
        (1, "much", "'valence_mean' is 'much', not a number"),
        (1, "", "'valence_mean' is empty"),
        (2, "NaN", "'arousal_mean' is NaN"),
        (2, "5.5", "outside the scale [0, 1]"),
        (1, "0.4_5", "'valence_mean' is '0.4_5', not a number"),
        (3, "0", "'valence_std' is 0, but"),
        (3, "1e-320", "less than a millionth of the scale"),
        (4, "-0.1", "'arousal_std' is -0.1, but"),
    ],
)
def test_bad_cells_are_told_with_line_and_column(
    root: Path, column: int, cell: str, says: str
) -> None:
    lines = (root / "labels.csv").read_text().splitlines()
    changed = lines[3].split(",")
    changed[column] = cell
    lines[3] = ",".join(changed)
    (root / "labels.csv").write_text("\n".join(lines) + "\n")
    with pytest.raises(MerbenchError) as caught:
        Table().clips(root)
    assert f"{root / 'labels.csv'}:4: " in str(caught.value)
    assert says in str(caught.value)
    found = [f for f in Table().check(root) if f.level == "error"]
    assert [f.where for f in found] == [f"{root / 'labels.csv'}:4"]


def means_only(root: Path) -> Path:
    lines = [line.split(",") for line in (root / "labels.csv").read_text().splitlines()]
    rows = [[*line[:3], *line[5:]] for line in lines]
    (root / "labels.csv").write_text("\n".join(map(",".join, rows)) + "\n")
    return root


def test_means_alone_say_what_is_needed(root: Path) -> None:
    with pytest.raises(MerbenchError) as caught:
        Table().clips(means_only(root))
    message = str(caught.value)
    assert message.startswith(f"{root / 'labels.csv'}:1: there is no column 'valence_std' and no")
    assert "`fixed_std: 0.1`" in message
    assert "did you mean" not in message


def test_means_alone_take_a_stated_deviation(root: Path) -> None:
    measured = Table().clips(root)
    table = Table(fixed_std=0.1, scale=(0, 1))
    clips = table.clips(means_only(root))
    assert [clip.label for clip in clips] == [(*clip.label[:2], 0.1, 0.1) for clip in measured]
    assert clips[0].provenance == "standard deviations fixed at 0.1, not measured"
    assert table.check(root) == []


def test_a_deviation_is_fixed_or_measured(root: Path) -> None:
    with pytest.raises(MerbenchError, match=r"labels\.csv:1: .*`fixed_std` would ignore"):
        Table(fixed_std=0.1).clips(root)
    with pytest.raises(ValidationError, match="`valence_std` names a column"):
        Table(fixed_std=0.1, valence_std="V_sd")
    with pytest.raises(ValidationError, match="for labels of valence and arousal"):
        Table(fixed_std=0.1, quadrant="Q")


def test_a_scale_that_the_data_do_not_use_is_refused(root: Path) -> None:
    with pytest.raises(MerbenchError, match=r"less than 2% of the scale \[0, 100\]; correct the"):
        Table(scale=(0, 100)).clips(root)


def test_a_table_from_a_spreadsheet_on_another_system_is_read(root: Path) -> None:
    """UTF-16, sep=, a comment, decimal commas, ids as decimals, backslashes and .WAV at once."""
    plain = Table(audio="audio/{id}.wav", group="band").clips(root)
    lines = [line.split(",") for line in (root / "labels.csv").read_text().splitlines()]
    text = ["sep=;", "# rated by hand", ";".join(lines[0])]
    for n, line in enumerate(lines[1:]):
        numbers = [cell.replace(".", ",") for cell in line[1:5]]
        name = unicodedata.normalize("NFD", f"Beyoncé {n}")
        (root / f"audio/c{n}.wav").rename(root / f"audio/{name}.WAV")
        text.append(";".join([f"{n}.0", *numbers, *line[5:7], f"audio\\Beyoncé {n}.wav", line[8]]))
    (root / "labels.csv").write_bytes("\r\n".join(text).encode("utf-16"))
    clips = Table(audio="file", group="band").clips(root)
    assert [clip.id for clip in clips] == [str(n) for n in range(6)]
    assert [clip.label for clip in clips] == [clip.label for clip in plain]
    assert [clip.group for clip in clips] == [clip.group for clip in plain]
    assert all(clip.audio.is_file() for clip in clips)


def test_ids_and_files_are_one_number(root: Path) -> None:
    for n in range(6):
        (root / f"audio/c{n}.wav").rename(root / f"audio/{n:03d}.wav")
    path = root / "labels.csv"
    path.write_text(re.sub(r"^c", "", path.read_text(), flags=re.MULTILINE))
    clips = Table().clips(root)
    assert [clip.audio.stem for clip in clips] == [f"{n:03d}" for n in range(6)]
    assert Table().check(root) == []
    edit(path, "\n1,", "\n02,")
    with pytest.raises(MerbenchError, match=r"labels\.csv:4: clips 02 and 2 both mean .*002\.wav"):
        Table().clips(root)


def test_stray_quotes_merge_no_clips(shared: Path, tmp_path: Path) -> None:
    named = {"valence_mean": "v", "arousal_mean": "a", "valence_std": "vs", "arousal_std": "as"}
    for n in range(1, 5):
        write_audio(tmp_path / f"{n}.wav", n)
    for suffix in ("csv", "tsv"):
        text = (shared / f"cases/stray_quote.{suffix}").read_bytes()
        (tmp_path / f"stray.{suffix}").write_bytes(text)
    with pytest.raises(MerbenchError, match=r"stray\.csv:3: a double quote opens"):
        Table(csv="stray.csv", group="artist", **named).clips(tmp_path)  # type: ignore[arg-type]
    clips = Table(csv="stray.tsv", group="artist", **named).clips(tmp_path)  # type: ignore[arg-type]
    assert [(clip.id, clip.group) for clip in clips] == [
        ("1", "x"),
        ("2", "y"),
        ("3", "z"),
        ("4", "x"),
    ]


def test_swapped_means_and_deviations_are_refused(root: Path) -> None:
    with pytest.raises(MerbenchError, match=r"labels\.csv: .*swapped"):
        Table(
            valence_mean="valence_std",
            valence_std="valence_mean",
            arousal_mean="arousal_std",
            arousal_std="arousal_mean",
        ).clips(root)


def test_check_finds_what_misleads(root: Path) -> None:
    audio = root / "audio"
    (audio / "c0.wav").write_bytes((audio / "c1.wav").read_bytes())
    write_audio(audio / "c2.wav", 2, seconds=0.4)
    miniatures.soundfile.write(audio / "c3.wav", np.zeros(30_000), 30_000)
    (audio / "c4.wav").write_bytes(b"RIFF")
    miniatures.soundfile.write(
        audio / "c5.wav", 1.6 * miniatures.sound(5), miniatures.RATE, subtype="FLOAT"
    )
    write_audio(audio / "stray.wav", 8)
    findings = {f"{f.level} {f.where}": f.message for f in Table().check(root)}
    assert "same file, and their groups differ" in findings["warning clips c0, c1"]
    assert "only 0.40 s" in findings["warning clip c2"]
    assert "silent" in findings["warning clip c3"]
    assert "cannot be decoded" in findings["error clip c4"]
    assert "1 audio files have no label" in findings[f"note {root}"]
    assert "30000 Hz" in findings["note sample rates"]


def test_loud_audio_is_worth_a_note_only(root: Path) -> None:
    (root / "audio/c0.wav").unlink()
    miniatures.loud_mp3(root / "audio/c0.mp3")
    (finding,) = Table().check(root)
    assert finding.level == "note"
    assert "clip c0 up to 1." in finding.message


def test_check_finds_columns_that_are_the_same(root: Path) -> None:
    lines = [line.split(",") for line in (root / "labels.csv").read_text().splitlines()]
    for line in lines[1:]:
        line[2] = line[1]
        line[4] = "0.125"
    (root / "labels.csv").write_text("\n".join(",".join(line) for line in lines) + "\n")
    found = {f.where: f.message for f in Table(group="remark").check(root)}
    assert "same in every clip" in found["columns valence_mean, arousal_mean"]
    assert "0.125 in every clip" in found["column arousal_std"]
    assert "no split can be made" in found["group any"]


def test_check_finds_single_impossible_labels(root: Path) -> None:
    lines = (root / "labels.csv").read_text().splitlines()
    lines[1] = "c0,0.02,0.5,0.3,0.1,Band 0,train,0.wav,any"
    (root / "labels.csv").write_text("\n".join(lines) + "\n")
    (finding,) = Table().check(root)
    assert (finding.level, finding.where) == ("warning", "clip c0")
    assert "at most 0.140" in finding.message


def test_real_clips_are_read_and_decoded(shared: Path) -> None:
    dataset = Table(csv="annotations.csv", id="song_id")
    clips = dataset.clips(shared / "data/emomusic_ccby")
    assert [clip.id for clip in clips] == ["3", "4", "7", "8", "10", "17"]
    assert clips[0].label == (0.2875, 0.3125, 0.2025, 0.21875)
    assert dataset.check(shared / "data/emomusic_ccby") == []
    waveform, rate = dataset.decode(clips[0])
    assert rate == 44_100
    assert waveform.shape[1] / rate == pytest.approx(45, abs=0.1)


def test_artists_whose_letters_cannot_be_read_are_not_one_artist(root: Path) -> None:
    table = root / "labels.csv"
    head, *rows = table.read_text().splitlines()
    named = [
        f"{row},{name}" for row, name in zip(rows, ["Björk", "Bjärk"] * len(rows), strict=False)
    ]
    table.write_bytes("\n".join([f"{head},artist", *named]).encode("latin-1"))
    with pytest.raises(MerbenchError, match=r"labels\.csv:2: column 'artist' is .* not UTF-8"):
        Table(csv="labels.csv", group="artist").clips(root)


def test_clips_that_name_nobody_are_counted(root: Path) -> None:
    table = root / "labels.csv"
    head, *rows = table.read_text().splitlines()
    named = [f"{row},{name}" for row, name in zip(rows, ["A", "", *"B" * len(rows)], strict=False)]
    table.write_text("\n".join([f"{head},artist", *named]) + "\n")
    notes = [f.message for f in Table(csv="labels.csv", group="artist").check(root)]
    assert any("1 clips name nobody in the column 'artist'" in note for note in notes)
