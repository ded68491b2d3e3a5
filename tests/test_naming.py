"""The nearest right name."""

from __future__ import annotations

from merbench.naming import nearest


def test_nearest_ends_an_error() -> None:
    assert nearest("modle", ["model", "other"]) == "; did you mean 'model'?"
    assert nearest("zzz", ["b", "a"]) == "; choose from a, b"
    assert nearest("zzz", []) == ""
