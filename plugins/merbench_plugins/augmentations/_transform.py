"""audiomentations' transforms, with parameters that are drawn here.

A transform draws its parameters from the global random state and keeps them; what it then does is
decided by them alone. Drawing them ourselves leaves the global state alone.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

if TYPE_CHECKING:
    import numpy as np

    from merbench.audio import Waveform

Method = Literal["signalsmith_stretch", "librosa_phase_vocoder"]
Draw = Literal["between", "either"]

METHOD = (
    "How it is done: by Signalsmith's stretcher, or by librosa's phase vocoder, which smears "
    "transients."
)

DRAW = "Whether it is drawn evenly between the two ends of its range, or is either of them."

RATE: Any = Field(
    None,
    ge=1_000,
    le=768_000,
    description="Sample rate in Hz that the clip is brought to first, and back from at the end, as "
    "where a paper resamples before it augments. By default it is changed at its own.",
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


def drawn_from(draw: Draw, low: float, high: float, rng: np.random.Generator) -> float:
    """Draw a number between two, or one of the two."""
    if draw == "between":
        return drawn_between(low, high, rng)
    return float(rng.choice([low, high]))


def drawn_on_mel(low: float, high: float, rng: np.random.Generator) -> float:
    """Draw a frequency in Hz between two, evenly on the mel scale."""
    import math

    lower, upper = (2595 * math.log10(1 + hertz / 700) for hertz in (low, high))
    return float(700 * (10 ** (drawn_between(lower, upper, rng) / 2595) - 1))


def refuse_reversed(low: float, high: float) -> None:
    """Raise `ValueError`, which pydantic turns into a complaint, where a range is reversed."""
    if low > high:
        raise ValueError(f"the lower end of its range ({low:g}) is above the upper ({high:g})")


def at_rate(
    rate: int | None,
    change: Callable[[Waveform, int], Waveform],
    waveform: Waveform,
    sample_rate: int,
) -> Waveform:
    """Change a clip at another sample rate than its own.

    Parameters
    ----------
    rate
        In Hz; None is the clip's own.
    change
        Given audio and its rate, it returns audio at that rate.
    waveform, sample_rate
        The clip, (channels, samples), and its rate in Hz.

    Returns
    -------
    ndarray
        Of the clip's shape if `change` keeps it; without what lies above half of `rate`.
    """
    from merbench import audio

    if rate is None or rate == sample_rate:
        return change(waveform, sample_rate)
    brought = audio.resample(waveform, sample_rate, rate)
    changed = change(brought, rate)
    back = audio.resample(changed, rate, sample_rate)
    # Rounding at both changes of the rate may have gained or lost a sample.
    return of_length(back, waveform.shape[1]) if changed.shape == brought.shape else back


def of_length(waveform: Waveform, samples: int) -> Waveform:
    """Cut audio at its end, or add silence there, to a number of samples."""
    import numpy as np

    return np.pad(waveform[:, :samples], ((0, 0), (0, max(0, samples - waveform.shape[1]))))
