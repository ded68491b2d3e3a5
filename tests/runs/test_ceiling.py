"""What people reach, where raters are known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from merbench import Clip
from merbench.errors import StoreError
from merbench.runs import ceiling
from merbench.runs.ceiling import Ceilings, _reached, ceilings
from merbench.steps.store import Store


def test_the_human_ceiling_is_shown_where_raters_are_known_and_compared_with_nothing(written):
    run, _ = written
    human = run.leaderboard[run.leaderboard["model"].str.startswith("human-ceiling(")]
    assert human["dataset"].tolist() == ["rated", "rated"]
    assert (human["status"] == "ok").all()
    assert (human["kl_mean"] > 0).all()
    assert not run.comparisons["cell_a"].str.startswith("human").any()
    assert not run.comparisons["cell_b"].str.startswith("human").any()
    ceiling = run.predictions[run.predictions["cell"] == human["cell"].iloc[0]]
    assert ceiling["predicted_valence_mean"].isna().all()


RNG = np.random.default_rng(0)
RATINGS = [tuple((float(v), float(a)) for v, a in RNG.random((9, 2))) for _ in range(3)]
CLIPS = tuple(
    Clip(f"c{i}", "g", (0.5, 0.5, 0.1, 0.1), Path("c"), ratings=ratings)
    for i, ratings in enumerate(RATINGS)
)


def test_what_people_reach_is_estimated_once_for_all_runs(tmp_path, monkeypatch):
    store, step = Store(tmp_path), Ceilings.of(CLIPS, 1)
    store.prepare()
    expected = ceilings(CLIPS, 1)
    assert list(expected) == ["split-half", "panel"]
    first = _reached(step, store)
    monkeypatch.setattr(ceiling, "ceilings", lambda *_: pytest.fail("estimated again"))
    for found in (first, _reached(Ceilings.of(CLIPS, 1), store)):
        assert found.keys() == expected.keys()
        for name, kl in expected.items():
            np.testing.assert_array_equal(found[name], kl)
    assert len({step.key, Ceilings.of(CLIPS, 2).key, Ceilings.of(CLIPS[:2], 1).key}) == 3


def test_a_store_that_cannot_be_written_costs_no_ceiling(tmp_path, monkeypatch):
    def full(*_):
        raise StoreError("the disk is full; free space")

    monkeypatch.setattr(Store, "put", full)
    found = _reached(Ceilings.of(CLIPS, 1), Store(tmp_path))
    np.testing.assert_array_equal(found["panel"], ceilings(CLIPS, 1)["panel"])
