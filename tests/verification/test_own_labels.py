"""Labels of a reader's own copy: those whose hash is right, in the rows they belong to."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest

from merbench.errors import MerbenchError
from merbench.identity import truth_hash
from merbench.runs import record
from merbench.runs.record import RunRecord
from merbench.verification.own_labels import labels_from_copy, with_labels


@pytest.fixture(scope="module")
def honest(written) -> RunRecord:
    return record.read_record(written[1])


LABEL = (0.5, 0.4, 0.1, 0.2)


def entry(*clips: str) -> dict[str, Any]:
    truth = [truth_hash(clip, LABEL, "file") for clip in clips]
    return {"name": "d", "clips": {"id": list(clips), "truth": truth}}


def test_labels_of_a_copy_are_those_whose_hash_is_right():
    known = entry("a", "b", "c", "d")
    copies = [("a", LABEL, "file"), ("b", LABEL, "other"), ("c", (0.9, *LABEL[1:]), "file")]
    labels, found = labels_from_copy(known, copies)
    assert labels == {"a": LABEL}
    assert found == [
        *(f"clip {c} of d: its label or file in the copy given is not the one that was scored"
          for c in "bc"),
        "clip d of d is not in the copy given",
    ]  # fmt: skip


def test_a_clip_that_was_dealt_out_twice_has_its_own_label():
    labels, found = labels_from_copy(entry("a", "a (2)"), [("a", LABEL, "file")])
    assert (labels, found) == ({"a": LABEL, "a (2)": LABEL}, [])


def test_labels_are_filled_into_the_rows_of_their_data_alone(honest):
    noise, rated = honest.manifest["datasets"]
    columns = [c for c in honest.predictions if c.startswith("truth_")]
    blank = honest.predictions.assign(**dict.fromkeys(columns, np.nan))
    secret = {**noise, "labels_withheld": True}
    manifest = honest.manifest | {"datasets": [secret, rated]}
    rows = honest.predictions["dataset"] == "noise"
    of_noise = honest.predictions[rows]
    labels = dict(zip(of_noise["clip"], of_noise[columns].to_numpy().tolist(), strict=True))
    filled = with_labels(RunRecord(manifest, honest.folds, blank), secret, labels)
    pd.testing.assert_frame_equal(filled.predictions[rows], of_noise)
    assert filled.predictions[~rows][columns].isna().all(axis=None)
    assert json.dumps(filled.manifest["datasets"]) == json.dumps([noise, rated])
    assert blank[columns].isna().all(axis=None), "the run that was given has changed"


def test_a_tested_clip_without_a_label_is_named(honest):
    with pytest.raises(MerbenchError, match=r"clip c\d of noise has no label"):
        with_labels(honest, honest.manifest["datasets"][0], {})
