"""The nearest right name."""

from __future__ import annotations

from merbench.naming import closest, nearest


def test_nearest_ends_an_error() -> None:
    assert nearest("modle", ["model", "other"]) == "; did you mean 'model'?"
    assert nearest("zzz", ["b", "a"]) == "; choose from a, b"
    assert nearest("zzz", []) == ""


def test_closest_is_a_right_name_or_none() -> None:
    assert closest("modle", ["model", "other"]) == "model"
    assert closest("zzz", ["b", "a"]) is None
