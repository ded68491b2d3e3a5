"""The parameters that a model chose in each fold, as a table."""

from __future__ import annotations

import json

import pandas as pd

from merbench.pages.render import render
from merbench.pages.trials import ChosenParameters, chosen_parameters


def trial(score, *, chosen=False, **parameters):
    state = "complete" if score is not None else "failed"
    return {"parameters": parameters, "score": score, "state": state, "chosen": chosen}


def test_a_row_a_fold_and_a_column_a_parameter():
    folds = pd.DataFrame(
        {
            "fold": [0, 1, 2],
            "trials": [
                json.dumps([trial(0.5, C=1), trial(0.25, chosen=True, C=10, gamma=0.000123456)]),
                json.dumps([trial(None, C=1), trial(-0.4, chosen=True, C=0.1, layers=[64, 32])]),
                "",
            ],
        }
    )
    assert chosen_parameters(folds) == ChosenParameters(
        ("C", "gamma", "layers"),
        (
            ("0", ("10", "0.000123", "–"), "0.250", "2"),
            ("1", ("0.1", "–", "[64, 32]"), "−0.400", "2, 1 of them failed"),
        ),
    )


def test_nothing_is_shown_where_nothing_was_chosen():
    assert chosen_parameters(pd.DataFrame({"fold": [0]})) is None  # a run of earlier days
    for text in ("", None, float("nan"), json.dumps([trial(0.5, C=1)])):
        assert chosen_parameters(pd.DataFrame({"fold": [0], "trials": [text]})) is None


def test_names_and_values_are_text_and_no_markup():
    chosen = ChosenParameters(("a<b",), (("0", ("<i>",), "1.000", "1"),))
    page = render(
        "system", chosen=chosen, name="x", facts=[], parts=[], runs=[],
        withheld="", figures=[], clips=[],
    )  # fmt: skip
    assert "a&lt;b" in page
    assert "<i>" not in page
