"""What carrying steps costs: many quick steps on the engine `dask` against the engine `local`.

Each step waits ten milliseconds, so that the ratio is of carrying, on however busy a machine.

    python benchmarks/perf/engines.py --steps 2000 --jobs 2
"""

from __future__ import annotations

import argparse
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from merbench.components import EngineOptions
from merbench.engines import catalogue
from merbench.engines.schedule import execute_steps
from merbench.plugins.registry import Registry
from merbench.steps.step import Step
from merbench.steps.store import Store


@dataclass(frozen=True)
class Wait(Step):
    """A step of ten milliseconds."""

    stage: ClassVar[str] = "extract"
    key: str
    needs: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        return "wait"

    def run(self, store: Store) -> None:
        time.sleep(0.01)


def measured(engine: str, steps: int, jobs: int) -> float:
    """Return the seconds that steps take, once the engine's processes have started."""
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder))
        store.prepare()
        with catalogue.engine(Registry(), engine).start(
            EngineOptions(store.folder, jobs=jobs)
        ) as place:
            warm = {f"warm{i}": Wait(f"warm{i}") for i in range(4 * jobs)}
            execute_steps(warm, place, lambda _: None)
            started = time.perf_counter()
            ends = execute_steps(
                {f"{i}": Wait(f"{i}") for i in range(steps)}, place, lambda _: None
            )
            seconds = time.perf_counter() - started
    assert not any(end.error for end in ends.values())
    return seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=2000)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    best = {
        engine: min(
            measured(engine, arguments.steps, arguments.jobs) for _ in range(arguments.rounds)
        )
        for engine in ("local", "dask")
    }
    ideal = arguments.steps * 0.01 / arguments.jobs
    for engine, seconds in best.items():
        print(f"{engine}: {seconds:.2f} s, {seconds / ideal:.2f} of the steps' own time")
    print(f"dask / local: {best['dask'] / best['local']:.2f}")


if __name__ == "__main__":
    main()
