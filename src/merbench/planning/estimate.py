"""What the tasks of a plan that are still to do will take."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from merbench.components import Component
from merbench.planning.plan import Plan
from merbench.steps import timings
from merbench.steps.extracting import Extract
from merbench.steps.step import Step
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
    """Estimate from what tasks of the same component took in this store, else from its plugin."""
    measured, unreadable = timings.read_timings(store.folder)
    seconds = megabytes = 0.0
    unknown: set[str] = set()
    titles: dict[int, str] = {}
    for work in plan.tasks.values():
        component = work.component
        if component is None:
            continue
        title = titles.get(id(component)) or titles.setdefault(id(component), component.title)
        cost = measured.get((work.stage, title)) or _declared(work, component)
        if cost is None:
            unknown.add(title)
        else:
            seconds += cost.seconds
            megabytes += cost.megabytes
    return Estimate(seconds, megabytes, tuple(sorted(unknown)), unreadable)


def _declared(work: Step, component: Component) -> Any:
    cost = component.typical_cost
    if cost is not None and isinstance(work, Extract) and work.separator:
        stems = len(work.separator.stems)
        return cost._replace(seconds=cost.seconds * stems, megabytes=cost.megabytes * stems)
    return cost
