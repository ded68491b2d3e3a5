"""What separators made of a run's clips, and whether the clips are like their training music."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from merbench.components import Trained
from merbench.errors import MerbenchError, StoreError
from merbench.steps.measuring import SeparatedClips
from merbench.steps.store import Store

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray


COLUMNS = ("dataset", "separator", "clip", "group", "stem", "level_db")


class MeasuredClips(NamedTuple):
    """What was measured of a dataset's clips as one separator takes them apart.

    Parameters
    ----------
    described
        The clips and the separator.
    found
        What `measuring.StemLevels` left of each clip; None of one that failed.
    """

    described: SeparatedClips
    found: list[Mapping[str, NDArray[Any]] | None]


def read_measured(described: SeparatedClips, store: Store) -> MeasuredClips:
    """Read what was measured; what is not there, or unreadable now, costs no finished run."""
    found: list[Mapping[str, NDArray[Any]] | None] = []
    for key in described.keys:
        try:
            found.append(store.get(key).arrays)
        except StoreError:
            found.append(None)
    return MeasuredClips(described, found)


def stem_table(measured: Sequence[MeasuredClips]) -> pd.DataFrame:
    """Return one row a dataset, separator, clip and stem; clips that failed have none."""
    import pandas as pd

    rows = [
        (part.dataset, part.separator.title, clip.id, clip.group, stem, float(level))
        for part, found in measured
        for clip, arrays in zip(part.clips, found, strict=True)
        if arrays
        for stem, level in zip(part.separator.stems, arrays["levels"], strict=True)
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def shifts(measured: Sequence[MeasuredClips], seed: int) -> list[dict[str, Any]]:
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

    entries = []
    for part, found in measured:
        entry: dict[str, Any] = {"dataset": part.dataset, "separator": part.separator.title}
        pairs = [(c, a["music"]) for c, a in zip(part.clips, found, strict=True) if a]
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
        entries.append(entry)
    return entries
