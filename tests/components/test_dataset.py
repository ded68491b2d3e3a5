"""What a dataset does unless its plugin does it: decode, true stems, check, fetch."""

from __future__ import annotations

from pathlib import Path

import pytest

from merbench import AudioError, Clip, Dataset, Finding, MerbenchError, Task
from merbench.planning.inspection import inspect_copy


class Folder(Dataset):
    """Every WAV file of a folder."""

    name = "folder"
    task = Task.VA

    def clips(self, root: Path) -> list[Clip]:
        files = sorted(root.glob("*.wav"))
        if not files:
            raise MerbenchError(f"{root} has no clips")
        return [Clip(f.stem, f.stem, (0.5, 0.5, 0.1, 0.1), f) for f in files]


def write_wav(path: Path, rate: int = 8_000, channels: int = 1, samples: int = 800) -> Path:
    import numpy as np

    from merbench import audio

    audio.write(path, np.full((channels, samples), 0.1, np.float32), rate)
    return path


def test_the_default_check_decodes_every_clip(tmp_path: Path) -> None:
    assert [f.level for f in inspect_copy(Folder(), tmp_path)] == ["error"]
    write_wav(tmp_path / "good.wav", samples=8_000)
    assert inspect_copy(Folder(), tmp_path) == []
    (tmp_path / "bad.wav").write_text("this is no audio")
    (finding,) = inspect_copy(Folder(), tmp_path)
    assert isinstance(finding, Finding)
    assert (finding.level, finding.where) == ("error", "clip bad")
    assert "bad.wav" in finding.message


def test_true_stems_of_several_sample_rates_are_an_error(tmp_path: Path) -> None:
    def clip(*rates: int) -> Clip:
        stems = {f"s{r}": write_wav(tmp_path / f"{r}.wav", r) for r in rates}
        return Clip("c", "g", (), tmp_path / "mix.wav", stems)

    stems, rate = Folder().true_stems(clip(8_000))
    assert rate == 8_000
    assert stems["s8000"].shape == (1, 800)
    with pytest.raises(MerbenchError, match="clip c: its stems have 2 sample rates"):
        Folder().true_stems(clip(8_000, 16_000))
    with pytest.raises(MerbenchError, match="clip c: its stems have no sample rates"):
        Folder().true_stems(clip())


def test_decode_reads_the_clips_file(tmp_path: Path) -> None:
    clip = Clip("c", "g", (), write_wav(tmp_path / "c.wav", 16_000, 2, 100))
    waveform, rate = Folder().decode(clip)
    assert (waveform.shape, rate) == ((2, 100), 16_000)
    with pytest.raises(AudioError, match=r"gone\.wav"):
        Folder().decode(Clip("c", "g", (), tmp_path / "gone.wav"))


def test_a_dataset_that_cannot_be_fetched_says_where_it_is(tmp_path: Path) -> None:
    class Away(Folder):
        homepage = "https://example.org/away"

    with pytest.raises(MerbenchError, match=r"get it from https://example\.org/away"):
        Away().fetch(tmp_path, lambda name, share: None)
