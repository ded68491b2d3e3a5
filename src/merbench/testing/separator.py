"""Checks of separators."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from merbench.components import CANONICAL_STEMS, Separator
from merbench.devices import CPU
from merbench.steps import separating
from merbench.testing import chance
from merbench.testing.contract import demand
from merbench.testing.sounds import SAMPLE_RATE, Waveform, music


def separator_checks(separator: Separator) -> Iterator[tuple[str, Callable[[], object]]]:
    watch = chance.Watch(separator)

    def separate(waveform: Waveform) -> dict[str, Waveform]:
        given = (
            np.stack([waveform] * len(CANONICAL_STEMS))
            if separator.needs_true_stems
            else (waveform)
        )
        before = given.copy()
        stems = watch(lambda: separator.separate(given, SAMPLE_RATE, device=CPU))
        demand(np.array_equal(before, given), "it changed the waveform it was given")
        return separating.held_to_contract(separator, stems, waveform.shape)

    def stereo() -> None:
        separate(music(2.0))

    def twice() -> None:
        first = separate(music(1.5))
        with chance.disturbed():
            second = separate(music(1.5))
        same = all(np.array_equal(first[stem], second[stem]) for stem in first)
        demand(same, "two runs on one clip differ")

    def silence() -> None:
        stems = separate(np.zeros((2, SAMPLE_RATE), dtype=np.float32))
        loudest = max(float(np.abs(stem).max()) for stem in stems.values())
        demand(loudest < 0.1, f"a silent clip gave a stem of peak {loudest:.2f}")

    def short_and_odd() -> None:
        for samples in (1, 1_103, 12_347):
            separate(music(samples / SAMPLE_RATE))

    yield "yields its stems, in shape and finite", stereo
    yield "separates mono", lambda: separate(music(1.0, channels=1))
    yield "separates silence", silence
    yield "separates short clips and odd lengths", short_and_odd
    yield "is deterministic", twice
