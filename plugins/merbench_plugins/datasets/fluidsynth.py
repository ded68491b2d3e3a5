"""FluidSynth with the methods of tinysoundfont that `midi` calls, by pyfluidsynth."""

from __future__ import annotations

import sys
from contextlib import redirect_stdout
from ctypes import c_char_p, c_float, c_int, c_void_p
from functools import cache
from pathlib import Path
from typing import Any

__all__ = ["Synth", "synthesiser"]

_GAIN = 0.5
"""At which pieces are about as loud as tinysoundfont plays them: within a few decibels, for the
two weigh velocities differently."""
_SETTINGS = {"synth.reverb.active": 0, "synth.chorus.active": 0, "synth.polyphony": 256}
"""What tinysoundfont does: no room around the instruments, as many voices."""


@cache
def synthesiser() -> str:
    """Return name and version of the library; nothing where it or pyfluidsynth is missing."""
    try:
        library = _library()
    except ImportError:
        return ""
    return f"fluidsynth {library.cfunc('fluid_version_str', c_char_p)().decode()}"


def _library() -> Any:
    with redirect_stdout(sys.stderr):  # it says where it was found where CI is set
        import fluidsynth

    return fluidsynth


class Synth:
    """A synthesiser.

    Parameters
    ----------
    samplerate
        In Hz.
    """

    def __init__(self, samplerate: int) -> None:
        library = _library()
        self._synth = library.Synth(_GAIN, samplerate, channels=16, **_SETTINGS)
        self._write = library.cfunc(
            "fluid_synth_write_float",
            c_int,
            ("synth", c_void_p, 1),
            ("len", c_int, 1),
            *((name, kind, 1) for side in "lr" for name, kind in _buffer(side)),
        )
        self.noteon, self.noteoff = self._synth.noteon, self._synth.noteoff
        self.control_change = self._synth.cc

    def __del__(self) -> None:
        if hasattr(self, "_synth"):
            self._synth.delete()

    def sfload(self, soundfont: Path) -> None:
        """Load a soundfont.

        Raises
        ------
        OSError
            It cannot be opened.
        RuntimeError
            It is none.
        """
        with soundfont.open("rb"):
            pass
        if self._synth.sfload(str(soundfont), 1) < 0:
            raise RuntimeError("FluidSynth cannot load it")

    def program_change(self, channel: int, program: int, is_drums: bool) -> None:
        """Choose an instrument; the tenth channel is percussion anyway."""
        self._synth.program_change(channel, program)

    def pitchbend(self, channel: int, value: int) -> None:
        """Bend a channel: 0 to 16,383, and 8,192 does not."""
        self._synth.pitch_bend(channel, value - 8_192)

    def generate_simple(self, count: int, buffer: memoryview) -> None:
        """Fill a buffer with so many frames, float32, left and right by turns."""
        frames = (c_float * (2 * count)).from_buffer(buffer)
        self._write(self._synth.synth, count, frames, 0, 2, frames, 1, 2)


def _buffer(side: str) -> list[tuple[str, Any]]:
    """Return the arguments that say where a channel is written: array, first place, step."""
    return [(f"{side}buf", c_void_p), (f"{side}off", c_int), (f"{side}incr", c_int)]
