"""Checks of feature extractors."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from merbench.components import FeatureExtractor, FeatureKind
from merbench.devices import CPU
from merbench.errors import MerbenchError
from merbench.numerals import real_numbers
from merbench.steps import extracting
from merbench.testing import chance
from merbench.testing.contract import demand
from merbench.testing.sounds import SAMPLE_RATE, Waveform, music

ROUNDING = 1e-3
"""How far numbers of several clips at once may be from those of one, as a share of the largest."""
OFF = 2
"""How many frames a clip may have more or fewer than the stated rate makes of its length."""


def feature_checks(extractor: FeatureExtractor) -> Iterator[tuple[str, Callable[[], object]]]:
    watch = chance.Watch(extractor)

    def extract(waveform: Waveform, rate: int = SAMPLE_RATE) -> NDArray[np.float32]:
        before = waveform.copy()
        array = watch(lambda: extracting.extract(extractor, waveform, rate, "the check's clip"))
        demand(np.array_equal(before, waveform), "it changed the waveform it was given")
        return array

    def shapes() -> None:
        short, long = extract(music(2.0)), extract(music(3.3, channels=1))
        fixed = extractor.kind in (FeatureKind.VECTOR, FeatureKind.IMAGE)
        demand(
            not fixed or short.shape == long.shape,
            f"clips of different length gave {short.shape} and {long.shape}; every "
            f"{extractor.kind.value} must have one shape",
        )

    def twice() -> None:
        first = extract(music(2.0))
        with chance.disturbed():
            demand(np.array_equal(first, extract(music(2.0))), "two runs differ")

    def listens() -> None:
        first, second = extract(music(2.0)), extract(music(2.0)[:, ::-1].copy() * 0.3)
        demand(not np.array_equal(first, second), "two different clips gave the same feature")

    def too_short() -> str | None:
        try:
            extract(music(0.01))
        except MerbenchError as error:
            return f"refused: {error}"
        return "extracted"

    def keeps_time() -> str | None:
        """Compare two lengths, and two sample rates: what a clip's ends cost is the same in all."""
        sounds = [
            (music(1.5), SAMPLE_RATE),
            (music(3.0), SAMPLE_RATE),
            (music(3.0), 2 * SAMPLE_RATE),
        ]
        rates = [extracting.frame_rate(extractor, rate, w.shape[1]) for w, rate in sounds]
        if None in rates:
            return "skipped: it states no frame rate"
        if extractor.kind is FeatureKind.IMAGE:
            return "of an image, cut and resized as it may be, only that its rate is above 0"
        frames = [len(extract(waveform, rate)) for waveform, rate in sounds]
        if len(set(frames)) == 1:
            return (
                "all clips have one number of frames, so that no more is seen than a rate above 0"
            )
        for (waveform, sample_rate), rate, count in zip(sounds, rates, frames, strict=True):
            seconds, stated = waveform.shape[1] / sample_rate, float(rate or 0)
            off = (count - stated * seconds) - (frames[0] - float(rates[0] or 0) * 1.5)
            demand(
                abs(off) <= OFF,
                f"it states {stated:g} frames a second, and {seconds:g} s of {sample_rate} Hz are "
                f"{count} frames where 1.5 s of {SAMPLE_RATE} Hz are {frames[0]}; correct its "
                "`frame_rate`",
            )
        return None

    own = type(extractor).extract_many is not FeatureExtractor.extract_many

    def together() -> None:
        demand(own, f"its `at_once` is {extractor.at_once}, and it has no `extract_many`")
        demand(extractor.at_once > 1, "its `extract_many` is never called; set `at_once`")
        sounds = [music(2.0), music(3.3, channels=1), music(2.0)[:, ::-1] * 0.3, music(2.6, seed=1)]
        waveforms = [np.ascontiguousarray(sound) for sound in sounds[: extractor.at_once]]
        before, rates = [w.copy() for w in waveforms], [SAMPLE_RATE] * len(waveforms)
        many = watch(lambda: list(extractor.extract_many(waveforms, rates, device=CPU)))
        unchanged = all(map(np.array_equal, before, waveforms))
        demand(unchanged, "`extract_many` changed a waveform it was given")
        demand(
            len(many) == len(waveforms),
            f"`extract_many` returned {len(many)} arrays for {len(waveforms)} clips",
        )
        for position, (array, waveform) in enumerate(zip(many, waveforms, strict=True)):
            alone = extract(waveform)
            found = real_numbers(array, f"the numbers of clip {position + 1} at once")
            demand(
                found.shape == alone.shape,
                f"clip {position + 1} of {len(many)} at once has the shape {found.shape}, and "
                f"{alone.shape} alone",
            )
            off = float(np.abs(found - alone).max() / (np.abs(alone).max() or 1))
            demand(
                off <= ROUNDING,
                f"clip {position + 1} of {len(many)} at once is {off:.2g} of the largest number "
                f"away from what it is alone; {ROUNDING:g} would be rounding",
            )

    silence = np.zeros((2, 2 * SAMPLE_RATE), dtype=np.float32)
    yield "gives finite arrays of its kind's shape", shapes
    yield (
        "extracts from silence",
        lambda: extract(silence),
    )
    yield "meets a clip too short with a feature or a clear error", too_short
    yield "hears a difference", listens
    yield "is deterministic", twice
    if own or extractor.at_once != 1:
        yield "extracts from several clips at once as from each alone", together
    if extractor.kind is not FeatureKind.VECTOR:
        yield "keeps to the frame rate that it states", keeps_time


def published_checks(extractor: FeatureExtractor) -> Iterator[tuple[str, Callable[[], object]]]:
    watch = chance.Watch(extractor)

    rows = np.random.default_rng(0).standard_normal((2, 1, 40)).astype(np.float32)

    def extract(row: NDArray[np.float32]) -> NDArray[np.float32]:
        before = row.copy()
        array = watch(lambda: extracting.extract(extractor, row, 0, "the check's clip"))
        demand(np.array_equal(before, row), "it changed the vector it was given")
        return array

    def differs() -> None:
        demand(not np.array_equal(extract(rows[0]), extract(rows[1])), "two clips gave the same")

    def twice() -> None:
        first = extract(rows[0])
        with chance.disturbed():
            demand(np.array_equal(first, extract(rows[0])), "two runs differ")

    yield "gives finite arrays of its kind's shape", lambda: extract(rows[0])
    yield "tells clips apart", differs
    yield "is deterministic", twice
