"""Rendering MIDI files with a soundfont, by tinysoundfont: no system package, no chance."""

from __future__ import annotations

from functools import cache
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from merbench import AudioError, MerbenchError

if TYPE_CHECKING:
    from merbench.components import Waveform

__all__ = ["default_soundfont", "render", "renderer", "require_renderer"]

CHANNELS = 2
BYTES_A_FRAME = 4 * CHANNELS
DRUM_CHANNEL = 9
DECAY = 2.0
"""Seconds for which the last notes may ring on once they are released."""


def default_soundfont() -> Path:
    """Return the path of TimGM6mb.sf2, the General MIDI soundfont that pretty_midi comes with."""
    spec = find_spec("pretty_midi")
    if spec is None or spec.origin is None:
        raise MerbenchError(
            "pretty_midi, whose soundfont MIDI is rendered with, is not installed; run `pip "
            "install pretty_midi`, or name a soundfont of your own"
        )
    return Path(spec.origin).parent / "TimGM6mb.sf2"


@cache
def renderer() -> str:
    """Return name and version of the synthesiser: another version may sound different."""
    try:
        return f"tinysoundfont {metadata.version('tinysoundfont')}"
    except metadata.PackageNotFoundError:
        return "tinysoundfont missing"


def require_renderer() -> None:
    """Raise `MerbenchError` where the synthesiser is not installed."""
    if find_spec("tinysoundfont") is None:
        raise MerbenchError(
            "rendering MIDI needs tinysoundfont; install it with `pip install --no-deps "
            "tinysoundfont` (its dependency PyAudio serves playback only, and needs a compiler)"
        )


def render(path: Path, *, seconds: float, sample_rate: int, soundfont: Path) -> Waveform:
    """Render the beginning of a MIDI file.

    Each event falls on the sample nearest to its time, and the soundfont's own level is kept, so
    that a file always gives the same samples. Channel 10 is percussion, as General MIDI has it.

    Parameters
    ----------
    path
        A standard MIDI file.
    seconds
        How much to render at most. A piece that ends sooner, two seconds after its last note, is
        not padded.
    sample_rate
        In Hz.
    soundfont
        An sf2 or sf3 file.

    Returns
    -------
    ndarray
        Shape (2, samples), float32, at least two seconds unless `seconds` is less.

    Raises
    ------
    AudioError
        The file is missing, no MIDI, cut short or without notes.
    MerbenchError
        tinysoundfont or the soundfont is missing.
    """
    require_renderer()
    import tinysoundfont
    from tinysoundfont import midi

    data = _read(path)
    try:
        events = midi.load_memory(data, persistent=False)
    except RuntimeError as error:
        raise AudioError(f"{path} cannot be read as MIDI ({error}); replace it") from error
    notes = [e.t for e in events if isinstance(e.action, midi.NoteOn | midi.NoteOff)]
    if not any(isinstance(e.action, midi.NoteOn) and e.action.velocity for e in events):
        raise AudioError(f"{path} holds no notes; replace it")

    synth = _synth(tinysoundfont, soundfont, sample_rate)
    sequencer = tinysoundfont.Sequencer(synth)  # for its `send`; the time is kept here
    length = round(min(seconds, max(notes) + DECAY) * sample_rate)
    buffer = memoryview(bytearray(length * BYTES_A_FRAME))
    done = 0
    for event in [*events, None]:
        position = length if event is None else min(round(event.t * sample_rate), length)
        if position > done:
            synth.generate_simple(
                position - done, buffer[done * BYTES_A_FRAME : position * BYTES_A_FRAME]
            )
            done = position
        if event is not None and done < length:
            sequencer.send(event)
    return np.frombuffer(buffer, dtype=np.float32).reshape(length, CHANNELS).T.copy()


def _synth(tinysoundfont: Any, soundfont: Path, sample_rate: int) -> Any:
    synth = tinysoundfont.Synth(samplerate=sample_rate)
    try:
        synth.sfload(_bytes(str(soundfont)))
        synth.program_change(DRUM_CHANNEL, 0, True)
    except OSError as error:
        raise MerbenchError(
            f"the soundfont {soundfont} cannot be opened ({error.strerror}); name another"
        ) from error
    except RuntimeError as error:
        raise MerbenchError(
            f"the soundfont {soundfont} cannot be used ({error}); name an sf2 or sf3 file"
        ) from error
    return synth


@cache
def _bytes(path: str) -> bytes:
    return Path(path).read_bytes()


def _read(path: Path) -> bytes:
    """Return a MIDI file's bytes; the reader takes files that are cut short without a word."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise AudioError(f"{path} cannot be opened ({error.strerror}); restore the file") from error
    if data[:4] != b"MThd" or len(data) < 14:
        raise AudioError(f"{path} is no MIDI file; replace it")
    promised = int.from_bytes(data[10:12], "big")
    position, tracks = 8 + int.from_bytes(data[4:8], "big"), 0
    while position + 8 <= len(data) and tracks < promised:
        tracks += data[position : position + 4] == b"MTrk"
        position += 8 + int.from_bytes(data[position + 4 : position + 8], "big")
    if tracks < promised or position > len(data):
        raise AudioError(
            f"{path} is cut short: its header promises {promised} tracks and {tracks} are there, "
            f"to byte {position} of {len(data)}; replace it"
        )
    return data
