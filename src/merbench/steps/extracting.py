"""Extracting a feature from every stem of a clip."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

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
from merbench.devices import CPU
from merbench.errors import MerbenchError, PluginError
from merbench.steps.decoding import AugmentedCopy, clip_title, stem_components
from merbench.steps.separating import separated, stems_key
from merbench.steps.step import Files, Step
from merbench.steps.store import Store, artifact_key

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Waveform = NDArray[np.float32]


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

    def run(self, store: Store) -> None:
        started = time.perf_counter()
        with self.as_planned(store):
            stems, rate = self._stems(store)
            arrays = {
                stem: extract(self.extractor, stems[stem], rate, f"stem {stem}", device=self.device)
                for stem in stems_of(self.extractor, self.separator)
            }
        seconds = time.perf_counter() - started
        samples = next(iter(stems.values())).shape[-1]
        info = {
            "component": self.extractor.name,
            "seconds": seconds,
            "frame_rate": frame_rate(self.extractor, rate, samples),
        }
        store.put(self.key, arrays, info)

    def _stems(self, store: Store) -> tuple[Mapping[str, Waveform], int]:
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


def extract(
    extractor: FeatureExtractor, waveform: Waveform, rate: int, where: str, *, device: str = CPU
) -> NDArray[np.float32]:
    """Extract from one stem and hold the extractor to its contract."""
    import numpy as np

    try:
        told = extractor.device_for(device)
        array = np.asarray(extractor.extract(waveform, rate, device=told), dtype=np.float32)
    except MerbenchError as error:
        raise error.within(where) from error
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
