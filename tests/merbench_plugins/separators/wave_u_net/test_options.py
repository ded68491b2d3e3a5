"""Options are named, checked, and told of in the documentation."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from merbench import MerbenchError
from merbench_plugins.separators.wave_u_net.options import Options, read_options

ROOT = Path(__file__).resolve().parents[4]


def test_what_is_not_given_has_a_default() -> None:
    assert read_options({}) == Options()
    given = read_options({"batch": 3, "leads": {"sum": 2}})
    assert given == Options(batch=3, leads={"sum": 2.0})


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"momentum": 1}, "momentum"),
        ({"batch": 0}, "batch"),
        ({"mp3": 1.5}, "mp3"),
        ({"learning_rate": float("nan")}, "learning_rate"),
        ({"leads": {"piano": 1}}, "leads.piano"),
        ({"teacher_stems": []}, "teacher_stems"),
        ({"teacher": "spleeter"}, "teacher"),
    ],
)
def test_an_option_that_cannot_be_used_is_named(options: dict[str, object], named: str) -> None:
    with pytest.raises(MerbenchError, match=rf"option {named}\S* cannot be used: .*; options are "):
        read_options(options)


FLAGS = {"validation", "teacher", "teacher_stems", "minutes", "seed", "device", "resume"}
"""Options that the command has a flag of its own for."""


def test_every_option_is_described_and_documented() -> None:
    page = (ROOT / "docs" / "training-a-separator.md").read_text(encoding="utf-8")
    assert Options.model_fields.keys() > FLAGS
    for name, field in Options.model_fields.items():
        assert (field.description or "").endswith("."), name
        flag = f"--{name.replace('_', '-')}"
        assert flag in page if name in FLAGS else re.search(rf"`{name}`|--option {name}=", page), (
            name
        )
