"""Variants of one model."""

from __future__ import annotations

from typing import Any

import pytest

from merbench.leaderboard.variants import PLAIN, model_families, model_of


def row(model: str, kl: float, **changes: Any) -> dict[str, Any]:
    return {"role": "system", "status": "ok", "model": model, "kl_mean": kl, "separator": "mixed",
            "features": "f", "augmentation": "none", "parameters": None} | changes  # fmt: skip


@pytest.mark.parametrize(
    ("title", "parts"),
    [("svc", ("svc", PLAIN)), ("tuned(svc)", ("svc", "tuned")),
     ("calibrated(tuned(svc))", ("svc", "calibrated tuned"))],
)  # fmt: skip
def test_a_title_is_taken_apart(title: str, parts: tuple[str, str]):
    assert model_of(title) == parts


def test_variants_on_one_input_stand_together_the_best_family_first():
    found = model_families([
        row("tuned(svc)", 0.4), row("svc", 0.5), row("ridge", 0.35), row("calibrated(ridge)", 0.3),
        row("svc", 0.2, features="g"), row("forest", 0.1), row("calibrated(forest)", 0.1,
        status="failed"),
    ])  # fmt: skip
    assert [(family.model, list(family.rows)) for family in found] == [
        ("ridge", [PLAIN, "calibrated"]), ("svc", ["tuned", PLAIN]),
    ]  # fmt: skip
    assert found[0].alike == "mixed x f"


def test_other_parameters_of_the_features_make_another_input():
    other = row("tuned(svc)", 0.4, parameters={"features": {"k": 3}})
    assert model_families([row("svc", 0.5), other]) == []
    own = row("tuned(svc)", 0.4, parameters={"model": {"trials": 3}})
    assert len(model_families([row("svc", 0.5), own])) == 1
