"""What a name in a benchmark file means."""

from __future__ import annotations

import pytest

from merbench.benchmark.names import is_named, settings_text


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("net", True),
        ("net (lr=0.1)", True),
        ("net (layers=[7, 5])", True),
        ("net (layers=[7, 5], lr=0.1)", True),
        ("net (lr=0.1, layers=[7, 5])", True),
        ("net (lr=0.2)", False),
        ("net (lr=0.1, deep=True)", False),
        ("net ()", False),
        ("net(lr=0.1)", False),
        ("net (lr=0.1", False),
        ("nets (lr=0.1)", False),
    ],
)
def test_a_name_with_parameters_means_what_has_these_and_others(name, expected):
    assert is_named(name, "net", "net (lr=0.1, layers=[7, 5])") is expected


def test_a_name_means_a_dataset_whatever_its_title_adds():
    title = "my-songs (fixed_std=0.1)"
    assert is_named("my-songs", title, title)
    assert is_named(title, title, title)
    assert not is_named("my", title, title)


def test_a_parameter_whose_name_stands_twice_is_named_with_what_it_is_of():
    nested = {"k": 1, "model": {"k": 2, "depth": 3}}
    assert settings_text(nested) == " (k=1, model.k=2, depth=3)"
    assert settings_text([{"level": 0.5}, {"rate": 2}]) == " (level=0.5, rate=2)"
    assert settings_text({}) == settings_text([]) == ""
