"""Tasks run in order, and what needs a failed one fails with its reason."""

from __future__ import annotations

import concurrent.futures
import time

from merbench.engines.schedule import Failure, Outcome, execute_steps
from merbench.steps.batch import StepBatch
from merbench.steps.step import Step
from tinywork import Act, TinyStep, nothing


class Played:
    """An engine whose tasks end at once, as they are told to."""

    slots = 1

    def __init__(self, **ends: Failure | Exception | None) -> None:
        self.ends = ends
        self.started: list[str] = []

    def submit(self, work: Step) -> concurrent.futures.Future[Failure | None]:
        future: concurrent.futures.Future[Failure | None] = concurrent.futures.Future()
        self.started.append(work.key)
        end = self.ends.get(work.key)
        if isinstance(end, Exception):
            future.set_exception(end)
        else:
            future.set_result(end)
        return future

    def explain(self, error: BaseException) -> str:
        return f"lost: {error}"


class Threaded(Played):
    """An engine that takes its time, and counts what it was handed and has not done."""

    slots = 2

    def __init__(self) -> None:
        super().__init__()
        self.open = self.most = 0
        self.pool = concurrent.futures.ThreadPoolExecutor(self.slots)

    def submit(self, work: Step) -> concurrent.futures.Future[Failure | None]:
        self.started.append(work.key)
        self.open += 1
        self.most = max(self.most, self.open)
        return self.pool.submit(self._do)

    def _do(self) -> None:
        time.sleep(0.01)
        self.open -= 1


def steps(**needs: tuple[str, ...]) -> dict[str, Step]:
    return {key: TinyStep(key, need) for key, need in needs.items()}


def test_tasks_run_after_what_they_need_and_in_the_plans_order():
    engine = Played()
    tasks = steps(d=("b", "c"), a=(), b=("a",), c=("a", "in the store"), e=())
    reported: list[Outcome] = []
    outcomes = execute_steps(tasks, engine, reported.append)
    # b is ready once a is done, but e was ready before and one task more is handed over than runs.
    assert engine.started == ["a", "e", "b", "c", "d"]
    assert set(outcomes) == set(tasks)
    assert [o.error for o in reported] == [""] * 5


def test_few_tasks_are_handed_over_at_a_time():
    engine = Threaded()
    keys = [f"t{i:02}" for i in range(20)]
    execute_steps(steps(**dict.fromkeys(keys, ())), engine, lambda _: None)
    assert engine.started == keys
    assert 2 <= engine.most <= 3


def test_what_needs_a_failed_task_fails_with_its_reason_and_the_rest_goes_on():
    engine = Played(b=Failure("it broke", "its trace"), x=RuntimeError("gone"))
    tasks = steps(a=(), b=("a",), c=("b",), d=("c", "a"), e=("a",), x=(), y=("x", "b"))
    reported: list[Outcome] = []
    outcomes = execute_steps(tasks, engine, reported.append)
    assert {key for key, outcome in outcomes.items() if not outcome.error} == {"a", "e"}
    for key in ("b", "c", "d"):
        assert outcomes[key].error == "step b: it broke"
        assert outcomes[key].trace == "its trace"
    assert outcomes["x"].error == "step x: lost: gone"
    assert outcomes["y"].error in ("step x: lost: gone", "step b: it broke")
    assert not {"c", "d", "y"} & set(engine.started)
    # Each is reported once; what never ran took no time.
    assert sorted(o.work.key for o in reported) == sorted(tasks)
    assert all((o.seconds == 0) == (o.work.key in "cdy") for o in reported)


def test_no_tasks_are_no_work():
    assert execute_steps({}, Played(), lambda _: None) == {}


def test_only_the_task_that_failed_itself_says_so():
    outcomes = execute_steps(
        steps(a=(), b=("a",), c=("b",), d=()), Played(a=Failure("x", "")), print
    )
    assert {key: outcome.inherited for key, outcome in outcomes.items()} == {
        "a": False, "b": True, "c": True, "d": False,
    }  # fmt: skip


class Devices(Threaded):
    """An engine that notes what is on which device at a time."""

    slots = 4

    def __init__(self) -> None:
        super().__init__()
        self.now: list[str] = []
        self.seen: list[tuple[str, ...]] = []

    def submit(self, work: Step) -> concurrent.futures.Future[Failure | None]:
        self.started.append(work.key)
        self.now.append(work.occupies)
        self.seen.append(tuple(sorted(self.now)))
        return self.pool.submit(self._on, work.occupies)

    def _on(self, device: str) -> None:
        time.sleep(0.02)
        self.now.remove(device)


