"""Checks of augmentations."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from merbench.components import Augmentation
from merbench.steps import decoding
from merbench.testing import chance
from merbench.testing.contract import demand
from merbench.testing.sounds import SAMPLE_RATE, Waveform, music


def augmentation_checks(
    augmentation: Augmentation,
) -> Iterator[tuple[str, Callable[[], object]]]:
    watch = chance.Watch(augmentation)

    def augment(waveform: Waveform, seed: int = 0) -> Waveform:
        before = waveform.copy()
        returned = watch(
            lambda: augmentation.augment(waveform, SAMPLE_RATE, np.random.default_rng(seed))
        )
        demand(np.array_equal(before, waveform), "it changed the waveform it was given")
        return decoding.changed_waveform(returned, waveform.shape, augmentation.title)

    def twice() -> None:
        first = augment(music(1.0), 1)
        with chance.disturbed():
            demand(np.array_equal(first, augment(music(1.0), 1)), "one seed gave two results")

    def changes() -> None:
        waveform = music(1.0)
        demand(
            any(not np.array_equal(augment(waveform, seed), waveform) for seed in range(5)),
            "with five seeds it changed nothing",
        )

    def loud() -> None:
        peak = max(float(np.abs(augment(40 * music(1.0), seed)).max()) for seed in range(5))
        demand(peak > 1.5, f"a clip of peak 40 came back with peak {peak:.2f}; do not clip")

    def short_and_odd() -> None:
        for samples in (1_103, 12_347):
            augment(music(samples / SAMPLE_RATE))

    yield "keeps channels and stays finite", lambda: augment(music(1.0))
    yield "augments mono", lambda: augment(music(1.0, channels=1))
    yield "augments silence", lambda: augment(np.zeros((2, SAMPLE_RATE), dtype=np.float32))
    yield "augments short clips and odd lengths", short_and_odd
    yield "changes the clip", changes
    yield "does not clip", loud
    yield "is deterministic under a seed", twice
