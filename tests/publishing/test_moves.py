"""What a new run changes in a leaderboard, told from the boards before and after."""

from __future__ import annotations

import json

from boards import made, recorded_run
from merbench.leaderboard.building import build_board
from merbench.publishing.moves import failed_results, moves, repeated_results

NEAR, FAR = [[0.1, 0.1], [0.1, 0.1]], [[0.2, 0.2], [0.2, 0.2]]


def test_a_better_system_moves_the_others_down():
    first = recorded_run(made("a", FAR), run="first")
    second = recorded_run(made("b", NEAR), run="second", started="2026-01-02T00:00:00+00:00")
    both = moves(build_board([first]), build_board([first, second]))
    found = {move.system: (move.before, move.after) for move in both}
    assert found == {"s x f x b": (0, 1), "s x f x a": (1, 2)}


def test_settings_tell_moved_systems_of_one_name_apart():
    cells = [
        made(name, kl, model="m", parameters=json.dumps({"model": {"k": k}}))
        for name, kl, k in (("a", NEAR, 3), ("b", FAR, 5))
    ]
    found = list(moves(build_board([]), build_board([recorded_run(*cells)])))
    assert [move.system for move in found] == ["s x f x m (k=3)", "s x f x m (k=5)"]


def test_a_run_again_and_a_failure_are_said():
    first = recorded_run(made("a", NEAR), run="first")
    again = recorded_run(
        made("a", FAR), made("b", NEAR, failed={0: "it raised", 1: "it raised"}),
        run="second", started="2026-01-02T00:00:00+00:00",
    )  # fmt: skip
    before, after = build_board([first]), build_board([first, again])
    assert repeated_results(before, after) == ("s x f x a on d: KL 2.000, ranked is 0.500",)
    assert failed_results(before, after) == ("d: s x f x b: it raised",)
    assert repeated_results(after, after) == failed_results(after, after) == ()
