"""The wheel, installed where there is no checkout."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

from merbench.benchmark.shipped import shipped

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with nothing but the wheel, which sees the packages of this one."""
    pytest.importorskip("hatchling")
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=REPOSITORY, check=True, capture_output=True, timeout=120)
    (wheel,) = folder.glob("*.whl")
    environment = folder / "environment"
    venv.create(environment, symlinks=True)
    packages = {sysconfig.get_paths()[key] for key in ("purelib", "platlib")}
    (inside,) = environment.glob("lib/python*/site-packages")
    # A folder named so is searched, and no .pth file in it is read: no editable merbench is seen.
    (inside / "others.pth").write_text("\n".join(packages))
    subprocess.run(
        [sys.executable, "-m", "pip", "--python", str(environment), "install", "--quiet",
         "--no-deps", "--no-index", "--no-compile", str(wheel)],
        check=True, capture_output=True, timeout=120,
    )  # fmt: skip
    return environment


def test_a_wheel_runs_benchmarks_by_name_outside_a_checkout(
    installed: Path, tmp_path: Path
) -> None:
    environment = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "VIRTUAL_ENV")}
    environment["MERBENCH_HOME"] = str(tmp_path / "home")

    def merbench(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [installed / "bin/merbench", *arguments],
            capture_output=True, text=True, cwd=tmp_path, env=environment, timeout=300,
        )  # fmt: skip

    unknown = merbench("plan", "dmo")
    assert unknown.returncode == 2
    assert unknown.stderr == (
        "error: dmo: there is no such file, nor a benchmark of this name; did you mean 'demo'?\n"
    )
    planned = merbench("plan", "demo", "--json", "--only", "model=random-forest")
    assert planned.returncode == 0, planned.stderr
    document = json.loads(planned.stdout)
    # The network's weights come with the wheel, so that its cells can run.
    separators = {cell["separator"]: cell["error"] for cell in document["cells"]}
    assert separators == dict.fromkeys(["mixed", "wave-u-net", "hpss", "oracle"], "")
    code = (
        "import json, merbench; from merbench.benchmark.shipped import shipped; "
        "from merbench.pages import render; "
        "print(json.dumps([merbench.__file__, sorted(shipped()), render.__file__]))"
    )
    done = subprocess.run(
        [installed / "bin/python", "-c", code],
        capture_output=True, text=True, cwd=tmp_path, env=environment, timeout=60, check=True,
    )  # fmt: skip
    place, names, pages = json.loads(done.stdout)
    assert Path(place).is_relative_to(installed)
    assert names == sorted(shipped())
    assert (Path(pages).parent / "templates/base.html").is_file()
