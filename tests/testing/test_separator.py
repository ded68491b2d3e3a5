"""The checks of separators: sound ones pass, and each check catches what breaks it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from checked_plugins import failed, results

from merbench import Separator

# --- separators -----------------------------------------------------------------------------------


class Halves(Separator):
    """Gives half of the clip to either stem."""

    name = "halves"
    stems = ("bass", "other")

    def separate(self, waveform: Any, sample_rate: int, *, device: str) -> dict[str, Any]:
        return dict.fromkeys(self.stems, waveform / 2)


class True_(Separator):  # noqa: N801
    """Hands out the true stems."""

    name = "true"
    needs_true_stems = True

    def separate(self, waveform: Any, sample_rate: int, *, device: str) -> dict[str, Any]:
        return dict(zip(self.stems, waveform, strict=True))


@pytest.mark.parametrize("cls", [Halves, True_])
def test_a_sound_separator_passes(cls: type[Separator]) -> None:
    found = results(cls)
    assert {name: r for name, r in found.items() if r.status != "passed"} == {}
    assert "separates mono" in found


def separates(work: Callable[[Any], dict[str, Any]]) -> type[Separator]:
    class Broken(Halves):
        """A broken separator."""

        def separate(self, waveform: Any, sample_rate: int, *, device: str) -> dict[str, Any]:
            return work(waveform)

    return Broken


def halves(waveform: Any) -> dict[str, Any]:
    return {"bass": waveform / 2, "other": waveform / 2}


def in_place(waveform: Any) -> dict[str, Any]:
    waveform /= 2
    return {"bass": waveform, "other": waveform}


def noisy(waveform: Any) -> dict[str, Any]:
    noise = np.random.default_rng().normal(0, 1e-3, waveform.shape)
    return {"bass": waveform + noise, "other": waveform}


def normalised(waveform: Any) -> dict[str, Any]:
    return halves(waveform / np.abs(waveform).max())


def stereo_only(waveform: Any) -> dict[str, Any]:
    left, right = waveform
    return halves(np.stack([left, right]))


def even_only(waveform: Any) -> dict[str, Any]:
    return halves(waveform.reshape(len(waveform), -1, 2).reshape(len(waveform), -1))


def by_global_chance(waveform: Any) -> dict[str, Any]:
    return halves(waveform * (1 + 0 * np.random.rand()))  # noqa: NPY002


FIRST = "yields its stems, in shape and finite"


@pytest.mark.parametrize(
    ("work", "check", "detail"),
    [
        (lambda w: {"bass": w}, FIRST, "returned the stems bass where it declares bass, other"),
        (lambda w: {**halves(w), "drums": w}, FIRST, "returned the stems bass, drums, other"),
        (lambda w: {"bass": w, "other": w[:, :-1]}, FIRST, "stem other: halves returned"),
        (
            lambda w: {"bass": w, "other": w.mean(axis=0)},
            FIRST,
            "stem other: halves returned",
        ),
        (lambda w: halves(w * np.inf), FIRST, "returned NaN or infinite samples"),
        (lambda w: None, FIRST, "halves returned None; let it return a dict"),
        (lambda w: np.stack([w, w]), FIRST, "returned a value of the type ndarray"),
        (lambda w: {"bass": w, "other": None}, FIRST, "the samples of stem other"),
        (lambda w: halves(w + 0j), FIRST, "are complex numbers"),
        (lambda w: {0: w, 1: w}, FIRST, "returned the stems 0, 1"),
        (in_place, FIRST, "changed the waveform"),
        (by_global_chance, FIRST, "global random state of numpy"),
        (noisy, "is deterministic", "two runs on one clip differ"),
        (normalised, "separates silence", "returned NaN or infinite samples"),
        (lambda w: halves(w + 1), "separates silence", "a silent clip gave a stem of peak 0.5"),
        (stereo_only, "separates mono", "ValueError"),
        (even_only, "separates short clips and odd lengths", "ValueError"),
    ],
)
def test_a_broken_separator_fails_its_check(
    work: Callable[[Any], dict[str, Any]], check: str, detail: str
) -> None:
    with np.errstate(invalid="ignore"):
        found = failed(separates(work))
    assert detail in found.get(check, "passed")
