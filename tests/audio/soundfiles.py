"""Audio files as the world makes them, for the tests of how they are read."""

from __future__ import annotations

import io
from pathlib import Path

import av
import lameenc
import numpy as np
import soundfile
from numpy.typing import NDArray

RATE = 44_100


def tone(seconds: float = 2.0, *, channels: int = 2, rate: int = RATE) -> NDArray[np.float32]:
    """A tone and some noise, (channels, samples)."""
    rng = np.random.default_rng(0)
    time = np.arange(round(seconds * rate)) / rate
    wave = 0.4 * np.sin(2 * np.pi * 440 * time) + rng.normal(0, 0.02, (channels, len(time)))
    return wave.astype(np.float32)


def mp3(
    waveform: NDArray[np.float32],
    rate: int = RATE,
    *,
    bit_rate: int | None = 128,
    quality: int = 4,
) -> bytes:
    """Encode as PMEmo's clips are: no Xing or Info frame. Without a bit rate, a variable one."""
    encoder = lameenc.Encoder()
    encoder.silence()
    encoder.set_in_sample_rate(rate)
    encoder.set_out_sample_rate(rate)
    encoder.set_channels(len(waveform))
    encoder.set_quality(7)
    if bit_rate is None:
        encoder.set_vbr(4)
        encoder.set_vbr_quality(quality)
    else:
        encoder.set_bit_rate(bit_rate)
    samples = np.rint(np.clip(waveform.T, -1, 1) * 32_767).astype(np.int16)
    return bytes(encoder.encode(samples.tobytes())) + bytes(encoder.flush())


def stated_mp3(waveform: NDArray[np.float32], rate: int = RATE) -> bytes:
    """Encode with a Xing or Info frame, which states the number of frames."""
    return written(waveform, rate, "MP3", "MPEG_LAYER_III")


def written(
    waveform: NDArray[np.float32], rate: int, container: str, encoding: str | None = None
) -> bytes:
    """Encode with libsndfile."""
    buffer = io.BytesIO()
    soundfile.write(buffer, waveform.T, rate, format=container, subtype=encoding)
    return buffer.getvalue()


def encoded(path: Path, waveform: NDArray[np.float32], rate: int, codec: str) -> Path:
    """Encode with FFmpeg into the container that the file's name says."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=rate)
        assert isinstance(stream, av.AudioStream)
        stream.bit_rate = 128_000
        formats = {known.name for known in stream.codec_context.codec.audio_formats or ()}
        stream.format = next(f for f in ("s16", "s16p", "fltp", "flt") if f in formats)
        stream.layout = {1: "mono", 2: "stereo"}[len(waveform)]
        frame = av.AudioFrame.from_ndarray(
            np.ascontiguousarray(waveform), format="fltp", layout=stream.layout.name
        )
        frame.sample_rate = rate
        frame.pts = 0
        for part in (frame, None):
            container.mux(stream.encode(part))
    return path
