"""Parameters are values in memory and JSON in a table's cell, and come back as they were."""

from __future__ import annotations

import math

import pytest

from merbench.runs.parameter_text import portable_text, read_parameters, written_parameters


@pytest.mark.parametrize(
    "parameters",
    [{}, {"model": {"C": 0.1, "kernel": None}}, {"features": [{"k": 1}, {}], "model": {"a": "ä"}}],
)
def test_what_was_written_is_read(parameters: dict[str, object]):
    assert read_parameters(written_parameters(parameters)) == parameters


def test_the_text_does_not_depend_on_the_order_and_of_no_parameters_is_none():
    assert written_parameters({"b": 1, "a": 2}) == written_parameters({"a": 2, "b": 1})
    assert written_parameters({}) == ""
    for nothing in ("", None, math.nan):
        assert read_parameters(nothing) == {}


def test_a_published_text_has_no_path_of_a_machine():
    text = written_parameters({"separator": {"weights": "/home/someone/model-7"}})
    assert portable_text(text) == '{"separator": {"weights": "model-7"}}'
    assert portable_text("") == ""
