"""Decoding with FFmpeg, by PyAV: MPEG audio, and whatever libsndfile does not know."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

from merbench.errors import AudioError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Waveform = NDArray[np.float32]

__all__ = ["decode_with_ffmpeg"]

_READ = (
    "aac,ac3,aiff,amr,ape,asf,au,caf,dts,dtshd,eac3,flac,loas,matroska,mlp,mov,mp3,mpc,mpc8,mpeg,"
    "mpegts,ogg,tak,truehd,tta,voc,w64,wav,webm,wv"
)
"""FFmpeg's readers that are let near a file. Others read text, or open what a file names."""
_STATING = {"ape", "mov", "mpc", "mpc8", "tak", "tta", "wv"}
"""The readers whose files state their length; all others only estimate it."""
_SLACK = 0.1
"""Seconds by which an encoder's delay may make a stated length wrong."""


def decode_with_ffmpeg(file: BinaryIO, where: str, *, mpeg: bool = False) -> tuple[Waveform, int]:
    """Decode the first audio stream of a file to its end.

    An encoder's delay is left out where the file states it, and only there.

    Parameters
    ----------
    file
        Open at its beginning.
    where
        The file, for messages.
    mpeg
        Whether it is bare MPEG audio. What stands between its frames is then passed over, as any
        player does; in other files, what cannot be decoded is damage.

    Returns
    -------
    waveform : ndarray
        Shape (channels, samples), float32, unclipped.
    sample_rate : int
        In Hz.

    Raises
    ------
    AudioError
        There is no audio in it, it changes its form on the way, is damaged, or shorter than stated.
    """
    import av
    import numpy as np

    parts: list[NDArray] = []
    form: tuple[int, int] | None = None
    try:
        reader = "mp3" if mpeg else None
        with av.open(file, "r", format=reader, options={"format_whitelist": _READ}) as container:
            stream = next(iter(container.streams.audio), None)
            if stream is None:
                raise AudioError(f"{where} holds no audio; replace it")
            stated = (
                float(stream.duration * stream.time_base)
                if stream.duration
                and stream.time_base
                and _STATING.intersection(container.format.name.split(","))
                else 0.0
            )
            for packet in container.demux(stream):
                try:
                    frames = packet.decode()
                except av.error.InvalidDataError as error:
                    if mpeg:
                        continue
                    done = sum(part.shape[1] for part in parts) / form[0] if form else 0.0
                    raise AudioError(
                        f"{where} cannot be decoded beyond {done:.2f} s: it is damaged or cut "
                        "short; replace it"
                    ) from error
                for frame in frames:
                    found = (frame.sample_rate, len(frame.layout.channels))
                    form = form or found
                    if found != form:
                        raise AudioError(f"{where}: {changes(form, found)}")
                    array = frame.to_ndarray()
                    parts.append(array if frame.format.is_planar else array.reshape(-1, found[1]).T)
    except av.error.ArgumentError as error:  # its reader is none of those above
        raise AudioError(
            f"{where} cannot be decoded as audio (it is no kind of file that is known here); "
            "replace it"
        ) from error
    except av.error.FFmpegError as error:
        raise AudioError(
            f"{where} cannot be decoded as audio ({_reason(error)}); replace it"
        ) from error
    if form is None:
        raise AudioError(f"{where} cannot be decoded as audio (no audio found in it); replace it")
    rate = form[0]
    waveform = _scaled(np.concatenate(parts, axis=1))
    if waveform.shape[1] / rate < stated - _SLACK:
        raise AudioError(
            f"{where} is cut short: it states {stated:.2f} s and {waveform.shape[1] / rate:.2f} s "
            "could be decoded; replace it"
        )
    return waveform, rate


def changes(first: tuple[int, int], then: tuple[int, int]) -> str:
    """Say that a file changes its sample rate or channels on the way."""
    before, after = (f"{rate} Hz and {channels} channels" for rate, channels in (first, then))
    return f"it changes from {before} to {after} on the way; split it, or export it again"


def _reason(error: Exception) -> str:
    """Return FFmpeg's reason without the number and the call that PyAV puts around it."""
    text = str(getattr(error, "strerror", "") or error)
    return text[:1].lower() + text[1:]


def _scaled(samples: NDArray) -> Waveform:
    """Return samples as floating-point numbers of which 1.0 is full scale."""
    import numpy as np

    floats: Waveform = np.ascontiguousarray(samples, dtype=np.float32)
    if samples.dtype == np.uint8:
        floats = (floats - 128) / np.float32(128)
    elif samples.dtype.kind == "i":
        floats = floats / np.float32(-float(np.iinfo(samples.dtype).min))
    return floats
