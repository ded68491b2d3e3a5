"""In CI a skipped test fails the session, unless its reason is stated."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parent


def session(folder: Path, reason: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run pytest on a folder with one test that passes and one that is skipped."""
    text = f"import pytest\ndef test_a(): pass\ndef test_b(): pytest.skip({reason!r})\n"
    (folder / "test_it.py").write_text(text)
    clean = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST")}
    clean = clean | {"CI": "", "MERBENCH_TESTS_WITHOUT": "", "PYTHONPATH": str(TESTS)}
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "skips", "-c", os.devnull, str(folder)],
        env=clean | environment,
        cwd=folder,
        capture_output=True,
        text=True,
    )


def test_a_skip_fails_in_ci_and_is_named_with_its_reason(tmp_path: Path) -> None:
    done = session(tmp_path, "no time today", CI="true")
    assert done.returncode == 1
    assert "test_it.py::test_b: no time today" in done.stdout
    assert "test_a" not in done.stdout


@pytest.mark.parametrize(
    ("reason", "environment"),
    [
        ("no time today", {}),
        ("root may write anywhere", {"CI": "true"}),
        ("no Chromium here: …", {"CI": "true", "MERBENCH_TESTS_WITHOUT": "axe-core chromium"}),
    ],
)
def test_a_skip_is_no_failure_elsewhere_or_for_a_reason_that_is_stated(
    tmp_path: Path, reason: str, environment: dict[str, str]
) -> None:
    assert session(tmp_path, reason, **environment).returncode == 0


@pytest.mark.parametrize("without", ["", "axe-core"])
def test_what_is_missing_is_a_reason_only_where_it_was_named(tmp_path: Path, without: str) -> None:
    done = session(tmp_path, "no Chromium here", CI="true", MERBENCH_TESTS_WITHOUT=without)
    assert done.returncode == 1
