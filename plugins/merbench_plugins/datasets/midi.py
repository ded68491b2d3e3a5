"""Rendering MIDI files with a soundfont: by tinysoundfont, or by FluidSynth where it is missing.

Neither leaves anything to chance. tinysoundfont needs no system package, but has no wheel for
Python 3.13, where pip compiles it; FluidSynth is a library of the system.
"""

from __future__ import annotations

from contextlib import suppress
from functools import cache
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from merbench import AudioError, MerbenchError
from merbench_plugins.datasets import fluidsynth, midi_file

if TYPE_CHECKING:
    from merbench.audio import Waveform

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


_NONE = "no synthesiser"


@cache
def renderer() -> str:
    """Return name and version of the synthesiser: another one or version may sound different."""
    if find_spec("tinysoundfont") is not None:
        return f"tinysoundfont {metadata.version('tinysoundfont')}"
    return fluidsynth.synthesiser() or _NONE


def require_renderer() -> None:
    """Raise `MerbenchError` where no synthesiser is installed."""
    if renderer() == _NONE:
        raise MerbenchError(
            "rendering MIDI needs tinysoundfont; install it with `pip install --no-deps "
            "tinysoundfont` (its dependency PyAudio serves playback only), which on Python 3.13 "
            "takes a C++ compiler; without one, install FluidSynth and `pip install pyfluidsynth`"
        )


def render(path: Path, *, seconds: float, sample_rate: int, soundfont: Path) -> Waveform:
    """Render the beginning of a MIDI file.

    Each event falls on the sample nearest to its time (of FluidSynth, on one at most 64 later),
    and the soundfont's own level is kept, so that a file always gives the same samples. Channel 10
    is percussion, as General MIDI has it.

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
        The file is missing, no MIDI, cut short, without notes, or says nothing of its time.
    MerbenchError
        The synthesiser or the soundfont is missing.
    """
    require_renderer()
    events = midi_file.read(path)
    notes = [e.seconds for e in events if e.kind in (midi_file.NOTE_ON, midi_file.NOTE_OFF)]
    if not any(e.kind == midi_file.NOTE_ON and e.second for e in events):
        raise AudioError(f"{path} holds no notes; replace it")

    synth = _synth(soundfont, sample_rate)
    length = round(min(seconds, max(notes) + DECAY) * sample_rate)
    buffer = memoryview(bytearray(length * BYTES_A_FRAME))
    done = 0
    for event in [*events, None]:
        position = length if event is None else min(round(event.seconds * sample_rate), length)
        if position > done:
            synth.generate_simple(
                position - done, buffer[done * BYTES_A_FRAME : position * BYTES_A_FRAME]
            )
            done = position
        if event is not None and done < length:
            _send(synth, event)
    return np.frombuffer(buffer, dtype=np.float32).reshape(length, CHANNELS).T.copy()


def _send(synth: Any, event: midi_file.Event) -> None:
    """Hand an event to the synthesiser."""
    channel, first, second = event.channel, event.first, event.second
    match event.kind:
        case midi_file.NOTE_ON:
            synth.noteon(channel, first, second)
        case midi_file.NOTE_OFF:
            synth.noteoff(channel, first)
        case midi_file.CONTROL:
            synth.control_change(channel, first, second)
        case midi_file.PROGRAM:
            # A program that the soundfont lacks leaves the channel as it is.
            with suppress(Exception):
                synth.program_change(channel, first, channel == DRUM_CHANNEL)
        case midi_file.BEND:
            synth.pitchbend(channel, second << 7 | first)


def _synth(soundfont: Path, sample_rate: int) -> Any:
    """Return a synthesiser that has a soundfont, with tinysoundfont's methods."""
    own = find_spec("tinysoundfont") is not None
    try:
        if own:
            import tinysoundfont

            synth = tinysoundfont.Synth(samplerate=sample_rate)
        else:
            synth = fluidsynth.Synth(samplerate=sample_rate)
        synth.sfload(_bytes(str(soundfont)) if own else soundfont)
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
