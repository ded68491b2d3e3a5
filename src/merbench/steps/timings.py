"""What tasks took, remembered beside the store for the plan's estimate: a file each machine."""

from __future__ import annotations

import json
import math
import platform
import statistics
from contextlib import suppress
from pathlib import Path

from merbench.components import Cost


def file_of(folder: Path) -> Path:
    """Return this machine's file in a store: lines of several that share it would be mixed."""
    return folder / f"timings-{platform.node()}.jsonl"


def record(folder: Path, stage: str, component: str, cost: Cost) -> None:
    """Remember what a unit cost; a store that cannot be written forgets it silently.

    Parameters
    ----------
    folder
        The store's.
    stage, component
        What was done, by which plugin.
    cost
        Of a unit, see `Step.units`.
    """
    row = {
        "stage": stage,
        "component": component,
        "unit_seconds": cost.seconds,
        "unit_megabytes": cost.megabytes,
    }
    try:
        with file_of(folder).open("a", encoding="utf-8") as handle:
            handle.write(json.dumps(row) + "\n")
    except OSError:
        pass  # an estimate is not worth failing a run for


def read_timings(folder: Path) -> tuple[dict[tuple[str, str], Cost], int]:
    """Return the median cost of a unit, by stage and component; and how many lines say nothing.

    A line may be cut short by a killed run, or damaged like any file.
    """
    rows: dict[tuple[str, str], list[Cost]] = {}
    unreadable = 0
    lines: list[bytes] = []
    for path in sorted(folder.glob("timings*.jsonl")):
        with suppress(OSError):
            lines += path.read_bytes().splitlines()
    for line in lines:
        try:
            row = json.loads(line)
            if "unit_seconds" not in row and "seconds" in row:
                continue  # of a merbench that did not measure by the unit
            cost = Cost(float(row["unit_seconds"]), float(row["unit_megabytes"]))
            if not all(0 <= number < math.inf for number in cost):
                raise ValueError("no cost")
            rows.setdefault((row["stage"], row["component"]), []).append(cost)
        except (ValueError, KeyError, TypeError):
            unreadable += 1
    medians = {
        key: Cost(
            statistics.median(c.seconds for c in costs),
            statistics.median(c.megabytes for c in costs),
        )
        for key, costs in rows.items()
    }
    return medians, unreadable
