from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import miniatures
import numpy as np
import pytest
from miniatures import edit

from merbench import Finding, MerbenchError
from merbench_plugins.datasets.pmemo import PMEmo

MEANS = "annotations/static_annotations.csv"
STDS = "annotations/static_annotations_std.csv"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return miniatures.pmemo(tmp_path / "PMEmo2019")


def lines(path: Path) -> list[str]:
    return path.read_text().splitlines()


def errors(root: Path) -> list[Finding]:
    return [finding for finding in PMEmo().check(root) if finding.level == "error"]


def test_clips_are_the_labelled_ones_in_the_order_of_the_file(root: Path) -> None:
    clips = PMEmo().clips(root)
    assert [clip.id for clip in clips] == [line.split(",")[0] for line in lines(root / MEANS)[1:]]
    mean, std = (lines(root / name)[1].split(",") for name in (MEANS, STDS))
    assert clips[0].label == tuple(float(x) for x in (mean[2], mean[1], std[2], std[1]))
    assert clips[0].audio == root / "chorus/1.mp3"
    assert [clip.group for clip in clips[:4]] == ["artist 0", "artist 0", "artist 1", "artist 1"]


def test_sound_copy_has_notes_only(root: Path) -> None:
    findings = PMEmo().check(root)
    assert {finding.level for finding in findings} == {"note"}
    assert any("2 clips have no usable annotation" in finding.message for finding in findings)


def test_mp3_decodes_above_full_scale_and_stays_there(root: Path) -> None:
    miniatures.loud_mp3(root / "chorus/1.mp3")
    waveform, _ = PMEmo().decode(PMEmo().clips(root)[0])
    assert waveform.dtype == np.float32
    assert np.abs(waveform).max() > 1.1
    notes = [f.message for f in PMEmo().check(root) if f.level == "note"]
    assert any("decode above 1.0, clip 1 up to 1." in note for note in notes)


def test_clips_of_no_artist_are_their_own_group(root: Path) -> None:
    edit(root / "metadata.csv", '"Song, No. 1",Artist 0', '"Song, No. 1",')
    edit(root / "metadata.csv", '"Song, No. 4",Artist 0', '"Song, No. 4",Unknown')
    clips = PMEmo().clips(root)
    assert [clip.group for clip in clips[:2]] == ["1", "4"]


def replace_line(name: str, number: int, text: str) -> Callable[[Path], None]:
    def change(root: Path) -> None:
        found = lines(root / name)
        found[number - 1 : number] = [text] if text else []
        (root / name).write_text("\n".join(found) + "\n")

    return change


def remove(name: str) -> Callable[[Path], None]:
    return lambda root: (root / name).unlink()


@pytest.mark.parametrize(
    ("change", "where", "says"),
    [
        (remove(MEANS), MEANS, "missing; set the root of pmemo"),
        (remove(STDS), STDS, "missing"),
        (remove("metadata.csv"), "metadata.csv", "missing"),
        (remove("chorus/7.mp3"), f"{MEANS}:4", "clip 7 has no audio"),
        (replace_line(STDS, 4, ""), f"{MEANS}:4", "clip 7 has no line in static_annotations_std"),
        (replace_line(MEANS, 4, ""), f"{STDS}:4", "clip 7 has no line in static_annotations.csv"),
        (replace_line(MEANS, 5, "1,0.5,0.5"), f"{MEANS}:5", "'1' stands in column 'musicId'"),
        (replace_line(MEANS, 2, "1,loud,0.5"), f"{MEANS}:2", "'Arousal(mean)' is 'loud'"),
        (replace_line(MEANS, 2, "1,0.5,"), f"{MEANS}:2", "'Valence(mean)' is empty"),
        (replace_line(MEANS, 2, "1,0.5,nan"), f"{MEANS}:2", "'Valence(mean)' is nan"),
        (replace_line(MEANS, 2, "1,5.5,0.5"), f"{MEANS}:2", "outside the scale"),
        (replace_line(STDS, 2, "1,0.1,0"), f"{STDS}:2", "must be above 0"),
        (replace_line(MEANS, 1, "musicId,Arousal,Valence(mean)"), f"{MEANS}:1", "did you mean"),
        (replace_line(MEANS, 9, "99,0.5,0.5"), f"{MEANS}:9", "clip 99 has no"),
    ],
)
def test_faults_are_told_with_file_and_line(
    root: Path, change: Callable[[Path], None], where: str, says: str
) -> None:
    change(root)
    with pytest.raises(MerbenchError) as caught:
        PMEmo().clips(root)
    assert str(caught.value).startswith(f"{root / where}: ")
    assert says in str(caught.value)
    assert any(f.where == str(root / where) and says in f.message for f in errors(root))


def test_means_and_deviations_in_each_others_file_are_refused(root: Path) -> None:
    means, stds = (root / MEANS).read_text(), (root / STDS).read_text()
    (root / MEANS).write_text(stds.replace("(std)", "(mean)"))
    (root / STDS).write_text(means.replace("(mean)", "(std)"))
    with pytest.raises(MerbenchError, match="swapped"):
        PMEmo().clips(root)


def test_check_tells_all_faults_at_once(root: Path) -> None:
    (root / "chorus/1.mp3").unlink()
    (root / "chorus/4.mp3").write_bytes(b"")
    replace_line(MEANS, 4, "7,loud,0.5")(root)
    replace_line(STDS, 5, "10,0.1,0")(root)
    assert [f.where.removeprefix(str(root)) for f in errors(root)] == [
        f"/{MEANS}:2",
        f"/{MEANS}:4",
        f"/{STDS}:5",
        "clip 4",
    ]


def test_swapped_valence_and_arousal_are_noticed(root: Path) -> None:
    big = miniatures.pmemo(root.parent / "big", clips=16)
    assert not [f for f in PMEmo().check(big) if f.level == "warning"]
    edit(big / MEANS, "Arousal(mean),Valence(mean)", "Valence(mean),Arousal(mean)")
    warnings = [f.message for f in PMEmo().check(big) if f.level == "warning"]
    assert any("look swapped" in warning for warning in warnings)


def test_missing_root_is_told(tmp_path: Path) -> None:
    with pytest.raises(MerbenchError, match="no such folder; set the root of pmemo"):
        PMEmo().clips(tmp_path / "nowhere")
    assert PMEmo().check(tmp_path / "nowhere")[0].level == "error"


def test_download_says_where_it_comes_from(tmp_path: Path) -> None:
    with pytest.raises(MerbenchError, match=r"pmemo\.hellohui\.cn"):
        PMEmo().fetch(tmp_path, lambda name, share: None)
