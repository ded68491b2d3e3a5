"""Decoding of audio files: libsndfile where it is right, FFmpeg for the rest.

A file is read until its decoder ends. What it states of its own length is a promise, which is
held against what came; what a decoder estimates is none, and decides nothing.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from io import BytesIO, FileIO
from pathlib import Path
from typing import TYPE_CHECKING

from merbench.audio import ffmpeg, lengths, mpeg, ogg
from merbench.audio.soundness import validate, validate_rate
from merbench.errors import AudioError

if TYPE_CHECKING:
    import numpy as np
    import soundfile
    from numpy.typing import NDArray

    Waveform = NDArray[np.float32]

__all__ = ["SUFFIXES", "VERSION", "blemishes", "read"]

SUFFIXES = frozenset(
    {".aac", ".aif", ".aifc", ".aiff", ".au", ".caf", ".flac", ".m4a", ".mka", ".mp2", ".mp3"}
    | {".oga", ".ogg", ".opus", ".tta", ".w64", ".wav", ".webm", ".wma", ".wv"}
)
"""Endings of the names of audio files, where a folder is looked through for them."""


VERSION = 2
"""Raised when files decode to something else than before: keys of decoded clips hold it."""

_HEAD = 1 << 14
"""Bytes by which a file's kind is told."""
_VORBIS, _OPUS = b"\x01vorbis", b"OpusHead"
"""How the first packets of two codecs in Ogg begin."""
_FLAC = re.compile(rb"fLaC[\x00\x80]\x00\x00\x22")
"""How a FLAC file begins: its marker, and the head of the block that describes the stream."""
_UNKNOWN = 1
"""libsndfile's error for a format that it does not know."""
_UNKNOWN_LENGTH = 1 << 48
"""Frames of which libsndfile states so many or more where it knows of none."""
_BLOCK = 1 << 18
"""Frames read at a time where libsndfile cannot read all at once."""


def read(path: str | os.PathLike[str]) -> tuple[Waveform, int]:
    """Decode an audio file.

    Parameters
    ----------
    path
        WAV, FLAC, Ogg, MP3, M4A, WMA or anything else that libsndfile or FFmpeg reads.

    Returns
    -------
    waveform : ndarray
        Shape (channels, samples), float32, unclipped.
    sample_rate : int
        In Hz.

    Raises
    ------
    AudioError
        The file is missing, empty, cut short, damaged, no audio, or holds values that are not
        finite.
    """
    path = Path(path)
    where = str(path)
    try:
        if path.is_dir():
            raise AudioError(f"{where} cannot be decoded as audio (it is a folder); name a file")
        # Unbuffered, so that libsndfile, which is given the descriptor, begins at the beginning.
        with path.open("rb", buffering=0) as file:
            waveform, sample_rate = _decode(file, where)
    except AudioError:
        raise
    except OSError as error:
        raise AudioError(
            f"{where} cannot be opened ({error.strerror or error}); restore the file"
        ) from error
    except MemoryError as error:
        raise AudioError(
            f"{where} needs more memory to be decoded than there is; lower --jobs"
        ) from error
    # Whatever else a decoder raises is this file's fault: libraries have errors of many kinds.
    except Exception as error:
        raise AudioError(
            f"{where} cannot be decoded as audio ({type(error).__name__}: {error}); replace it"
        ) from error
    if waveform.shape[1] == 0:
        raise AudioError(f"{where} holds no audio samples; replace it")
    validate_rate(sample_rate, where)
    validate(waveform, where)
    return waveform, sample_rate


def blemishes(path: str | os.PathLike[str]) -> list[str]:
    """Say what is wrong with a file that can be read nevertheless: a sentence a fault.

    Such files are MPEG audio that ends in the midst of a frame, or has something else between its
    frames, and keeps whatever length it states.
    """
    with Path(path).open("rb") as file:
        if not mpeg.begins(file.read(_HEAD)):
            return []
        file.seek(0)
        frames = mpeg.scan(file.read())
    found = []
    if frames.incomplete:
        found.append("its last frame is incomplete and left out; the file may have been cut")
    if frames.lost:
        found.append(f"{frames.lost:,} bytes between its frames are no audio and passed over")
    return found


def _decode(file: FileIO, where: str) -> tuple[Waveform, int]:
    head = file.read(_HEAD)
    file.seek(0)
    if not head:
        raise AudioError(f"{where} is empty (0 bytes); restore the file")
    if mpeg.begins(head):
        return _decode_mpeg(file.read(), where)
    if head.startswith(b"OggS"):
        return _decode_ogg(file.read(), where)
    if head.startswith(b"fLaC"):
        return _decode_flac(file.read(), where)
    if lengths.is_cut(file):
        raise AudioError(f"{where} is cut short: its header promises more; replace it")
    file.seek(0)
    return _decode_any(file, where)


