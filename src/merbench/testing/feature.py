"""Checks of feature extractors."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from merbench.components import FeatureExtractor, FeatureKind
from merbench.errors import MerbenchError
from merbench.steps import extracting
from merbench.testing import chance
from merbench.testing.contract import demand
from merbench.testing.sounds import SAMPLE_RATE, Waveform, music


def checks(extractor: FeatureExtractor) -> Iterator[tuple[str, Callable[[], object]]]:
    watch = chance.Watch(extractor)

    def extract(waveform: Waveform) -> NDArray[np.float32]:
        before = waveform.copy()
        array = watch(
            lambda: extracting.extract(extractor, waveform, SAMPLE_RATE, "the check's clip")
        )
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

    silence = np.zeros((2, 2 * SAMPLE_RATE), dtype=np.float32)
    yield "gives finite arrays of its kind's shape", shapes
    yield (
        "extracts from silence",
        lambda: extract(silence),
    )
    yield "meets a clip too short with a feature or a clear error", too_short
    yield "hears a difference", listens
    yield "is deterministic", twice


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
