"""Another machine's code is the plan's, or nothing is done there."""

from __future__ import annotations

import platform
import shutil
from pathlib import Path

import pytest

import merbench
from merbench.engines import same_code
from merbench.errors import MerbenchError


def test_the_same_code_passes() -> None:
    same_code.demand_same_code(dict(same_code.here()))


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"numpy": "1.0"}, "numpy is .* here and 1.0 where the plan was made; install the same on"),
        ({"xyz": "2.0"}, "xyz is not installed here and 2.0 where the plan was made"),
        ({"merbench's source": "0" * 64}, f"merbench here is {merbench.__version__} with another"),
        ({"numpy": "1.0", "torch": "1.0"}, r"where the plan was made \(and 1 more differ\)"),
    ],
)
def test_a_difference_is_a_sentence_that_names_the_machine(
    changes: dict[str, str], says: str
) -> None:
    with pytest.raises(MerbenchError, match=says) as error:
        same_code.demand_same_code({**same_code.here(), **changes})
    assert platform.node() in str(error.value)


def test_a_line_in_any_module_changes_the_digest(tmp_path: Path) -> None:
    copy = tmp_path / "merbench"
    source = Path(merbench.__file__).parent
    shutil.copytree(source, copy, ignore=shutil.ignore_patterns("__pycache__"))
    before = same_code._digest(copy)
    assert before == same_code._digest(source)
    changed = copy / "evaluation" / "metrics.py"
    changed.write_text(changed.read_text() + "# a line\n")
    assert same_code._digest(copy) != before
