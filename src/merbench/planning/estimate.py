"""What the tasks of a plan that are still to do will take."""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass

from merbench.components.base import UNIT_SECONDS
from merbench.planning.cell import LoadedDataset
from merbench.planning.plan import Plan
from merbench.steps import timings
from merbench.steps.decoding import decode_clip
from merbench.steps.extracting import Extract
from merbench.steps.store import Store


@dataclass(frozen=True)
class Estimate:
    """What the tasks still to do will take.

    Parameters
    ----------
    seconds
        Of one core, together.
    megabytes
        Added to the store.
    unknown
        Components of whose cost nothing is known.
    unreadable
        Number of measurements that were kept and cannot be read.
    """

    seconds: float
    megabytes: float
    unknown: tuple[str, ...]
    unreadable: int = 0


def estimate(plan: Plan, store: Store) -> Estimate:
    """Estimate from what tasks of the same component took in this store, else from its plugin.

    Both are taken in proportion to the length of the clips, of which a few are decoded, and to the
    number of training clips.
    """
    measured, unreadable = timings.read_timings(store.folder)
    lengths = {
        id(data.dataset): _typical_length(data) if data.dataset.has_audio else UNIT_SECONDS
        for data in (plan.datasets if plan.tasks else ())
    }
    seconds = megabytes = 0.0
    unknown: set[str] = set()
    titles: dict[int, str] = {}
    for work in plan.tasks.values():
        component = work.component
        if component is None:
            continue
        title = titles.get(id(component)) or titles.setdefault(id(component), component.title)
        cost = measured.get((work.stage, title)) or component.typical_cost
        if cost is None:
            unknown.add(title)
            continue
        length = lengths.get(id(getattr(work, "dataset", None)), UNIT_SECONDS)
        whole = cost.times(work.units(length), work.sizes(length))
        seconds += whole.seconds
        # Features are kept a second time, in the table of all clips.
        megabytes += whole.megabytes * (2 if isinstance(work, Extract) else 1)
    return Estimate(seconds, megabytes, tuple(sorted(unknown)), unreadable)


_SAMPLED = 3
"""Clips of a dataset that are decoded for their length."""
_PATIENCE = 1.0
"""Seconds of decoding after which no further clip is."""


def _typical_length(data: LoadedDataset) -> float:
    """Return the length of a few clips' median, in s; that of a unit where none can be decoded."""
    found: list[float] = []
    started = time.monotonic()
    count = len(data.clips)
    for position in dict.fromkeys(part * count // _SAMPLED for part in range(_SAMPLED)):
        try:
            waveform, rate = decode_clip(data.dataset, data.clips[position])
        except (Exception, SystemExit):  # an estimate fails for nothing; the run will say so
            continue
        found.append(waveform.shape[-1] / rate)
        if time.monotonic() - started > _PATIENCE:
            break
    return statistics.median(found) if found else UNIT_SECONDS
