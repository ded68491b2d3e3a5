"""Measuring how loud each stem of a clip is, and describing the clip's music."""

from __future__ import annotations

import time
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from merbench.components import Clip, Component, Dataset, Separator
from merbench.devices import CPU
from merbench.steps.artifact_keys import artifact_key
from merbench.steps.decoding import decode_clip, stem_components
from merbench.steps.separating import separated, stems_key
from merbench.steps.step import Files, Step, by_the_same
from merbench.steps.store import Store

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


VERSION = 1
"""Raised when levels or descriptors change."""

FLOOR = -60.0
"""Least level of a stem, in dB below its mixture: that of a silent one."""


@dataclass(frozen=True)
class StemLevels(Step):
    """Measure the stems of one clip, and describe the clip."""

    stage: ClassVar[str] = "measure"
    key: str
    dataset: Dataset
    clip: Clip
    files: Files
    separator: Separator
    separation: str
    device: str = CPU

    @classmethod
    def of(
        cls,
        dataset: Dataset,
        clip: Clip,
        files: Files,
        separator: Separator,
        separation: str,
        *,
        device: str = CPU,
    ) -> StemLevels:
        """Return the task for a clip whose stems have the key `separation`."""
        key = artifact_key("measure", version=VERSION, of=separation)
        return cls(key, dataset, clip, files, separator, separation, device)

    @property
    def needs(self) -> tuple[str, ...]:  # type: ignore[override]
        return (self.separation,) if self.separator.stored else ()

    @property
    def title(self) -> str:
        return f"clip {self.clip.id} of {self.dataset.title}: levels of {self.separator.title}"

    @property
    def component(self) -> Component | None:
        return None

    @property
    def plugins(self) -> tuple[Component, ...]:
        return stem_components(self.dataset, self.separator)

    @property
    def occupies(self) -> str:
        return CPU if self.separator.stored else self.separator.device_for(self.device)

    @property
    def reads(self) -> Files:
        mixture = self.clip.audio
        return {mixture: self.files[mixture]} if self.separator.stored else self.files

    @property
    def alike(self) -> Hashable:
        return by_the_same(self)

    def run(self, store: Store) -> None:
        from merbench.evaluation.shift import describe

        started = time.perf_counter()
        with self.as_planned(store):
            stems, _ = separated(
                store, self.separation, self.dataset, self.clip, self.separator, device=self.device
            )
            mixture, rate = decode_clip(self.dataset, self.clip)
        arrays = {
            "levels": levels([stems[stem] for stem in self.separator.stems], mixture),
            "music": describe(mixture, rate),
        }
        info = {"component": "stem-levels", "seconds": time.perf_counter() - started}
        store.put(self.key, arrays, info)

    def _planned(self) -> bool:
        now = stems_key(
            self.separator, self.dataset, self.clip, None, self.files, device=self.device
        )
        return now == self.separation


def levels(stems: Sequence[NDArray[Any]], mixture: NDArray[Any]) -> NDArray[np.float64]:
    """Return each stem's power in dB relative to the mixture's, no lower than `FLOOR`.

    Parameters
    ----------
    stems, mixture
        Shape (channels, samples) each.

    Returns
    -------
    ndarray
        Shape (stems,). Stems of a silent mixture have the floor.
    """
    import numpy as np

    def power(waveform: NDArray[Any]) -> float:
        return float(np.mean(np.square(waveform, dtype=np.float64)))

    whole = power(mixture)
    shares = np.array([power(stem) / whole if whole else 0.0 for stem in stems])
    found: NDArray[np.float64] = 10 * np.log10(np.maximum(shares, 10 ** (FLOOR / 10)))
    return found


@dataclass(frozen=True)
class SeparatedClips:
    """A dataset's clips as one separator takes them apart, and the keys of what was measured."""

    dataset: str
    clips: tuple[Clip, ...]
    separator: Separator
    keys: tuple[str, ...]
