"""The checks of augmentations: a sound one passes, and each check catches what breaks it."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from checked_plugins import COUNTER, failed, results

from merbench import Augmentation


class Noise(Augmentation):
    """Adds noise."""

    name = "noise"

    def augment(self, waveform: Any, sample_rate: int, rng: np.random.Generator) -> Any:
        return waveform + rng.normal(0, 0.01, waveform.shape)


def augments(work: Callable[[Any, Any], Any]) -> type[Augmentation]:
    class Broken(Noise):
        """A broken augmentation."""

        def augment(self, waveform: Any, sample_rate: int, rng: np.random.Generator) -> Any:
            return work(waveform, rng)

    return Broken


def overwritten(waveform: Any, rng: Any) -> Any:
    waveform += 1
    return waveform


def test_a_sound_augmentation_passes() -> None:
    assert {name: r for name, r in results(Noise).items() if r.status != "passed"} == {}


@pytest.mark.parametrize(
    ("work", "check", "detail"),
    [
        (lambda w, r: w[:1], "keeps channels and stays finite", "shape (1, 22050)"),
        (lambda w, r: w[:, :0], "keeps channels and stays finite", "shape (2, 0)"),
        (lambda w, r: w * np.inf, "keeps channels and stays finite", "NaN or infinite"),
        (lambda w, r: None, "keeps channels and stays finite", "it returned are None"),
        (lambda w, r: iter(w), "keeps channels and stays finite", "are of the type"),
        (lambda w, r: w * 1j, "keeps channels and stays finite", "are complex numbers"),
        (overwritten, "keeps channels and stays finite", "changed the waveform"),
        (lambda w, r: w * random.random(), "keeps channels and stays finite", "state of random"),
        (lambda w, r: w * next(COUNTER), "is deterministic under a seed", "gave two results"),
        (lambda w, r: np.stack([w[0], w[-1]]), "augments mono", "shape (2, 22050)"),
        (lambda w, r: w / np.abs(w).max(), "augments silence", "NaN or infinite"),
        (lambda w, r: w[:, 2_000:], "augments short clips and odd lengths", "shape (2, 0)"),
        (lambda w, r: w.copy(), "changes the clip", "changed nothing"),
        (lambda w, r: np.clip(w, -1, 1) * r.random(), "does not clip", "do not clip"),
    ],
)
def test_a_broken_augmentation_fails_its_check(
    work: Callable[[Any, Any], Any], check: str, detail: str
) -> None:
    with np.errstate(invalid="ignore"):
        assert detail in failed(augments(work)).get(check, "passed")
