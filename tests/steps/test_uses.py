from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from merbench.steps import uses


def rewritten(use: uses.Use, **changes: object) -> uses.Use:
    use.file.write_text(json.dumps(json.loads(use.file.read_text()) | changes))
    (found,) = uses.uses(use.file.parent.parent)
    return found


def test_a_use_is_alive_while_its_process_is(tmp_path: Path) -> None:
    use = uses.begin_use(tmp_path, "a test")
    (found,) = uses.living(tmp_path, uses.uses(tmp_path))
    assert found.process == os.getpid()
    assert found.keys is None
    uses.end_use(use)
    assert uses.uses(tmp_path) == []


def test_a_dead_process_uses_nothing(tmp_path: Path) -> None:
    code = (
        "import os, pathlib, sys; from merbench.steps import uses; "
        "uses.begin_use(pathlib.Path(sys.argv[1]), 'killed'); os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False)
    (left,) = uses.uses(tmp_path)
    assert left.what == "killed"
    assert uses.living(tmp_path, [left]) == []
    assert uses.uses(tmp_path) == [], "what is left of it says nothing, and goes"


def test_a_number_that_another_process_has_by_now_is_dead(tmp_path: Path) -> None:
    use = uses.begin_use(tmp_path, "a test")
    assert not rewritten(use, born=1.0).alive(0)


@pytest.mark.parametrize(("minutes", "alive"), [(1, True), (16, False)])
def test_another_machines_process_lives_by_its_touches(
    tmp_path: Path, minutes: int, alive: bool
) -> None:
    use = uses.begin_use(tmp_path, "a test")
    elsewhere = rewritten(use, host="elsewhere", process=1)
    now = elsewhere.file.stat().st_mtime + 60 * minutes
    assert elsewhere.alive(now) is alive


def test_what_a_finished_run_used_stays_known(tmp_path: Path) -> None:
    run = tmp_path / "run"
    run.mkdir()
    (run / "manifest.json").write_text('{"run": "abc"}')
    for number, run_id in enumerate(("old", "abc")):
        use = uses.begin_use(tmp_path, "a run")
        use = uses.with_keys(use, {"demo": {f"key{number}"}}, run)
        uses.end_use(use, run_id)
    (known,) = uses.uses(tmp_path)  # the second run went into the first one's folder
    assert known.all_keys == {"key1"}
    assert known.stands()
    (run / "manifest.json").write_text('{"run": "another"}')
    assert not known.stands()


def test_what_is_no_use_says_nothing(tmp_path: Path) -> None:
    (tmp_path / "uses").mkdir()
    (tmp_path / "uses" / "x.json").write_text("[]")
    (tmp_path / "uses" / "y.json").write_text('{"keys": null, "unheard-of": 1}')
    assert uses.uses(tmp_path) == []
