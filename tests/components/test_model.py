"""What every model has beside its parameters."""

from __future__ import annotations

from sample_components import Sample

from merbench import FeatureKind


def test_input_kinds_is_a_tuple_for_one_several_and_none() -> None:
    class Two(Sample):
        inputs = (FeatureKind.VECTOR, FeatureKind.IMAGE)

    class Deaf(Sample):
        inputs = ()

    assert Sample().input_kinds == (FeatureKind.VECTOR,)
    assert Two().input_kinds == (FeatureKind.VECTOR, FeatureKind.IMAGE)
    assert Deaf().input_kinds == ()
