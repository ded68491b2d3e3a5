"""What `merbench data check` looks for in the audio of any dataset: all that a run will hear."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from merbench import audio
from merbench.components import Clip, Dataset, Finding
from merbench.errors import MerbenchError
from merbench.planning.datasets import read_clips
from merbench.planning.repeated_audio import same_audio
from merbench.steps import decoding, separating

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Waveform = NDArray[np.float32]

__all__ = ["check_audio", "inspect_copy"]

SHORTEST = 1.0
"""Seconds below which features have too few frames to mean much."""
SILENT = 1e-4
"""Peak of what counts as silence: -80 dB of full scale."""
UNLIKE = 0.1
"""Seconds by which true stems may be longer or shorter than their clip."""


def inspect_copy(dataset: Dataset, root: Path) -> list[Finding]:
    """Return what is wrong with a copy of a dataset: what its own `check` finds, or its audio."""
    found = dataset.check(root)
    if type(dataset).check is not Dataset.check or found or not dataset.has_audio:
        return found
    return check_audio(dataset, read_clips(dataset, root))


def check_audio(dataset: Dataset, clips: Sequence[Clip]) -> list[Finding]:
    """Decode every clip and its true stems, and find what a run could not use or would misread.

    Findings are clips that cannot be decoded, are too short, silent in all channels or in the
    first, or there twice, and stems that fit neither each other nor their clip. Audio above 1.0 is
    no fault (MP3 decodes there, and nothing clips it), only worth knowing.
    """
    found: list[Finding] = []
    failed: defaultdict[str, list[Clip]] = defaultdict(list)
    loud: dict[str, float] = {}
    rates: Counter[int] = Counter()
    sound: list[Clip] = []
    for clip in clips:
        try:
            waveform, rate = decoding.decode_clip(dataset, clip)
        except MerbenchError as error:
            failed[str(error)].append(clip)
            continue
        sound.append(clip)
        rates[rate] += 1
        warnings = [*_heard(clip, waveform, rate), *audio.blemishes(clip.audio)]
        found += [Finding("warning", f"clip {clip.id}", f"{clip.audio}: {w}") for w in warnings]
        if dataset.has_true_stems:
            found += _check_stems(dataset, clip, waveform, rate)
        if (peak := _peak(waveform)) > 1.0:
            loud[clip.id] = peak
    found += [_failure(dataset, message, those) for message, those in failed.items()]
    found += [_twice(group) for group in same_audio(sound)]
    if loud:
        loudest = max(loud, key=lambda clip_id: loud[clip_id])
        found.append(
            Finding(
                "note",
                f"{len(loud)} of {len(clips)} clips",
                f"they decode above 1.0, clip {loudest} up to {loud[loudest]:.2f}; nothing clips "
                "them",
            )
        )
    if len(rates) > 1:
        listed = ", ".join(f"{n} at {rate} Hz" for rate, n in rates.most_common())
        found.append(Finding("note", "sample rates", f"they differ: {listed}"))
    return found


def _peak(waveform: Waveform) -> float:
    return max(float(waveform.max()), -float(waveform.min()))


def _heard(clip: Clip, waveform: Waveform, rate: int) -> Iterator[str]:
    """Yield what is odd about what is heard of a clip."""
    seconds = waveform.shape[1] / rate
    if seconds < SHORTEST:
        yield f"it is only {seconds:.2f} s long"
    if _peak(waveform) < SILENT:
        yield "it is silent"
    elif _peak(waveform[0]) < SILENT:
        yield (
            f"its first channel is silent and others of {len(waveform)} are not; an extractor "
            "that hears the first channel hears silence"
        )


def _check_stems(dataset: Dataset, clip: Clip, waveform: Waveform, rate: int) -> list[Finding]:
    """Hold a clip's true stems against each other and against the clip."""
    where = f"clip {clip.id}"
    try:
        stems, stem_rate = separating.true_stems(dataset, clip)
    except MerbenchError as error:
        return [Finding("error", where, str(error))]
    findings = []
    if stem_rate != rate:
        message = f"its true stems are at {stem_rate} Hz where the clip is at {rate} Hz"
        findings.append(Finding("warning", where, message))
    if stems.shape[1] != len(waveform):
        message = (
            f"its true stems have {stems.shape[1]} channels where the clip has {len(waveform)}"
        )
        findings.append(Finding("warning", where, message))
    lasts, whole = stems.shape[2] / stem_rate, waveform.shape[1] / rate
    if abs(lasts - whole) > UNLIKE:
        message = f"its true stems last {lasts:.2f} s where the clip lasts {whole:.2f} s"
        findings.append(Finding("warning", where, message))
    if _peak(stems) < SILENT <= _peak(waveform):
        findings.append(Finding("warning", where, "its true stems are all silent; it is not"))
    return findings


def _failure(dataset: Dataset, message: str, clips: Sequence[Clip]) -> Finding:
    """Say what cannot be decoded: one clip, or, for one reason, several."""
    where = f"clip {clips[0].id}" if len(clips) == 1 else f"{len(clips)} clips of {dataset.name}"
    return Finding("error", where, message)


def _twice(clips: Sequence[Clip]) -> Finding:
    message = "their audio is the same file"
    if len({clip.group for clip in clips}) > 1:
        message += ", and their groups differ: one may be trained on and the other tested"
    return Finding("warning", f"clips {', '.join(clip.id for clip in clips)}", message)
