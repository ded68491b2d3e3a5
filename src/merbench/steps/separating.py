"""Separating a clip into stems."""

from __future__ import annotations

import time
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from merbench import audio, devices
from merbench.components import CANONICAL_STEMS, Clip, Component, Dataset, Separator
from merbench.components.base import UNIT_SECONDS
from merbench.devices import CPU
from merbench.digests import file_digest
from merbench.errors import AudioError, PluginError, kind_of
from merbench.numerals import real_numbers
from merbench.steps.artifact_keys import artifact_key
from merbench.steps.decoding import (
    AugmentedCopy,
    _faults_of,
    augment,
    augmentation_key,
    clip_title,
    decode_clip,
    decoding_key,
    stem_components,
)
from merbench.steps.step import Files, Step, by_the_same
from merbench.steps.store import Store

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Waveform = NDArray[np.float32]


def files_of(clip: Clip, separator: Separator, known: Files | None = None) -> Files:
    """Return the files that a clip's stems are made of; those not `known` are digested."""
    stems = clip.stems.values() if separator.needs_true_stems else ()
    return {path: (known or {}).get(path) or file_digest(path) for path in (clip.audio, *stems)}


def separation_key(
    separator: Separator,
    dataset: Dataset,
    clip: Clip,
    decoding: str,
    known: Files | None = None,
    *,
    device: str = CPU,
) -> str:
    """Key of a clip's stems; true stems are digested where their digests are not `known`."""
    parts: dict[str, Any] = {"of": decoding, **devices.in_keys(separator.device_for(device))}
    if separator.needs_true_stems:
        files = files_of(clip, separator, known)
        parts["stems"] = {stem: files[path] for stem, path in sorted(clip.stems.items())}
        if type(dataset).true_stems is not Dataset.true_stems:
            parts["dataset"] = dataset.fingerprint()
    return artifact_key("separate", separator=separator.fingerprint(), **parts)


def stems_key(
    separator: Separator,
    dataset: Dataset,
    clip: Clip,
    copy: AugmentedCopy | None,
    files: Files,
    *,
    device: str = CPU,
) -> str:
    """Key of the stems of a clip, or of a changed copy of it, made of files of these digests."""
    decoding = augmentation_key(copy, decoding_key(dataset, clip, files))
    return separation_key(separator, dataset, clip, decoding, files, device=device)


@dataclass(frozen=True)
class Separate(Step):
    """Separate one clip and keep its stems."""

    stage: ClassVar[str] = "separate"
    key: str
    dataset: Dataset
    clip: Clip
    files: Files
    separator: Separator
    copy: AugmentedCopy | None = None
    needs: tuple[str, ...] = ()
    device: str = CPU

    @property
    def title(self) -> str:
        return f"{clip_title(self.dataset, self.clip, self.copy)}: {self.separator.title}"

    @property
    def component(self) -> Component:
        return self.separator

    @property
    def plugins(self) -> tuple[Component, ...]:
        return stem_components(self.dataset, self.separator, self.copy)

    @property
    def occupies(self) -> str:
        return self.separator.device_for(self.device)

    @property
    def reads(self) -> Files:
        return self.files

    @property
    def alike(self) -> Hashable:
        return by_the_same(self)

    def units(self, clip_seconds: float) -> float:
        return clip_seconds / UNIT_SECONDS

    def run(self, store: Store) -> None:
        started = time.perf_counter()
        with self.as_planned(store):
            stems, rate = separate(
                self.dataset, self.clip, self.separator, self.copy, device=self.device
            )
        info = {
            "sample_rate": rate,
            "component": self.separator.name,
            "seconds": time.perf_counter() - started,
            "clip_seconds": next(iter(stems.values())).shape[-1] / rate,
        }
        store.put(self.key, stems, info)

    def _planned(self) -> bool:
        now = stems_key(
            self.separator, self.dataset, self.clip, self.copy, self.files, device=self.device
        )
        return now == self.key