def test_one_task_at_a_time_is_on_a_device_and_others_do_not_wait_for_it():
    engine = Devices()
    tasks: dict[str, Step] = {f"g{i}": Act(f"g{i}", nothing, device="cuda:0") for i in range(4)}
    tasks |= {f"h{i}": Act(f"h{i}", nothing, device="cuda:1") for i in range(2)}
    tasks |= {f"c{i}": Act(f"c{i}", nothing) for i in range(6)}
    outcomes = execute_steps(tasks, engine, lambda _: None)
    assert len(outcomes) == 12
    for together in engine.seen:
        assert together.count("cuda:0") <= 1
        assert together.count("cuda:1") <= 1
    # All workers are busy though six tasks before the others need two devices.
    assert engine.started[:4] == ["g0", "h0", "c0", "c1"]
    assert [key for key in engine.started if key[0] == "g"] == ["g0", "g1", "g2", "g3"]


# --- batches -------------------------------------------------------------------------------------


class Noting(Played):
    """An engine that notes what stood in each batch."""

    def __init__(self, slots: int = 1, **ends: Failure | Exception) -> None:
        super().__init__(**ends)
        self.slots = slots
        self.handed: list[str] = []

    def submit(self, work: Step) -> concurrent.futures.Future[Failure | None]:
        steps = work.steps if isinstance(work, StepBatch) else (work,)
        self.handed.append(" ".join(step.key for step in steps))
        self.ends.setdefault(work.key, self.ends.get(self.handed[-1]))
        return super().submit(work)


def alike(keys: str, mark: str = "m", gains: int = 1) -> dict[str, Step]:
    return {key: Act(key, nothing, alike=mark, gains=gains) for key in keys}


def test_steps_that_are_alike_go_together_where_they_gain():
    tasks = alike("abcde", gains=3) | alike("xyz", "n") | steps(p=(), q=())
    engine = Noting()
    outcomes = execute_steps(tasks, engine, lambda _: None)
    assert engine.handed == ["a b c", "d e", *"xyzpq"]
    assert [outcome.work for outcome in outcomes.values()] == list(tasks.values())


def test_every_worker_has_its_share_of_steps_that_are_alike():
    engine = Noting(slots=3)
    execute_steps(alike("abcdefg", gains=10), engine, lambda _: None)
    assert engine.handed == ["a b c", "d e", "f", "g"]


def test_steps_of_a_batch_that_fail_do_not_take_the_others_with_them():
    failed = Failure("2 failed", "", {"b": Failure("no b", "trace b"), "c": Failure("no c", "")})
    engine = Noting(**{"a b c d": failed})
    tasks = alike("abcd", gains=4) | steps(x=("a",), y=("b",))
    outcomes = execute_steps(tasks, engine, lambda _: None)
    assert engine.handed == ["a b c d", "x"]
    assert {key: outcome.error for key, outcome in outcomes.items()} == {
        "a": "", "b": "act b: no b", "c": "act c: no c", "d": "", "x": "", "y": "act b: no b",
    }  # fmt: skip
    assert outcomes["b"].trace == "trace b"


def test_a_batch_that_is_lost_is_done_step_by_step_and_so_is_all_that_is_like_it():
    ends: dict[str, Failure | Exception] = {"a b": RuntimeError("gone"), "b": RuntimeError("gone")}
    engine = Noting(**ends)
    reported: list[Outcome] = []
    tasks = alike("abcd", gains=2) | alike("xy", "n", gains=2)
    outcomes = execute_steps(tasks, engine, reported.append)
    # Two are handed over before anything is known of the first.
    assert engine.handed == ["a b", "c d", "a", "b", "x y"]
    assert {key for key, outcome in outcomes.items() if outcome.error} == {"b"}
    assert outcomes["b"].error == "act b: lost: gone"
    assert sorted(o.work.key for o in reported) == sorted(tasks)
    more = Noting(**{"a b": Failure("it raised, nobody knows where", "")})
    execute_steps(alike("abcdefg", gains=2), more, lambda _: None)
    assert more.handed == ["a b", "c d", "a", "b", "e", "f", "g"]
