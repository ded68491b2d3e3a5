"""Running an unchanged benchmark again, and running it with one model changed.

Prints wall seconds of the first run, of a second one, and of one with another number of trees, and
how many tasks each had to do:

    python benchmarks/perf/rerun.py
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--spec", type=Path, default=ROOT / "benchmarks.yaml")
    parser.add_argument("--set", action="append", default=[], dest="assignments")
    parser.add_argument(
        "--changed", default="models=[random-forest, {xgboost: {n_estimators: 40}}]"
    )
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as text:
        folder = Path(text)
        base = [str(Path(sys.executable).with_name("merbench")), "run", str(arguments.spec)]
        for assignment in arguments.assignments:
            base += ["--set", assignment]
        changed = [*base, "--set", arguments.changed]
        runs = {"first": base, "again": base, "one model changed": changed}
        print(f"{'':20}{'wall s':>10}{'tasks':>10}")
        for position, (name, command) in enumerate(runs.items()):
            out = folder / str(position)
            started = time.perf_counter()
            environment = {**os.environ, "MERBENCH_HOME": str(folder / "home")}
            subprocess.run(
                [*command, "--out", str(out)],
                check=True,
                env=environment,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            wall = time.perf_counter() - started
            tasks = json.loads((out / "manifest.json").read_text())["tasks"]["done"]
            print(f"{name:20}{wall:10.1f}{tasks:10}")


if __name__ == "__main__":
    main()
