"""How long the program takes to answer, against the interpreter alone.

Prints, for each command, the median time of several calls in seconds, and its ratio to that of
`python -c pass` measured in the same round, so that a busy machine slows both.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time
from pathlib import Path

PROGRAM = str(Path(sys.executable).parent / "merbench")
COMMANDS = {
    "python -c pass": [sys.executable, "-c", "pass"],
    "merbench --help": [PROGRAM, "--help"],
    "merbench plugins list": [PROGRAM, "plugins", "list"],
}
WANTED = {"merbench --help": 0.35, "merbench plugins list": 1.0}


def seconds(command: list[str]) -> float:
    """Time one call, output thrown away."""
    started = time.perf_counter()
    subprocess.run(
        command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=120
    )
    return time.perf_counter() - started


def main() -> None:
    """Measure every command once a round, in turn."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=11, help="calls of each command")
    rounds = parser.parse_args().rounds
    for command in COMMANDS.values():
        seconds(command)  # what is read from disk, or compiled, for the first time
    taken: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for _ in range(rounds):
        for name, command in COMMANDS.items():
            taken[name].append(seconds(command))
    base = taken["python -c pass"]
    print(f"{'command':24}{'median s':>10}{'fastest s':>11}{'ratio':>8}{'wanted s':>10}")
    for name, times in taken.items():
        ratio = statistics.median(t / b for t, b in zip(times, base, strict=True))
        wanted = f"{WANTED[name]:.2f}" if name in WANTED else "–"
        print(
            f"{name:24}{statistics.median(times):>10.3f}{min(times):>11.3f}{ratio:>8.1f}"
            f"{wanted:>10}"
        )


if __name__ == "__main__":
    main()
