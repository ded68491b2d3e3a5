"""Quick steps travel together, slow ones alone."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from merbench.engines.batches import StepBatches


def filled(pace: float | None, count: int, most: int = 50) -> StepBatches[int]:
    batches = StepBatches[int](most)
    if pace is not None:
        batches.learn("extract", pace)
    for item in range(count):
        batches.add("extract", item)
    return batches


def test_items_go_one_by_one_until_it_is_known_how_long_one_takes() -> None:
    assert filled(None, 5).deal(3) == [[0], [1], [2]]


def test_a_batch_takes_about_a_second_and_has_so_many_items_at_most() -> None:
    assert [len(batch) for batch in filled(0.1, 100).deal(4)] == [10] * 4
    assert [len(batch) for batch in filled(0.001, 1000).deal(4)] == [50] * 4
    assert [len(batch) for batch in filled(30.0, 10).deal(4)] == [1] * 4


def test_few_items_are_spread_over_the_places() -> None:
    assert [len(batch) for batch in filled(0.01, 6).deal(3)] == [2, 2, 2]


def test_what_found_no_place_waits_in_its_order() -> None:
    batches = filled(1.0, 5)
    assert batches.deal(2) == [[0], [1]]
    assert batches.waiting == 3
    assert batches.fill() == 3.0
    assert batches.take() == [2, 3, 4]
    assert batches.waiting == 0


def test_kinds_do_not_travel_together() -> None:
    batches = filled(0.01, 3)
    batches.add("fit", 9)
    assert batches.deal(9) == [[0], [1], [2], [9]]


@given(st.integers(0, 200), st.integers(0, 20), st.floats(0.0, 100.0), st.integers(1, 60))
def test_no_item_is_lost_or_dealt_twice(count: int, places: int, pace: float, most: int) -> None:
    batches = filled(pace, count, most)
    dealt = batches.deal(places)
    assert len(dealt) <= places
    assert all(1 <= len(batch) <= most for batch in dealt)
    assert sorted([i for batch in dealt for i in batch] + batches.take()) == list(range(count))
