"""Extracting a feature from every stem of a clip."""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, NamedTuple, cast

from merbench import devices
from merbench.components import (
    MIXED,
    Clip,
    Component,
    Dataset,
    FeatureExtractor,
    FeatureKind,
    Separator,
)
from merbench.components.base import UNIT_SECONDS
from merbench.devices import CPU
from merbench.errors import MerbenchError, PluginError
from merbench.numerals import real_numbers
from merbench.steps.artifact_keys import artifact_key
from merbench.steps.decoding import AugmentedCopy, clip_title, stem_components
from merbench.steps.separating import separated, stems_key
from merbench.steps.step import Files, Step, by_the_same
from merbench.steps.store import Store

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Waveform = NDArray[np.float32]
    _Extracted = NDArray[np.float32] | Exception


def published_key(clip: Clip) -> str:
    """Key of the feature vector that is published with a clip: its numbers."""
    return artifact_key("published", vector=clip.features)


def stems_of(extractor: FeatureExtractor, separator: Separator | None) -> tuple[str, ...]:
    """Return the stems that an extractor is asked for, one array each.

    What is published with a clip is of the whole clip, whatever separates it.
    """
    return (MIXED,) if separator is None or extractor.needs_published else separator.stems


def extraction_key(extractor: FeatureExtractor, separation: str, *, device: str = CPU) -> str:
    """Key of the arrays an extractor makes of a clip's stems."""
    on = devices.in_keys(extractor.device_for(device))
    return artifact_key("extract", extractor=extractor.fingerprint(), of=separation, **on)


