"""Decoding, writing and resampling, over soundfile and soxr.

Waveforms are float32 arrays of shape (channels, samples). Nothing here clips: MP3 decodes above
1.0, and stays there.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Literal

from merbench.errors import AudioError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Waveform = NDArray[np.float32]

# An MP3's header counts the encoder's delay and padding, which decoding leaves out: up to two
# frames of 1,152 samples.
_TOLERATED = {"MP3": 2_304, "MPEG": 2_304}

__all__ = ["read", "resample", "validate", "write"]


def read(path: str | os.PathLike[str]) -> tuple[Waveform, int]:
    """Decode an audio file.

    Parameters
    ----------
    path
        WAV, FLAC, Ogg, MP3 or anything else libsndfile reads.

    Returns
    -------
    waveform : ndarray
        Shape (channels, samples), float32, unclipped.
    sample_rate : int
        In Hz.

    Raises
    ------
    AudioError
        The file is missing, empty, cut short, no audio, or holds values that are not finite.
    """
    import soundfile

    path = Path(path)
    try:
        size = path.stat().st_size
    except OSError as error:
        raise AudioError(f"{path} cannot be opened ({error.strerror}); restore the file") from error
    if size == 0:
        raise AudioError(f"{path} is empty (0 bytes); restore the file")
    try:
        with soundfile.SoundFile(path) as file:
            sample_rate = int(file.samplerate)
            promised = file.frames
            frames = file.read(dtype="float32", always_2d=True)
            format_name = file.format
    # A TypeError is a headerless format, which soundfile takes a file for by its name's ending.
    except (soundfile.LibsndfileError, RuntimeError, TypeError) as error:
        reason = str(error).split(": ", 1)[-1].strip().rstrip(".")
        if "does not exist" in reason:  # libsndfile's words for an MP3 without a frame
            reason = "no audio found in it"
        raise AudioError(f"{path} cannot be decoded as audio ({reason}); replace it") from error
    except MemoryError as error:
        raise AudioError(
            f"{path}: its header promises {promised:,} samples, more than memory holds; replace it"
        ) from error
    missing = promised - len(frames)
    if missing > _TOLERATED.get(format_name, 0) or _is_cut(path, format_name, size):
        raise AudioError(
            f"{path} is cut short: {len(frames) / sample_rate:.2f} s could be decoded but its "
            "header promises more; replace it"
        )
    if len(frames) == 0:
        raise AudioError(f"{path} holds no audio samples; replace it")
    waveform = frames.T.copy()
    validate(waveform, str(path))
    return waveform, sample_rate


def validate(waveform: Waveform, where: str) -> None:
    """Raise `AudioError` unless a waveform is (channels, samples), not empty, and finite."""
    import numpy as np

    if waveform.ndim != 2 or waveform.size == 0:
        raise AudioError(
            f"{where}: audio must have shape (channels, samples) and not be empty, "
            f"not {waveform.shape}"
        )
    if not np.isfinite(waveform).all():
        bad = int(waveform.size - np.isfinite(waveform).sum())
        raise AudioError(
            f"{where}: {bad} of {waveform.size} audio samples are NaN or infinite; "
            "export the file again"
        )


def write(path: str | os.PathLike[str], waveform: Waveform, sample_rate: int) -> None:
    """Write a waveform as 32-bit float WAV, which keeps what lies above 1.0."""
    import soundfile

    soundfile.write(path, waveform.T, sample_rate, format="WAV", subtype="FLOAT")


def resample(waveform: Waveform, source_rate: int, target_rate: int) -> Waveform:
    """Resample with soxr at its high quality.

    Returns an array of shape (channels, round(samples * target_rate / source_rate)), of one sample
    at least; the waveform itself where the rates are equal.
    """
    if source_rate == target_rate:
        return waveform
    import numpy as np
    import soxr

    resampled = soxr.resample(waveform.T, source_rate, target_rate, quality="HQ").T
    length = max(1, round(waveform.shape[1] * target_rate / source_rate))
    if resampled.shape[1] < length:
        resampled = np.pad(resampled, ((0, 0), (0, length - resampled.shape[1])))
    return np.ascontiguousarray(resampled[:, :length], dtype=np.float32)


def _is_cut(path: Path, format_name: str, size: int) -> bool:
    """Tell whether a container ends before it says it does; libsndfile reads such files mutely."""
    with path.open("rb") as handle:
        if format_name in ("WAV", "WAVEX"):
            return _samples_are_cut(handle, size, "little", b"data")
        if format_name == "AIFF":
            return _samples_are_cut(handle, size, "big", b"SSND")
        if format_name == "OGG":
            return _pages_are_cut(handle, size)
    return False


def _samples_are_cut(
    handle: BinaryIO, size: int, order: Literal["little", "big"], samples: bytes
) -> bool:
    """Walk the chunks of a RIFF or AIFF file to its samples, and see whether they are all there.

    The size of the whole is often wrong in streamed files; that of the samples is what counts.
    """
    position = 12
    while position + 8 <= size:
        handle.seek(position)
        name, length = handle.read(4), int.from_bytes(handle.read(4), order)
        if name == samples:
            return length != 0xFFFFFFFF and position + 8 + length > size
        position += 8 + length + (length & 1)
    return False


def _pages_are_cut(handle: BinaryIO, size: int) -> bool:
    """See whether an Ogg file's last page is whole and ends the stream (RFC 3533, section 6)."""
    longest, header, last = 65_307, 27, 4
    handle.seek(max(0, size - longest))
    tail = handle.read()
    page = tail[max(0, tail.rfind(b"OggS")) :]
    if len(page) < header or len(page) < header + page[26]:
        return True
    body = sum(page[header : header + page[26]])
    return not page[5] & last or len(page) < header + page[26] + body
