"""What a plugin changes of the process in passing is put back; what it replaces is named."""

from __future__ import annotations

import signal
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from plugin_files import faults, model, write

from merbench.plugins import discovery


def test_a_plugin_changes_nothing_of_the_process_in_passing(tmp_path: Path) -> None:
    text = (
        "import os, signal, sys, warnings\nos.chdir('/')\nwarnings.simplefilter('error')\n"
        "signal.signal(signal.SIGINT, signal.SIG_IGN)\nsys.setrecursionlimit(5000)\n"
        "sys.excepthook = None\nsys.stdout = sys.stderr\n"
    )
    path = write(tmp_path / "rude.py", model("rude") + text)

    def surroundings() -> list[Any]:
        handler = signal.getsignal(signal.SIGINT)
        filters = list(warnings.filters)
        return [Path.cwd(), handler, filters, sys.getrecursionlimit(), sys.excepthook, sys.stdout]

    before = surroundings()
    assert discovery.load_plugins([path]).get("model", "rude")
    assert surroundings() == before


def test_what_a_plugin_prints_goes_to_standard_error(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    talk = "print('python'); os.write(1, b'below\\n'); os.system('echo child')\n"
    path = write(tmp_path / "talks.py", model("talks") + f"import os\n{talk}")
    assert discovery.load_plugins([path]).get("model", "talks")
    out, err = capfd.readouterr()
    assert out == ""
    assert sorted(err.split()) == ["below", "child", "python"]


@pytest.mark.parametrize(
    ("patch", "named"),
    [
        ("numpy.mean = lambda *a, **k: 0.0", "numpy.mean"),
        ("import functools\n@functools.wraps(numpy.mean)\ndef mean(*a): pass\nnumpy.mean = mean",
         "numpy.mean"),
        ("import math\nmath.log = merbench_models", "math.log"),
        ("import merbench.errors\nclass E(Exception): pass\nmerbench.errors.StoreError = E",
         "merbench.errors.StoreError"),
    ],
)  # fmt: skip
def test_a_plugin_that_replaces_somebody_elses_function_is_refused(
    tmp_path: Path, patch: str, named: str
) -> None:
    path = write(tmp_path / "patches.py", model("patches") + f"import numpy\n{patch}\n")
    before = np.mean
    registry = discovery.load_plugins([path])
    assert faults(registry, path)[0].startswith(f"it puts its own function in place of {named},")
    assert ("model", "patches") not in registry.entries
    assert np.mean is before


def test_a_copy_of_the_process_that_a_plugin_leaves_behind_does_not_go_on(tmp_path: Path) -> None:
    path = write(tmp_path / "forks.py", "import os\nos.fork()\n" + model("forks"))
    code = (
        "import sys; from pathlib import Path\n"
        "from merbench.plugins import discovery as plugins\n"
        "print(len(plugins.load_plugins([Path(sys.argv[1])]).of_kind('model')))"
    )
    done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True)
    assert len(done.stdout.split()) == 1, done
