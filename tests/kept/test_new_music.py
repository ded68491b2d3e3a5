from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from kept_bench import fit, predict

from merbench.errors import MerbenchError
from tinybench import TinyBench


@pytest.fixture
def bench(kept_bench: TinyBench) -> TinyBench:
    return kept_bench


def test_what_is_unlike_and_what_cannot_be_used(bench: TinyBench, tmp_path: Path) -> None:
    import soundfile

    fit(bench, "plain x levels x linear", "plain")
    quiet, broken = tmp_path / "quiet.wav", tmp_path / "broken.mp3"
    soundfile.write(quiet, np.full(400, 1e-4), 8_000, subtype="FLOAT")
    broken.write_bytes(b"no music")
    loud = tmp_path / "loud.wav"
    soundfile.write(loud, 30 * np.ones(400), 8_000, subtype="FLOAT")
    rows = {Path(row.audio).name: row for row in predict(bench, "plain", tmp_path).rows}
    assert rows["loud.wav"].unlike
    assert "cannot be decoded" in rows["broken.mp3"].error or rows["broken.mp3"].error
    assert rows["broken.mp3"].values == {}
    assert rows["quiet.wav"].values
    with pytest.raises(MerbenchError, match="does not exist"):
        predict(bench, "plain", tmp_path / "never.wav")
    (tmp_path / "empty").mkdir()
    with pytest.raises(MerbenchError, match="holds no recording"):
        predict(bench, "plain", tmp_path / "empty")


def test_a_strangers_model_does_not_run_plugin_files_unasked(bench: TinyBench) -> None:
    if not (bench.folder / "asked").exists():
        fit(bench, "plain x levels x linear", "asked")
    with pytest.raises(MerbenchError, match="--trust-plugins"):
        predict(bench, "asked", bench.folder / "data", trusted=False)
