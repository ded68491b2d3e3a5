"""What datasets of MIDI files have in common: clips are rendered, and how is a parameter."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import Field

from merbench import AudioError, Clip, MerbenchError
from merbench.digests import content_digest
from merbench_plugins.datasets.labelled import LabelledDataset

if TYPE_CHECKING:
    from merbench.audio import Waveform

__all__ = ["RenderedDataset"]


class RenderedDataset(LabelledDataset):
    """Base of datasets whose clips are MIDI files, rendered with a soundfont."""

    source_modules = (
        "merbench_plugins.datasets.fluidsynth",
        "merbench_plugins.datasets.midi",
        "merbench_plugins.datasets.midi_file",
    )

    seconds: float = Field(
        30.0, gt=0, le=3600, description="How much of each piece's beginning is rendered, in s."
    )
    sample_rate: int = Field(
        44_100, ge=8_000, le=192_000, description="Sample rate of the rendering, in Hz."
    )
    soundfont: Path | None = Field(
        None,
        description="Soundfont (sf2 or sf3) to render with; by default TimGM6mb, which pretty_midi "
        "comes with.",
    )

    def identity(self) -> dict[str, Any]:
        """Name, version and parameters, the soundfont by its content also where it is implied."""
        identity = super().identity()
        identity["parameters"]["soundfont"] = content_digest(self._soundfont_path())
        return identity

    def fingerprint(self) -> dict[str, Any]:
        """`identity`, the source behind it, and which synthesiser there is, with its version."""
        from merbench_plugins.datasets.midi import renderer

        return {**super().fingerprint(), "renderer": renderer()}

    def ready(self) -> None:
        """Raise `MerbenchError` where synthesiser or soundfont are missing."""
        from merbench_plugins.datasets.midi import require_renderer

        require_renderer()
        soundfont = self._soundfont_path()
        if not soundfont.is_file():
            raise MerbenchError(f"the soundfont {soundfont} does not exist; name another")

    def decode(self, clip: Clip) -> tuple[Waveform, int]:
        """Render the beginning of a piece, (2, samples)."""
        from merbench_plugins.datasets.midi import render

        try:
            waveform = render(
                clip.audio,
                seconds=self.seconds,
                sample_rate=self.sample_rate,
                soundfont=self._soundfont_path(),
            )
        except AudioError as error:
            raise AudioError(f"clip {clip.id}: {error}") from error
        return waveform, self.sample_rate

    def _soundfont_path(self) -> Path:
        from merbench_plugins.datasets.midi import default_soundfont

        return self.soundfont.expanduser() if self.soundfont else default_soundfont()
