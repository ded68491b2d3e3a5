"""What separators made of a run's clips, and whether the clips are like what they learned from.

Beside its scores a run keeps, for every separator that yields several stems, how loud each stem of
each clip is, and a description of the clip's music.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from merbench.components import Clip, Component, Dataset, Separator
from merbench.errors import MerbenchError, StoreError
from merbench.pipeline import Files, Work, decode, makers, separated, stems_key
from merbench.store import Store, artifact_key

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

__all__ = [
    "COLUMNS",
    "FLOOR",
    "Described",
    "StemLevels",
    "levels",
    "no_rows",
    "read",
    "shifts",
    "table",
]

VERSION = 1
"""Raised when levels or descriptors change."""

FLOOR = -60.0
"""Least level of a stem, in dB below its mixture: that of a silent one."""

COLUMNS = ("dataset", "separator", "clip", "group", "stem", "level_db")


@dataclass(frozen=True)
class StemLevels(Work):
    """Measure the stems of one clip, and describe the clip."""

    stage: ClassVar[str] = "measure"
    key: str
    dataset: Dataset
    clip: Clip
    files: Files
    separator: Separator
    separation: str

    @classmethod
    def of(
        cls, dataset: Dataset, clip: Clip, files: Files, separator: Separator, separation: str
    ) -> StemLevels:
        """Return the task for a clip whose stems have the key `separation`."""
        key = artifact_key("measure", version=VERSION, of=separation)
        return cls(key, dataset, clip, files, separator, separation)

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
        return makers(self.dataset, self.separator)

    @property
    def reads(self) -> Files:
        mixture = self.clip.audio
        return {mixture: self.files[mixture]} if self.separator.stored else self.files

    def run(self, store: Store) -> None:
        from merbench.shift import describe

        started = time.perf_counter()
        with self.as_planned(store):
            stems, _ = separated(store, self.separation, self.dataset, self.clip, self.separator)
            mixture, rate = decode(self.dataset, self.clip)
        arrays = {
            "levels": levels([stems[stem] for stem in self.separator.stems], mixture),
            "music": describe(mixture, rate),
        }
        info = {"component": "stem-levels", "seconds": time.perf_counter() - started}
        store.put(self.key, arrays, info)

    def _planned(self) -> bool:
        now = stems_key(self.separator, self.dataset, self.clip, None, self.files)
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
class Described:
    """A dataset's clips as one separator takes them apart, and the keys of what was measured."""

    dataset: str
    clips: tuple[Clip, ...]
    separator: Separator
    keys: tuple[str, ...]


def table(described: Sequence[Described], store: Store) -> pd.DataFrame:
    """Return one row a dataset, separator, clip and stem; clips that failed have none."""
    import pandas as pd

    rows = []
    for part in described:
        for clip, key in zip(part.clips, part.keys, strict=True):
            found = _measured(store, key)
            if found:
                names = {"dataset": part.dataset, "separator": part.separator.title}
                names |= {"clip": clip.id, "group": clip.group}
                for stem, level in zip(part.separator.stems, found["levels"], strict=True):
                    rows.append({**names, "stem": stem, "level_db": float(level)})
    return pd.DataFrame(rows, columns=list(COLUMNS))


def no_rows() -> pd.DataFrame:
    """Return a table of stems without any."""
    import pandas as pd

    return pd.DataFrame(columns=list(COLUMNS))


def read(path: Path) -> pd.DataFrame:
    """Read a table of stems; empty where a run left none.

    Raises
    ------
    MerbenchError
        The file is damaged.
    """
    import pandas as pd

    if not path.is_file():
        return no_rows()
    try:
        return pd.read_parquet(path)
    except (OSError, ValueError) as error:
        raise MerbenchError(f"{path} cannot be read ({error}); run it again") from None


def shifts(described: Sequence[Described], store: Store, seed: int) -> list[dict[str, Any]]:
    """Test each dataset against the music that each separator was trained on.

    Returns
    -------
    list of dict
        One a dataset and separator: `dataset`, `separator`, and either the fields of
        `shift.Shift`, or a `reason` why there is no test.
    """
    import dataclasses

    import numpy as np

    from merbench.shift import two_samples

    found = []
    for part in described:
        entry: dict[str, Any] = {"dataset": part.dataset, "separator": part.separator.title}
        measured = [_measured(store, key) for key in part.keys]
        pairs = [(c, m["music"]) for c, m in zip(part.clips, measured, strict=True) if m]
        try:
            training = part.separator.training_music()
            if training is None:
                raise MerbenchError("the music it was trained on is not described")
            groups = [clip.group for clip, _ in pairs]
            music = np.array([music for _, music in pairs])
            entry |= dataclasses.asdict(two_samples(training, music, groups, seed=seed))
        except MerbenchError as error:
            entry["reason"] = str(error)
        found.append(entry)
    return found


def _measured(store: Store, key: str) -> Mapping[str, NDArray[Any]] | None:
    try:
        return store.get(key).arrays if store.has(key) else None
    except StoreError:
        return None  # cannot be read just now, for which no finished run is lost
