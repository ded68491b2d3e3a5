"""audiomentations' transforms, with parameters that are drawn here.

A transform draws its parameters from the global random state and keeps them; what it then does is
decided by them alone. Drawing them ourselves leaves the global state alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import numpy as np

    from merbench.audio import Waveform

Method = Literal["signalsmith_stretch", "librosa_phase_vocoder"]

METHOD = (
    "How it is done: by Signalsmith's stretcher, or by librosa's phase vocoder, which smears "
    "transients."
)


def transformed(
    name: str, settings: dict[str, Any], drawn: dict[str, Any], waveform: Waveform, rate: int
) -> Waveform:
    """Apply a transform of audiomentations.

    Parameters
    ----------
    name
        Of its class.
    settings
        What it is made with.
    drawn
        What it would draw by chance.
    waveform
        Shape (channels, samples), float32.
    rate
        In Hz.

    Returns
    -------
    ndarray
        Shape (channels, samples), float32; the number of samples may be another.
    """
    import audiomentations
    import numpy as np

    transform = getattr(audiomentations, name)(**settings, p=1.0)
    transform.parameters = {"should_apply": True, **drawn}
    changed = transform.apply(np.ascontiguousarray(waveform), rate)
    return np.ascontiguousarray(changed, dtype=np.float32)


def drawn_between(low: float, high: float, rng: np.random.Generator) -> float:
    """Draw a number between two, or take the one that both are."""
    return float(rng.uniform(low, high)) if low < high else low


def refuse_reversed(low: float, high: float) -> None:
    """Raise `ValueError`, which pydantic turns into a complaint, where a range is reversed."""
    if low > high:
        raise ValueError(f"the lower end of its range ({low:g}) is above the upper ({high:g})")