@dataclass(frozen=True)
class Extract(Step):
    """Extract one feature from every stem of one clip."""

    stage: ClassVar[str] = "extract"
    key: str
    dataset: Dataset
    clip: Clip
    files: Files
    separator: Separator | None
    separation: str
    extractor: FeatureExtractor
    copy: AugmentedCopy | None = None
    device: str = CPU

    @property
    def needs(self) -> tuple[str, ...]:  # type: ignore[override]
        return (self.separation,) if self.separator and self.separator.stored else ()

    @property
    def title(self) -> str:
        title = f"{clip_title(self.dataset, self.clip, self.copy)}: {self.extractor.title}"
        return f"{title} of {self.separator.title}" if self.separator else title

    @property
    def component(self) -> Component:
        return self.extractor

    @property
    def plugins(self) -> tuple[Component, ...]:
        return (*stem_components(self.dataset, self.separator, self.copy), self.extractor)

    @property
    def occupies(self) -> str:
        separates = self.separator is not None and not self.separator.stored
        used = [self.separator, self.extractor] if separates else [self.extractor]
        told = [component.device_for(self.device) for component in used if component]
        return self.device if self.device in told else CPU

    @property
    def reads(self) -> Files:
        return self.files if self.separator and not self.separator.stored else {}

    @property
    def alike(self) -> Hashable:
        return by_the_same(self)

    @property
    def gains(self) -> int:
        stems = stems_of(self.extractor, self.separator)
        return max(1, self.extractor.at_once // len(stems))

    def units(self, clip_seconds: float) -> float:
        return clip_seconds / UNIT_SECONDS * len(stems_of(self.extractor, self.separator))

    def sizes(self, clip_seconds: float) -> float:
        if self.extractor.kind in (FeatureKind.SEQUENCE, FeatureKind.WAVEFORM):
            return self.units(clip_seconds)
        # A vector has no length, and most images have the same number of frames of any clip.
        return len(stems_of(self.extractor, self.separator))

    def run(self, store: Store) -> None:
        for error in self.run_all([self], store).values():
            raise error

    @classmethod
    def run_all(cls, steps: Sequence[Step], store: Store) -> dict[str, Exception]:
        """Extract from as many clips at a time as their extractor gains by."""
        alike, failed = cast("Sequence[Extract]", steps), dict[str, Exception]()
        for start in range(0, len(alike), alike[0].gains):
            failed |= _extract_together(alike[start : start + alike[0].gains], store)
        return failed

    def keep(
        self,
        store: Store,
        arrays: Mapping[str, _Extracted],
        rate: int,
        samples: int,
        seconds: float,
    ) -> None:
        """Leave the arrays of the stems as the artifact, or raise what one of them came to."""
        found = {}
        for stem, array in arrays.items():
            if isinstance(array, Exception):
                raise array
            found[stem] = array
        self.hold_plugins_to_plan()
        info = {
            "component": self.extractor.name,
            "seconds": seconds,
            "frame_rate": frame_rate(self.extractor, rate, samples),
            "clip_seconds": samples / rate if rate else UNIT_SECONDS,
        }
        store.put(self.key, found, info)

    def stems(self, store: Store) -> tuple[Mapping[str, Waveform], int]:
        """Return what is extracted from, by stem, and its sample rate."""
        if self.separator is None:
            return {MIXED: _published(self.clip)}, 0
        return separated(
            store, self.separation, self.dataset, self.clip, self.separator, self.copy,
            device=self.device,
        )  # fmt: skip

    def _planned(self) -> bool:
        separation = self.separation
        if self.separator is None:
            separation = published_key(self.clip)
        elif not self.separator.stored:
            separation = stems_key(
                self.separator, self.dataset, self.clip, self.copy, self.files, device=self.device
            )
        return extraction_key(self.extractor, separation, device=self.device) == self.key


def _published(clip: Clip) -> Waveform:
    """Return the features published with a clip, as an extractor is given them, (1, d)."""
    import numpy as np

    return np.asarray([clip.features], dtype=np.float32)


def frame_rate(extractor: FeatureExtractor, sample_rate: int, samples: int) -> float | None:
    """Return the frames a second that an extractor states, held to its contract."""
    if extractor.kind is FeatureKind.VECTOR or extractor.needs_published:
        return None
    rate = extractor.frame_rate(sample_rate, samples)
    if rate is None:
        return None
    try:
        number = float(rate)
    except (TypeError, ValueError):
        number = math.nan
    if not (math.isfinite(number) and number > 0):
        raise PluginError(
            f"{extractor.name} states a frame rate of {rate!r}, which is no positive number; "
            "correct the plugin"
        )
    return number


def _extract_together(steps: Sequence[Extract], store: Store) -> dict[str, Exception]:
    """Extract from the stems of several clips, and return what went wrong, by key."""
    started, failed = time.perf_counter(), dict[str, Exception]()
    loaded: list[tuple[Extract, Mapping[str, Waveform], int]] = []
    for step in steps:
        try:
            with step.as_planned(store):
                stems, rate = step.stems(store)
            loaded.append((step, stems, rate))
        except Exception as error:
            failed[step.key] = error
    extractor, names = steps[0].extractor, stems_of(steps[0].extractor, steps[0].separator)
    sounds = [Sound(stems[n], rate, f"stem {n}") for _, stems, rate in loaded for n in names]
    extracted = iter(extract_all(extractor, sounds, device=steps[0].device))
    seconds = (time.perf_counter() - started) / len(steps)
    for step, stems, rate in loaded:
        arrays = {name: next(extracted) for name in names}
        try:
            step.keep(store, arrays, rate, next(iter(stems.values())).shape[-1], seconds)
        except Exception as error:
            failed[step.key] = error
    return failed


class Sound(NamedTuple):
    """What an extractor is given.

    Parameters
    ----------
    waveform
        Shape (channels, samples).
    rate
        In Hz.
    where
        What messages call it.
    """

    waveform: Waveform
    rate: int
    where: str


def extract_all(
    extractor: FeatureExtractor, sounds: Sequence[Sound], *, device: str = CPU
) -> list[_Extracted]:
    """Extract from several stems, as many at once as the extractor gains by.

    Returns
    -------
    list
        Of each stem its array, or what was raised when it was extracted from alone.
    """
    found: list[_Extracted] = []
    most = max(1, extractor.at_once)
    for start in range(0, len(sounds), most):
        together = sounds[start : start + most]
        arrays = _at_once(extractor, together, device)
        for sound, array in zip(together, arrays, strict=True):
            try:
                found.append(extract(extractor, *sound, device=device) if array is None else array)
            except Exception as error:
                found.append(error)
    return found


def _at_once(
    extractor: FeatureExtractor, sounds: Sequence[Sound], device: str
) -> list[NDArray[np.float32] | None]:
    """Extract from stems in one call; None of each that must be extracted from alone."""
    found: list[NDArray[np.float32] | None] = [None] * len(sounds)
    if len(sounds) == 1:
        return found
    waveforms, rates, where = zip(*sounds, strict=True)
    try:
        told = extractor.device_for(device)
        arrays = list(extractor.extract_many(waveforms, rates, device=told))
    except Exception:  # of one stem, or of all: each alone will show, or succeed
        return found
    if len(arrays) != len(sounds):
        return found
    for position, array in enumerate(arrays):
        with contextlib.suppress(Exception):
            found[position] = _held_to_contract(extractor, array, where[position])
    return found


def extract(
    extractor: FeatureExtractor, waveform: Waveform, rate: int, where: str, *, device: str = CPU
) -> NDArray[np.float32]:
    """Extract from one stem and hold the extractor to its contract."""
    try:
        told = extractor.device_for(device)
        array = extractor.extract(waveform, rate, device=told)
    except MerbenchError as error:
        raise error.within(where) from error
    return _held_to_contract(extractor, array, where)


def _held_to_contract(
    extractor: FeatureExtractor, returned: object, where: str
) -> NDArray[np.float32]:
    import numpy as np

    array = real_numbers(returned, f"{where}: the numbers of {extractor.name}", "float32")
    if array.ndim != extractor.kind.ndim or array.size == 0:
        raise PluginError(
            f"{where}: {extractor.name} returned the shape {array.shape}, which is no "
            f"{extractor.kind.value}; correct the plugin"
        )
    if not np.isfinite(array).all():
        raise PluginError(
            f"{where}: {extractor.name} returned {int((~np.isfinite(array)).sum())} values that "
            "are NaN or infinite; the clip may be too short or silent"
        )
    return array
