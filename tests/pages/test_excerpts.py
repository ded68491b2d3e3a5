"""Excerpts of a run's clips: which are written, how loud, how long, and why some are missing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from merbench.errors import AudioError, MerbenchError
from merbench.leaderboard import run_results
from merbench.pages import excerpts
from merbench.pages.excerpts import ExcerptMaker
from merbench.steps import decoding, separating
from tinybench import TinyBench


def excerpt_maker(bench: TinyBench, run: run_results.RunResults, folder: Path) -> ExcerptMaker:
    here = (f"datasets.noise.root={bench.folder / 'data'}", f"plugins=[{bench.folder / 'plugins'}]")
    return ExcerptMaker(run.manifest, ["noise"], folder, bench.store, here, trusted=True)


def row_of(run: run_results.RunResults, separator: str) -> dict[str, str]:
    chosen = run.leaderboard[run.leaderboard["separator"] == separator]
    return {"cell": chosen["cell"].iloc[0]}


def test_stems_keep_their_share_of_the_mix(
    bench: TinyBench, run: run_results.RunResults, tmp_path: Path
):
    found = excerpt_maker(bench, run, tmp_path)(row_of(run, "halves"), "c3")
    assert found is not None
    assert [name for name, _ in found.sources] == ["mix", "bass", "vocals"]
    assert found.silence == ""
    loud = {}
    for name, path in found.sources:
        heard, rate = soundfile.read(tmp_path / path)
        assert rate == 8_000
        loud[name] = np.sqrt((heard**2).mean())
    # The stems of `halves` are a quarter and three quarters of the waveform; MP3 loses little.
    assert loud["bass"] / loud["mix"] == pytest.approx(0.25, rel=0.1)
    assert loud["vocals"] / loud["mix"] == pytest.approx(0.75, rel=0.1)


def test_an_excerpt_is_made_once_and_of_its_own_data_alone(
    bench: TinyBench, run: run_results.RunResults, tmp_path: Path, monkeypatch
):
    find_excerpts = excerpt_maker(bench, run, tmp_path)
    row = row_of(run, "halves")
    first = find_excerpts(row, "c0")
    monkeypatch.setattr(decoding, "decode_clip", None)
    assert find_excerpts(row, "c0") is first
    assert find_excerpts({"cell": "of other data"}, "c0") is None


def test_a_separator_of_one_stem_is_heard_as_the_mix(
    bench: TinyBench, run: run_results.RunResults, tmp_path: Path
):
    found = excerpt_maker(bench, run, tmp_path)(row_of(run, "plain"), "c0")
    assert found is not None
    assert [name for name, _ in found.sources] == ["mix"]


def test_an_excerpt_is_the_beginning_and_never_too_loud(
    bench: TinyBench, run: run_results.RunResults, tmp_path: Path, monkeypatch
):
    written = {}
    monkeypatch.setattr(
        ExcerptMaker, "_write", lambda self, path, waveform, rate: written.update({path: waveform})
    )
    monkeypatch.setattr(excerpts, "SECONDS", 0.05)
    decode = decoding.decode_clip
    monkeypatch.setattr(decoding, "decode_clip", lambda *a: (40 * decode(*a)[0], decode(*a)[1]))
    excerpt_maker(bench, run, tmp_path)(row_of(run, "plain"), "c7")
    ((_, mix),) = written.items()
    assert mix.shape[1] == 400
    assert np.abs(mix).max() == pytest.approx(0.97)


def test_a_clip_that_cannot_be_decoded_is_silent_with_a_reason(
    bench: TinyBench, run: run_results.RunResults, tmp_path: Path, monkeypatch
):
    def broken(*_):
        raise AudioError("c0.wav is no audio")

    find_excerpts = excerpt_maker(bench, run, tmp_path)
    monkeypatch.setattr(decoding, "decode_clip", broken)
    found = find_excerpts(row_of(run, "plain"), "c0")
    assert found == excerpts.ClipExcerpts((), "cannot be decoded: c0.wav is no audio")


def test_without_stems_the_mix_is_heard_and_the_reason_said(
    bench: TinyBench, run: run_results.RunResults, tmp_path: Path, monkeypatch
):
    def broken(*_, **__):
        raise ValueError("no weights")

    find_excerpts = excerpt_maker(bench, run, tmp_path)
    monkeypatch.setattr(separating, "separation_key", broken)
    found = find_excerpts(row_of(run, "halves"), "c0")
    assert found is not None
    assert [name for name, _ in found.sources] == ["mix"]
    assert found.silence == "stems of halves are not to be had: no weights"


def test_a_dataset_that_the_run_has_not_is_refused(
    bench: TinyBench, run: run_results.RunResults, tmp_path: Path
):
    with pytest.raises(MerbenchError, match="--audio nosie: the run has no such dataset; it has n"):
        ExcerptMaker(run.manifest, ["nosie"], tmp_path, bench.store)


def test_a_folder_that_cannot_be_written_is_named(
    bench: TinyBench, run: run_results.RunResults, tmp_path: Path
):
    (tmp_path / "audio").write_text("a file in the way")
    find_excerpts = excerpt_maker(bench, run, tmp_path)
    with pytest.raises(MerbenchError, match=r"\.mp3 cannot be written .*; name another folder"):
        find_excerpts(row_of(run, "plain"), "c0")


def test_a_name_can_be_read_and_no_two_are_alike():
    name = excerpts._file("my songs", "a/b c", "halves", "bass", "0")
    assert name.parent == Path("audio")
    assert name.name.startswith("my-songs-a-b-c-halves-bass-")
    others = {
        excerpts._file("my songs", "a b/c", "halves", "bass", "0"),
        excerpts._file("my songs", "a/b c", "halves", "bass", "1"),
        excerpts._file("my songs", "a/b c", "", "bass", "0"),
    }
    assert len(others | {name}) == 4
    assert len(excerpts._file("d", "x" * 500, "", "mix", "0").name) <= 80 + 13
