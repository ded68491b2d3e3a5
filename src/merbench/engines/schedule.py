"""Steps run in the order their needs allow, on whatever engine."""

from __future__ import annotations

import concurrent.futures
import heapq
import time
from collections.abc import Callable, Mapping
from typing import NamedTuple

from merbench.components.engine import Workplace
from merbench.devices import CPU
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


# --- scheduling ---------------------------------------------------------------------------------


def execute(
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
    rank = {key: position for position, key in enumerate(tasks)}
    ready = [(rank[key], key) for key, needs in waiting.items() if not needs]
    heapq.heapify(ready)
    held: dict[str, list[tuple[int, str]]] = {}
    """Steps that wait for a device, by the device: no worker is kept from others' work by it."""
    running: dict[concurrent.futures.Future[Failure | None], tuple[str, float]] = {}
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
                        heapq.heappush(ready, (rank[dependent], dependent))

    while ready or running:
        # Few are handed over at a time, so that what becomes ready earlier in rank goes first.
        while ready and len(running) < engine.slots + 1:
            place, key = heapq.heappop(ready)
            device = tasks[key].occupies
            if device in held:
                held[device].append((place, key))
            elif key not in outcomes:
                if device != CPU and takes_turns:
                    held[device] = []
                running[engine.submit(tasks[key])] = (key, time.monotonic())
        done, _ = concurrent.futures.wait(
            running, timeout=1.0, return_when=concurrent.futures.FIRST_COMPLETED
        )
        for future in [f for f in running if f in done]:  # as they were started
            key, started = running.pop(future)
            seconds = time.monotonic() - started
            try:
                failure = future.result()
            except Exception as error:
                failure = Failure(engine.explain(error), "")
            for waited in held.pop(tasks[key].occupies, []):
                heapq.heappush(ready, waited)
            settle(key, Outcome(tasks[key], *_message(tasks[key], failure, seconds)))
    return outcomes


def _message(work: Step, failure: Failure | None, seconds: float) -> tuple[str, float, str]:
    if failure is None:
        return "", seconds, ""
    return f"{work.title}: {failure.error}", seconds, failure.trace
