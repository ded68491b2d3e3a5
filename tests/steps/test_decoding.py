"""Decoding: nothing is clipped, what cannot be used is named, the key is of the file's bytes."""

from __future__ import annotations

import numpy as np
import pytest
from stage_plugins import Files

from merbench import AudioError, Clip, audio
from merbench.errors import MerbenchError
from merbench.steps.decoding import decode_clip, decoding_key


def test_decoding_clips_nothing(clip):
    waveform, rate = decode_clip(Files(), clip)
    assert waveform.shape == (2, 300)
    assert waveform.dtype == np.float32
    assert rate == 8000
    assert np.abs(waveform).max() > 1.2


def test_a_decoder_that_returns_nan_is_refused_with_the_file(clip):
    class Broken(Files):
        """Decodes NaN."""

        def decode(self, clip):
            return np.full((1, 10), np.nan), 8000

    with pytest.raises(AudioError, match=r"c\.wav: 10 of 10 audio samples are NaN"):
        decode_clip(Broken(), clip)


def test_the_key_of_a_clip_is_its_bytes_and_not_its_path_or_label(clip, tmp_path):
    moved = tmp_path / "elsewhere.wav"
    moved.write_bytes(clip.audio.read_bytes())
    other = Clip("another", "group", (0.1, 0.2, 0.3, 0.4), moved)
    assert decoding_key(Files(), clip) == decoding_key(Files(), other)
    moved.write_bytes(clip.audio.read_bytes() + b"\0")
    assert decoding_key(Files(), clip) != decoding_key(Files(), other)


def test_a_failing_stage_is_an_error_a_user_can_read(clip, store):
    """A missing file, met by the task itself after the plan had seen it."""
    clip.audio.unlink()
    with pytest.raises(MerbenchError, match=r"c\.wav cannot be opened .* restore the file"):
        decode_clip(Files(), clip)


@pytest.mark.parametrize("error", [KeyError("surprise"), MemoryError(), UnicodeError("odd")])
def test_whatever_decoding_raises_names_the_file(clip, error):
    class Faulty(Files):
        def decode(self, clip):
            raise error

    reason = rf"cannot be decoded \({type(error).__name__}: |needs more memory"
    with pytest.raises(AudioError, match=rf"{clip.audio.name} ({reason})"):
        decode_clip(Faulty(), clip)


def test_a_sample_rate_beyond_belief_is_refused(clip):
    class Fast(Files):
        def decode(self, clip):
            return super().decode(clip)[0], 2_000_000_000

    with pytest.raises(AudioError, match="its sample rate is 2,000,000,000 Hz"):
        decode_clip(Fast(), clip)


def test_what_files_decode_by_another_version_is_not_reused(clip, monkeypatch):
    class Made(Files):
        synthetic = True

        def decode(self, clip):
            return np.ones((1, 10), np.float32), 8_000

    class Halved(Files):
        def decode(self, clip):
            return super().decode(clip)

    before = {cls: decoding_key(cls(), clip) for cls in (Files, Halved, Made)}
    monkeypatch.setattr(audio, "VERSION", audio.VERSION + 1)
    changed = {cls for cls, key in before.items() if decoding_key(cls(), clip) != key}
    assert changed == {Files, Halved}