def _decode_mpeg(data: bytes, where: str) -> tuple[Waveform, int]:
    """Decode MPEG audio to its last whole frame."""
    frames = mpeg.scan(data)
    if frames.missing:
        raise AudioError(
            f"{where} is cut short: it holds {frames.seconds:.2f} s, {frames.missing} frames less "
            "than it states; replace it"
        )
    return ffmpeg.decode_with_ffmpeg(BytesIO(data[: frames.end]), where, mpeg=True)


def _decode_ogg(data: bytes, where: str) -> tuple[Waveform, int]:
    """Decode the chained streams of an Ogg file, one after the other."""
    return _joined([_decode_stream(stream, where) for stream in ogg.streams(data, where)], where)


def _decode_flac(data: bytes, where: str) -> tuple[Waveform, int]:
    """Decode FLAC, also where files were joined to one, of which decoders read the first alone."""
    starts = [found.start() for found in _FLAC.finditer(data)] or [0]
    ends = [*starts[1:], len(data)]
    files = (data[start:end] for start, end in zip(starts, ends, strict=True))
    return _joined([_decode_any(BytesIO(file), where) for file in files], where)


def _joined(parts: Sequence[tuple[Waveform, int]], where: str) -> tuple[Waveform, int]:
    import numpy as np

    forms = [(rate, len(waveform)) for waveform, rate in parts]
    for form in forms:
        if form != forms[0]:
            raise AudioError(f"{where}: {ffmpeg.changes(forms[0], form)}")
    if len(parts) == 1:
        return parts[0]
    return np.concatenate([waveform for waveform, _ in parts], axis=1), forms[0][0]


def _decode_stream(stream: bytes, where: str) -> tuple[Waveform, int]:
    """Decode an Ogg stream by its first packet: of FLAC, Speex and films libsndfile is unsure."""
    first = stream[: len(_VORBIS) + 300]
    if _VORBIS in first or _OPUS in first:
        return _decode_any(BytesIO(stream), where)
    return ffmpeg.decode_with_ffmpeg(BytesIO(stream), where)


def _decode_any(file: FileIO | BytesIO, where: str) -> tuple[Waveform, int]:
    import soundfile

    try:
        # A file's name would have soundfile guess: it takes any .raw for audio.
        source = file.fileno() if isinstance(file, FileIO) else file
        sound = soundfile.SoundFile(source, closefd=False)
    except soundfile.LibsndfileError as error:
        reason = error.error_string.strip().rstrip(".")
        file.seek(0)
        try:
            return ffmpeg.decode_with_ffmpeg(file, where)
        except AudioError:
            if error.code == _UNKNOWN:
                raise
            raise AudioError(
                f"{where} cannot be decoded as audio ({reason}); replace it"
            ) from error
    with sound:
        if not _is_ffmpegs(sound):
            return _decode_sound(sound, where)
    file.seek(0)
    return ffmpeg.decode_with_ffmpeg(file, where)


def _is_ffmpegs(sound: soundfile.SoundFile) -> bool:
    """Tell what libsndfile opens and does not read as it is.

    MPEG audio, whose length it estimates; VOC, whose blocks' heads it takes for samples; GSM in
    WAV, to which it adds a block; FLAC of unknown length, which it cannot read at all.
    """
    return (
        sound.format in ("MP3", "MPEG", "VOC")
        or sound.subtype.startswith("MPEG")
        or sound.subtype == "GSM610"
        or sound.frames >= _UNKNOWN_LENGTH
    )


def _decode_sound(sound: soundfile.SoundFile, where: str) -> tuple[Waveform, int]:
    """Read what libsndfile has opened."""
    import numpy as np

    validate_rate(sound.samplerate, where)
    try:
        if sound.seekable():
            frames = sound.read(dtype="float32", always_2d=True)
        else:  # some codecs cannot tell where they are, and are read until they end
            blocks = [sound.read(_BLOCK, dtype="float32", always_2d=True)]
            while len(blocks[-1]):
                blocks.append(sound.read(_BLOCK, dtype="float32", always_2d=True))
            frames = np.concatenate(blocks)
    except MemoryError as error:
        raise AudioError(
            f"{where}: its header promises {sound.frames:,} samples, more than memory holds; "
            "replace it"
        ) from error
    if len(frames) < sound.frames:
        raise AudioError(
            f"{where} is cut short: {len(frames) / sound.samplerate:.2f} s could be decoded but "
            "its header promises more; replace it"
        )
    return frames.T.copy(), int(sound.samplerate)
