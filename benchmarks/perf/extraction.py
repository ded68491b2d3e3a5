"""Extraction through merbench with n workers against a plain loop over the files.

Prints wall and CPU seconds of both, the speed-up, and what share of merbench's CPU time is not
openSMILE's. Both are whole processes, started anew, interpreter and imports included; the clips
are synthetic noise with a beat, written to a temporary folder. Run it on an idle machine:

    python benchmarks/perf/extraction.py --clips 40 --seconds 30 --jobs 2
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import soundfile

PLAIN = """
import sys
from pathlib import Path
import opensmile, soundfile
smile = opensmile.Smile(opensmile.FeatureSet.ComParE_2016, opensmile.FeatureLevel.Functionals)
for path in sorted(Path(sys.argv[1]).glob("*.wav")):
    signal, rate = soundfile.read(path, dtype="float32", always_2d=True)
    smile.process_signal(signal.T[:1], rate)
"""

SPEC = """
name: extraction
datasets: [{{table: {{root: {root}}}}}]
separators: [mixed]
features: [compare-2016]
models: [{{ridge: {{}}}}]
protocol: {{monte-carlo: {{folds: 1}}}}
baselines: false
"""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--clips", type=int, default=40)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--jobs", type=int, default=2)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as text:
        folder = Path(text)
        clips = folder / "clips"
        write_clips(clips, arguments.clips, arguments.seconds)
        spec = folder / "spec.yaml"
        spec.write_text(SPEC.format(root=clips))
        plain = measure([sys.executable, "-c", PLAIN, str(clips)], folder)
        merbench = [str(Path(sys.executable).with_name("merbench")), "run", str(spec)]
        merbench += ["--out", str(folder / "out"), "--jobs", str(arguments.jobs)]
        ours = measure(merbench, folder)
    print(f"{'':24}{'wall s':>10}{'CPU s':>10}")
    print(f"{'plain loop':24}{plain[0]:10.1f}{plain[1]:10.1f}")
    print(f"{f'merbench, {arguments.jobs} workers':24}{ours[0]:10.1f}{ours[1]:10.1f}")
    print(f"speed-up: {plain[0] / ours[0]:.2f}")
    print(f"CPU over the plain loop's: {100 * (ours[1] / plain[1] - 1):.1f} %")


def write_clips(folder: Path, count: int, seconds: float) -> None:
    """Write clips of noise with a beat, and labels for them."""
    folder.mkdir()
    rng = np.random.default_rng(0)
    rate = 44_100
    t = np.arange(int(seconds * rate)) / rate
    lines = ["id,valence_mean,arousal_mean,valence_std,arousal_std"]
    for number in range(count):
        beat = np.exp(-8 * (t % rng.uniform(0.3, 0.8)))
        tone = np.sin(2 * np.pi * rng.uniform(100, 800) * t)
        signal = 0.2 * rng.standard_normal(len(t)) * beat + 0.3 * tone
        soundfile.write(folder / f"{number:03d}.wav", signal.astype(np.float32), rate)
        valence, arousal = rng.uniform(0.2, 0.8, 2)
        lines.append(f"{number:03d},{valence:.3f},{arousal:.3f},0.15,0.15")
    (folder / "labels.csv").write_text("\n".join(lines) + "\n")


def measure(command: list[str], home: Path) -> tuple[float, float]:
    """Return wall and CPU seconds of a command and all its children."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.perf_counter()
    environment = {**os.environ, "MERBENCH_HOME": str(home / "home")}
    subprocess.run(command, check=True, env=environment, stdout=subprocess.DEVNULL)
    wall = time.perf_counter() - started
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return wall, cpu


if __name__ == "__main__":
    main()
