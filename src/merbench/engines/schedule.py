"""Steps run in the order their needs allow, on whatever engine."""

from __future__ import annotations

import concurrent.futures
import heapq
import math
import time
from collections import Counter
from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from typing import NamedTuple

from merbench.components.engine import Workplace
from merbench.devices import CPU
from merbench.steps.batch import StepBatch
from merbench.steps.step import Step


class Outcome(NamedTuple):
    """How a task ended: done where `error` is empty."""

    work: Step
    error: str
    seconds: float
    trace: str = ""
    inherited: bool = False
    """Whether it was not done because another that it needs failed, whose error this is."""


class Failure(NamedTuple):
    """An exception, as it crosses from a worker: exceptions themselves may not be picklable."""

    error: str
    trace: str
    parts: Mapping[str, Failure] | None = None
    """Of a batch: what went wrong with its steps that failed, by their keys; the rest is done."""


# --- scheduling ---------------------------------------------------------------------------------


def execute_steps(
    tasks: Mapping[str, Step],
    engine: Workplace,
    report: Callable[[Outcome], None],
) -> dict[str, Outcome]:
    """Run tasks in the order their needs allow; what needs a failed task fails with its reason.

    Parameters
    ----------
    tasks
        By key. A need that is not among them is already in the store. Earlier ones go first.
    engine
        Where they run.
    report
        Called with each outcome as it comes.
    """
    outcomes: dict[str, Outcome] = {}
    waiting = {key: {n for n in work.needs if n in tasks} for key, work in tasks.items()}
    dependents: dict[str, list[str]] = {}
    for key, needs in waiting.items():
        for need in needs:
            dependents.setdefault(need, []).append(key)
    ready = _Ready(tasks)
    for key, needs in waiting.items():
        if not needs:
            ready.add(key)
    busy: set[str] = set()
    """Devices that a step occupies: no worker is kept from others' work by waiting for one."""
    running: dict[concurrent.futures.Future[Failure | None], tuple[list[Step], float]] = {}
    # An engine of several machines may say so: each of them has a device of that name.
    takes_turns = getattr(engine, "one_machine", True)

    def settle(key: str, outcome: Outcome) -> None:
        pending = [(key, outcome)]
        while pending:
            done, result = pending.pop()
            if done in outcomes:
                continue
            outcomes[done] = result
            report(result)
            for dependent in dependents.get(done, []):
                if result.error:
                    inherited = result._replace(work=tasks[dependent], seconds=0.0, inherited=True)
                    pending.append((dependent, inherited))
                else:
                    waiting[dependent].discard(done)
                    if not waiting[dependent]:
                        ready.add(dependent)

    while ready or running:
        # Few are handed over at a time, so that what becomes ready earlier in rank goes first.
        while len(running) < engine.slots + 1 and (steps := ready.take(busy, engine)):
            if steps[0].occupies != CPU and takes_turns:
                busy.add(steps[0].occupies)
            work = steps[0] if len(steps) == 1 else StepBatch(tuple(steps))
            running[engine.submit(work)] = (steps, time.monotonic())
        done, _ = concurrent.futures.wait(
            running, timeout=1.0, return_when=concurrent.futures.FIRST_COMPLETED
        )
        for future in [f for f in running if f in done]:  # as they were started
            steps, started = running.pop(future)
            busy.discard(steps[0].occupies)
            seconds = (time.monotonic() - started) / len(steps)
            try:
                failure = future.result()
            except Exception as error:
                failure = Failure(engine.explain(error), "")
            if len(steps) > 1 and failure and failure.parts is None:
                ready.part(steps)  # nothing tells which of them it was
                continue
            for step in steps:
                own = failure.parts.get(step.key) if failure and failure.parts else failure
                settle(step.key, Outcome(step, *_message(step, own, seconds)))
    return outcomes


class _Ready:
    """Steps that wait for nothing but a worker, and their device: earlier ones go first.

    Those that are alike and stand beside one another are taken together, as many as gain by it,
    and no more than leave each of the engine's workers a share.
    """

    def __init__(self, tasks: Mapping[str, Step]) -> None:
        self._tasks = tasks
        self._rank = {key: position for position, key in enumerate(tasks)}
        self._queues: dict[str, list[tuple[int, str]]] = {}
        self._alike: Counter[Hashable] = Counter()
        self._parted: set[Hashable] = set()

    def __bool__(self) -> bool:
        return any(self._queues.values())

    def add(self, key: str) -> None:
        """Add a step."""
        step = self._tasks[key]
        heapq.heappush(self._queues.setdefault(step.occupies, []), (self._rank[key], key))
        self._alike[step.alike] += 1

    def part(self, steps: Sequence[Step]) -> None:
        """Add steps again, which go one by one from now on, as do all that are like them."""
        for step in steps:
            self._parted.add(step.alike)
            self.add(step.key)

    def take(self, busy: Collection[str], engine: Workplace) -> list[Step]:
        """Return the first step whose device is free, and those that go with it; or none."""
        free = [queue for device, queue in self._queues.items() if queue and device not in busy]
        if not free:
            return []
        queue = min(free)
        first = self._tasks[queue[0][1]]
        steps: list[Step] = []
        for _ in range(self._together(first, engine)):
            if not queue or self._tasks[queue[0][1]].alike != first.alike:
                break
            steps.append(self._tasks[heapq.heappop(queue)[1]])
        self._alike[first.alike] -= len(steps)
        return steps

    def _together(self, step: Step, engine: Workplace) -> int:
        if step.alike is None or step.alike in self._parted:
            return 1
        return max(1, min(step.gains, math.ceil(self._alike[step.alike] / max(1, engine.slots))))


def _message(work: Step, failure: Failure | None, seconds: float) -> tuple[str, float, str]:
    if failure is None:
        return "", seconds, ""
    return f"{work.title}: {failure.error}", seconds, failure.trace
