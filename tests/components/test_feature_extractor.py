"""The kinds of features."""

from __future__ import annotations

from merbench import FeatureKind


def test_a_kind_has_as_many_axes_as_its_description_says() -> None:
    assert {kind.value: kind.ndim for kind in FeatureKind} == {
        "vector": 1, "image": 2, "sequence": 2, "waveform": 1,
    }  # fmt: skip
