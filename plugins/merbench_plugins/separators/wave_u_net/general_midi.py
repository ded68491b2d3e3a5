"""True stems of General MIDI files: every stem's instruments rendered by themselves."""

from __future__ import annotations

import tempfile
import warnings
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from merbench.errors import AudioError
from merbench_plugins.datasets import midi
from merbench_plugins.separators.wave_u_net.revoicing import (
    BASS_PROGRAMS,
    VOICE_PROGRAMS,
    revoice,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from merbench.audio import Waveform

__all__ = ["render_stems"]

_RESOLUTION = 960
_MELODIC_CHANNELS = 15


def render_stems(
    path: Path, *, seconds: float, sample_rate: int, soundfont: Path, revoicing: int = 0
) -> dict[str, Waveform]:
    """Render a MIDI file's bass, drums and other, which sum to its mixture.

    The percussion channel is drums, the programs 33 to 40 are bass. Choirs and synthetic voices
    are left out: they neither sing nor are they accompaniment, so that any label would mislead.

    Where nothing is bass by its program, other instruments play the bass, and nothing tells which:
    the file then yields drums (perhaps silent) and the accompaniment as a whole.

    Parameters
    ----------
    path
        A standard MIDI file with General MIDI programs.
    seconds
        How much to render at most.
    sample_rate
        In Hz.
    soundfont
        An sf2 or sf3 file.
    revoicing
        0 for the piece as it stands; any other number gives it other instruments, another key and
        tempo, by `revoicing.revoice`, the same ones whenever it is asked for.

    Returns
    -------
    dict
        Those of bass, drums and other that the file has notes for, or drums and accompaniment;
        shape (2, samples) each.

    Raises
    ------
    AudioError
        The file is missing, no MIDI, or without notes for any of these.
    """
    import pretty_midi

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            score = pretty_midi.PrettyMIDI(str(path))
    except (OSError, ValueError, EOFError, KeyError, IndexError) as error:
        raise AudioError(f"{path} cannot be read as MIDI ({error}); replace it") from error
    stems: dict[str, list[Any]] = {}
    for instrument in score.instruments:
        stem = _stem(instrument)
        if stem and any(note.start < seconds for note in instrument.notes):
            stems.setdefault(stem, []).append(instrument)
    if not stems:
        raise AudioError(f"{path} holds no notes for bass, drums or other; replace it")
    # After the stems were told: what is slower may begin later than what is rendered.
    if revoicing:
        revoice(score, np.random.default_rng([zlib.crc32(path.read_bytes()), revoicing]))
    rendered = {
        name: _render(instruments, seconds, sample_rate, soundfont)
        for name, instruments in sorted(stems.items())
    }
    length = max(waveform.shape[1] for waveform in rendered.values())
    padded = {name: _padded(waveform, length) for name, waveform in rendered.items()}
    if "bass" in padded or "other" not in padded:
        return padded
    drums = padded.get("drums", np.zeros_like(padded["other"]))
    return {"drums": drums, "accompaniment": drums + padded["other"]}


def _stem(instrument: Any) -> str:
    if instrument.is_drum:
        return "drums"
    if instrument.program in BASS_PROGRAMS:
        return "bass"
    return "" if instrument.program in VOICE_PROGRAMS else "other"


def _render(
    instruments: Sequence[Any], seconds: float, sample_rate: int, soundfont: Path
) -> Waveform:
    import pretty_midi

    parts = []
    # A MIDI file has channels for so many: more would share one and its controllers.
    for i in range(0, len(instruments), _MELODIC_CHANNELS):
        score = pretty_midi.PrettyMIDI(resolution=_RESOLUTION)
        score.instruments.extend(instruments[i : i + _MELODIC_CHANNELS])
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "stem.mid"
            score.write(str(file))
            parts.append(
                midi.render(file, seconds=seconds, sample_rate=sample_rate, soundfont=soundfont)
            )
    length = max(part.shape[1] for part in parts)
    summed: Waveform = np.sum([_padded(part, length) for part in parts], axis=0)
    return summed


def _padded(waveform: Waveform, length: int) -> Waveform:
    return np.pad(waveform, ((0, 0), (0, length - waveform.shape[1])))
