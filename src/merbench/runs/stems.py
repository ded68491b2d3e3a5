"""What separators made of a run's clips, and whether the clips are like their training music."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from merbench.components import Trained
from merbench.errors import MerbenchError, StoreError
from merbench.steps.measuring import SeparatedClips
from merbench.steps.store import Store

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray


COLUMNS = ("dataset", "separator", "clip", "group", "stem", "level_db")


def table(described: Sequence[SeparatedClips], store: Store) -> pd.DataFrame:
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


def shifts(described: Sequence[SeparatedClips], store: Store, seed: int) -> list[dict[str, Any]]:
    """Test each dataset against the music that each separator was trained on.

    Returns
    -------
    list of dict
        One a dataset and separator: `dataset`, `separator`, and either the fields of
        `shift.Shift`, or a `reason` why there is no test.
    """
    import dataclasses

    import numpy as np

    from merbench.evaluation.shift import two_samples

    found = []
    for part in described:
        entry: dict[str, Any] = {"dataset": part.dataset, "separator": part.separator.title}
        measured = [_measured(store, key) for key in part.keys]
        pairs = [(c, m["music"]) for c, m in zip(part.clips, measured, strict=True) if m]
        try:
            separator = part.separator
            training = separator.training_music() if isinstance(separator, Trained) else None
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
        return store.get(key).arrays
    except StoreError:
        return None  # is not there or cannot be read just now; no finished run is lost for that
