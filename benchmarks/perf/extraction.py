"""Extraction through merbench with n workers against a plain loop over the files.

Prints wall and CPU seconds of both, the speed-up, and how much more CPU time merbench takes.
Both are whole commands, started anew: interpreter, imports and, for merbench, scoring and writing
included. The clips are of the demo dataset. Run it on an idle machine:

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

from merbench import audio
from merbench_plugins.datasets.demo import Demo

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
models: [mean]
protocol: {{monte-carlo: {{folds: 1}}}}
baselines: false
"""


# A model that costs nothing, so that extraction is what is measured.
MODEL = """
import numpy as np
from merbench import FeatureKind, Model, Task, hookimpl


class MeanLabel:
    def fit(self, X, Y):
        self.label = Y.mean(axis=0)

    def predict(self, X):
        return np.tile(self.label, (len(X), 1))


class Mean(Model):
    name = "mean"
    inputs = FeatureKind.VECTOR
    tasks = frozenset({Task.VA})

    def estimator(self, *, task, seed, device):
        return MeanLabel()


@hookimpl
def merbench_models():
    yield Mean
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
        (folder / "plugins").mkdir()
        (folder / "plugins" / "mean.py").write_text(MODEL)
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
    """Write clips of the demo dataset as stereo WAV at 44.1 kHz, and labels for them."""
    folder.mkdir()
    demo = Demo(n_clips=count, seconds=seconds, sample_rate=44_100)
    lines = ["id,valence_mean,arousal_mean,valence_std,arousal_std"]
    for clip in demo.clips(folder.parent / "scores"):
        audio.write(folder / f"{clip.id}.wav", *demo.decode(clip))
        lines.append(",".join([clip.id, *(f"{value:.4f}" for value in clip.label)]))
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