def separate(
    dataset: Dataset,
    clip: Clip,
    separator: Separator,
    copy: AugmentedCopy | None = None,
    *,
    device: str = CPU,
) -> tuple[dict[str, Waveform], int]:
    """Separate a clip, or a changed copy of it, and hold the separator to its contract."""
    if separator.needs_true_stems:
        waveform, rate = true_stems(dataset, clip)
        shape = waveform.shape[1:]
    else:
        waveform, rate = decode_clip(dataset, clip)
        if copy is not None:
            waveform = augment(waveform, rate, copy, decoding_key(dataset, clip))
        shape = waveform.shape
    stems = separator.separate(waveform, rate, device=separator.device_for(device))
    return held_to_contract(separator, stems, shape), rate


def held_to_contract(
    separator: Separator, returned: object, shape: tuple[int, ...]
) -> dict[str, Waveform]:
    """Return what a separator made of a clip of a shape: its stems, in its order.

    Raises
    ------
    MerbenchError
        It is no stem for each that the separator declares, of the clip's shape and finite.
    """
    import numpy as np

    if not isinstance(returned, Mapping):
        raise PluginError(
            f"{separator.name} returned {kind_of(returned)}; let it return a dict with an array "
            f"for each of {', '.join(separator.stems)}"
        )
    if set(returned) != set(separator.stems):
        stems = ", ".join(sorted(map(str, returned))) or "(none)"
        raise PluginError(
            f"{separator.name} returned the stems {stems} "
            f"where it declares {', '.join(separator.stems)}; correct the plugin"
        )
    arrays = {}
    for stem in separator.stems:
        what = f"the samples of stem {stem} of {separator.name}"
        array = real_numbers(returned[stem], what, "float32")
        if array.shape != shape:
            raise PluginError(
                f"stem {stem}: {separator.name} returned the shape "
                f"{array.shape} for a clip of shape {shape}; correct the plugin"
            )
        if not np.isfinite(array).all():
            raise PluginError(
                f"stem {stem}: {separator.name} returned NaN or infinite samples; "
                "correct the plugin"
            )
        arrays[stem] = array
    return arrays


def separated(
    store: Store,
    key: str,
    dataset: Dataset,
    clip: Clip,
    separator: Separator,
    copy: AugmentedCopy | None = None,
    *,
    device: str = CPU,
) -> tuple[Mapping[str, Waveform], int]:
    """Return stems from the store, or anew where the separator's are not kept."""
    if not separator.stored:
        return separate(dataset, clip, separator, copy, device=device)
    artifact = store.get(key)
    return artifact.arrays, int(artifact.info["sample_rate"])


def true_stems(dataset: Dataset, clip: Clip) -> tuple[Waveform, int]:
    """Decode a clip's true stems and see that they are sound.

    Returns
    -------
    waveform : ndarray
        Shape (stems, channels, samples), in canonical order; a stem that is not there is silence.
    sample_rate : int
        In Hz.

    Raises
    ------
    MerbenchError
        One cannot be decoded, or they differ in sample rate, length or channels.
    """
    import numpy as np

    with _faults_of(f"clip {clip.id}: a true stem"):
        stems, rate = dataset.true_stems(clip)
    shapes = {np.shape(stem) for stem in stems.values()}
    if len(shapes) != 1 or not set(stems) <= set(CANONICAL_STEMS):
        raise AudioError(
            f"the true stems ({', '.join(sorted(stems)) or 'none'}) must be among "
            f"{', '.join(CANONICAL_STEMS)}, of one length and number of channels; correct the files"
        )
    silence = np.zeros(shapes.pop(), dtype=np.float32)
    stacked = np.stack([stems.get(stem, silence) for stem in CANONICAL_STEMS])
    audio.validate(stacked.reshape(-1, stacked.shape[-1]), "true stems")
    return stacked, rate
