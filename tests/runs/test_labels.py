"""Where a dataset's labels stand in a run's predictions."""

from __future__ import annotations

from boards import made, recorded_run
from merbench.runs.labels import rows_of_dataset, withheld


def test_rows_are_those_of_the_dataset_and_its_data() -> None:
    run = recorded_run(made("a", [[0.1, 0.2]]), made("b", [[0.1]], data_hash="another"))
    (entry,) = (e for e in run.manifest["datasets"] if e["data_hash"] != "another")
    chosen = rows_of_dataset(run, entry)
    assert set(run.predictions["cell"][chosen]) == {"a"}
    assert chosen.sum() == 2


def test_labels_are_there_unless_it_is_said_that_they_were_left_out() -> None:
    assert not withheld({})
    assert not withheld({"labels_withheld": False})
    assert withheld({"labels_withheld": True})
