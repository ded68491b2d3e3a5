"""What tasks took on this machine, remembered beside the store for the plan's estimate."""

from __future__ import annotations

import json
import statistics
from pathlib import Path

from merbench.components import Cost

_FILE = "timings.jsonl"


def record(folder: Path, stage: str, component: str, seconds: float, megabytes: float) -> None:
    """Remember one task; a store that cannot be written forgets it silently."""
    row = {"stage": stage, "component": component, "seconds": seconds, "megabytes": megabytes}
    try:
        with (folder / _FILE).open("a") as handle:
            handle.write(json.dumps(row) + "\n")
    except OSError:
        pass  # an estimate is not worth failing a run for


def read(folder: Path) -> dict[tuple[str, str], Cost]:
    """Median cost of a task, by stage and component."""
    rows: dict[tuple[str, str], list[Cost]] = {}
    try:
        lines = (folder / _FILE).read_text().splitlines()
    except OSError:
        return {}
    for line in lines:
        try:
            row = json.loads(line)
            cost = Cost(float(row["seconds"]), float(row["megabytes"]))
            rows.setdefault((row["stage"], row["component"]), []).append(cost)
        except (ValueError, KeyError, TypeError):
            continue  # a line cut short by a killed run
    return {
        key: Cost(
            statistics.median(c.seconds for c in costs),
            statistics.median(c.megabytes for c in costs),
        )
        for key, costs in rows.items()
    }
