"""A method that takes no device is named with the line to write."""

from __future__ import annotations

import pytest

from merbench import FeatureExtractor, FeatureKind, Model, Separator, Task
from merbench.plugins import told_device
from merbench.plugins.registry import Entry, Origin, Registry
from merbench.testing import check


class Old(FeatureExtractor):
    """As it was written before it was told."""

    name = "old"
    kind = FeatureKind.VECTOR

    def extract(self, waveform, sample_rate):
        return waveform.mean(axis=1)


class OldSeparator(Separator):
    """As it was written before it was told."""

    name = "old-separator"

    def separate(self, waveform, sample_rate):
        return dict.fromkeys(self.stems, waveform)


class OldModel(Model):
    """As it was written before it was told."""

    name = "old-model"
    inputs = FeatureKind.VECTOR
    tasks = frozenset({Task.VA})

    def estimator(self, *, task, seed):
        return self


class AnyOther(Old):
    """Takes whatever it is told."""

    name = "any-other"

    def extract(self, waveform, sample_rate, **told):
        return waveform.mean(axis=1)


@pytest.mark.parametrize(
    ("kind", "cls", "line"),
    [
        ("feature", Old, "`def extract(self, waveform, sample_rate, *, device):`"),
        ("separator", OldSeparator, "`def separate(self, waveform, sample_rate, *, device):`"),
        ("model", OldModel, "`def estimator(self, *, task, seed, device):`"),
    ],
)
def test_the_line_to_write_is_said(kind, cls, line):
    assert line in told_device.fault(kind, cls)
    found = check(Entry(kind, cls, Origin("", "", "old.py")), Registry())
    assert line in {result.check: result for result in found}["is told its device"].detail


def test_what_takes_anything_is_told():
    assert told_device.fault("feature", AnyOther) == ""
    assert told_device.fault("dataset", AnyOther) == ""


def test_such_a_plugin_is_a_warning_and_no_part_of_a_run(bench):
    bench.write_plugin(
        "old",
        """
from merbench import FeatureExtractor, FeatureKind, hookimpl

class Old(FeatureExtractor):
    "As it was."
    name = "old"
    kind = FeatureKind.VECTOR

    def extract(self, waveform, sample_rate):
        return waveform.mean(axis=1)

@hookimpl
def merbench_features():
    yield Old
""",
    )
    registry = bench.registry()
    (problem,) = registry.problems
    assert "write `def extract(self, waveform, sample_rate, *, device):`" in str(problem)
    assert ("feature", "old") not in registry.entries
    assert ("feature", "levels") in registry.entries
