"""What planning costs where a collection is large: 55,000 tracks x 3 features x 5 models.

The tracks are files of a few samples, each another; nothing but planning is done with them.

    python benchmarks/perf/large_plan.py --tracks 55000
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

_SPEC = """\
name: large
datasets: [{{table: {{root: {root}, id: id, audio: file, group: group}}}}]
features: [compare-2016, librosa-14-stats, librosa-14]
models: [ridge, xgboost, knn, gru, bilstm]
protocol: {{stratified-k-fold: {{folds: 5, stratified: false}}}}
baselines: false
"""


def collection(folder: Path, tracks: int) -> Path:
    """Write a collection in the layout of `table`, and a benchmark file of it."""
    import numpy as np
    import soundfile

    (folder / "audio").mkdir(parents=True)
    rng = np.random.default_rng(1)
    lines = ["id,file,group,valence_mean,arousal_mean,valence_std,arousal_std"]
    for track in range(tracks):
        name = f"audio/{track:06d}.wav"
        soundfile.write(folder / name, rng.uniform(-0.5, 0.5, 32), 8000)
        v, a = rng.uniform(0.2, 0.8, 2).round(4)
        lines.append(f"t{track},{name},artist{track // 5},{v},{a},0.1,0.1")
    (folder / "labels.csv").write_text("\n".join(lines) + "\n")
    spec = folder / "large.yaml"
    spec.write_text(_SPEC.format(root=folder))
    return spec


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tracks", type=int, default=55_000)
    tracks = parser.parse_args().tracks
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        spec = collection(folder / "data", tracks)
        program = Path(sys.executable).with_name("merbench")
        environment = {**os.environ, "MERBENCH_HOME": str(folder / "home")}
        for title in ("the first time", "again"):
            started = time.perf_counter()
            done = subprocess.run(
                [program, "plan", spec, "--json"],
                env=environment, stdout=subprocess.PIPE, text=True, check=True,
            )  # fmt: skip
            seconds = time.perf_counter() - started
            planned = json.loads(done.stdout)
            tasks = {stage: count["to_do"] for stage, count in planned["tasks"].items()}
            print(f"{title}: {seconds:.1f} s for {len(planned['cells'])} cells, steps {tasks}")
        print(f"estimated: {planned['estimate']}")
        peak = resource.getrusage(resource.RUSAGE_CHILDREN)
        print(f"peak memory {peak.ru_maxrss / 2**20:.2f} GiB, {peak.ru_utime:.0f} s of processor")


if __name__ == "__main__":
    main()
