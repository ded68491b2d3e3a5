"""What a plan says its results will not be able to say."""

from __future__ import annotations

import re

import pytest

from tinybench import TinyBench


@pytest.mark.parametrize(
    ("clips", "says"),
    [
        (8, "noise: systems are tested on 6 clips of 6 groups, which is too few to say which is"),
        (80, ""),
    ],
)
def test_too_few_clips_or_groups_are_one_warning(tmp_path, clips, says):
    bench = TinyBench.make(tmp_path / "many", clips=clips)
    plan = bench.plan(protocol={"monte-carlo": {"folds": 5, "test_fraction": 0.25}})
    (warning,) = plan.warnings or [""]
    assert warning.startswith(says)
    assert bool(warning) == bool(says)


def test_many_clips_of_few_groups_are_too_few_however_often_they_are_read(tmp_path):
    bench = TinyBench.make(tmp_path / "few", clips=80)
    table = bench.folder / "data" / "clips.csv"
    head, *rows = table.read_text().splitlines()
    at = head.split(",").index("group")
    for i, row in enumerate(rows):
        cells = row.split(",")
        cells[at] = f"artist {i % 4}"
        rows[i] = ",".join(cells)
    table.write_text("\n".join([head, *rows]) + "\n")
    datasets = [{"noise": {"root": "data", "task": ["va", "quadrant"]}}]
    (warning,) = bench.plan(datasets=datasets, models=["average"]).warnings[:1]
    assert re.search(r"tested on \d\d clips of [34] groups, which is too few", warning)
    assert len(bench.plan(datasets=datasets).warnings) == 1


def test_baselines_alone_are_said_to_be_alone(bench):
    bench.write_plugin(
        "dull",
        """
from merbench import Model, Task, hookimpl

class Dull(Model):
    "Never listens."
    name = "dull"
    inputs = ()
    tasks = frozenset(Task)
    baseline = True

    def estimator(self, *, task, seed, device):
        return None

@hookimpl
def merbench_models():
    yield Dull
""",
    )
    plan = bench.plan(features=["frames"], models=["linear"], baselines=True)
    assert [cell.names["model"] for cell in plan.cells] == ["dull"]
    assert "no system makes a cell: baselines alone are scored" in plan.warnings
    plan = bench.plan(features=["levels"], models=["linear"], baselines=True)
    assert len(plan.warnings) == 1
