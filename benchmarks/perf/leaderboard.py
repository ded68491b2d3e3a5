"""Building and verifying a leaderboard of 200 cells x 10 folds x 1,000 clips: 2 million rows.

    python benchmarks/perf/leaderboard.py [--cells 200] [--folds 10] [--clips 1000] [--runs 4]

Prints seconds and peak memory of each step, as a process of its own. The goal: a board in 10 s and
1 GiB.
"""

from __future__ import annotations

import argparse
import itertools
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve()


def synthetic_runs(folder: Path, cells: int, folds: int, tested: int, runs: int) -> list[Path]:
    """Write runs of one data set and split, as `merbench run` would."""
    import numpy as np
    import pandas as pd

    from merbench import Task, evaluation
    from merbench.benchmark.protocols import MonteCarlo, Split, sides, split_hash
    from merbench.identity import data_hash, spec_hash, truth_hash
    from merbench.planning.cell import cell_id, fold_seed
    from merbench.runs import record, row_columns
    from merbench.runs.record import RunRecord

    rng = np.random.default_rng(0)
    n = 5 * tested  # a fifth is tested
    ids = [f"clip-{i:05d}" for i in range(n)]
    groups = [f"artist-{i // 5:04d}" for i in range(n)]
    truth = np.column_stack([rng.uniform(0.2, 0.8, (n, 2)), rng.uniform(0.1, 0.2, (n, 2))])
    audio = [f"{i:064x}" for i in range(n)]
    hashes = [truth_hash(*row) for row in zip(ids, truth.tolist(), audio, strict=True)]
    splits = []
    for fold in range(folds):
        chosen = np.isin(np.arange(n) // 5, rng.permutation(n // 5)[: tested // 5])
        train, test = (tuple(np.flatnonzero(mask).tolist()) for mask in (~chosen, chosen))
        splits.append(Split(fold, train, test))
    protocol = MonteCarlo(folds=folds)
    entry: dict[str, Any] = {
        "name": "synthetic", "version": "1", "parameters": {}, "task": "va", "synthetic": True,
        "labels_public": True, "n_clips": n, "n_groups": n // 5, "n_folds": folds,
        "data_hash": data_hash(ids, groups, hashes), "split_hash": split_hash(splits, ids),
        "provenance": "", "homepage": "", "licence": "", "citation": "",
        "clips": {"id": ids, "group": groups, "truth": hashes, "audio": audio},
        "sides": sides(splits, n),
    }  # fmt: skip
    spec = {
        "name": "synthetic", "datasets": [{"synthetic": {}}], "seed": 1,
        "protocol": {"monte-carlo": {"folds": folds}},
        "compare": [{"across": "separator"}, {"across": "features"}, {"across": "model"}],
    }  # fmt: skip
    common = {
        "schema": 2, "merbench": "0", "name": "synthetic", "started": "2026-01-01T00:00:00+00:00",
        "spec": spec, "spec_hash": spec_hash(spec), "protocol": protocol.identity(),
        "evaluator": {"version": evaluation.VERSION, "hash": evaluation.source_hash()},
        "datasets": [entry], "packages": {}, "hardware": {},
    }  # fmt: skip
    systems = list(itertools.product(range(4), range(5), range(cells)))
    systems = [s for s in systems if s[2] < -(-cells // 20)][:cells]
    names = np.asarray(ids, object), np.asarray(groups, object)
    written = []
    for run in range(runs):
        listed, rows, parts = [], [], []
        for s, f, m in systems[run::runs]:
            axes = {
                "dataset": "synthetic", "augmentation": "none", "separator": f"separator-{s}",
                "features": f"features-{f}", "model": f"model-{m}",
            }  # fmt: skip
            identity = {
                "dataset": {"name": "synthetic"}, "separator": {"name": axes["separator"]},
                "features": [{"name": axes["features"]}], "model": {"name": axes["model"]},
            }  # fmt: skip
            cell = cell_id(identity, entry["data_hash"])
            seeds = [fold_seed(identity, fold) for fold in range(folds)]
            listed.append(
                {"id": cell, **axes, "role": "system", "data_hash": entry["data_hash"],
                 "parameters": {}, "identity": identity, "seeds": seeds}
            )  # fmt: skip
            spread = 0.05 + 0.002 * (s + f + m)
            for split in splits:
                test = np.asarray(split.test)
                predicted = truth[test] + rng.normal(0, spread, (len(test), 4)) * [1, 1, 0.1, 0.1]
                kl, metrics = row_columns.score_fold(
                    Task.VA, truth[test], predicted, names[0][test]
                )
                rows.append(
                    {"cell": cell, **axes, "parameters": "", "role": "system", "fold": split.fold,
                     "seed": seeds[split.fold], "n_train": len(split.train), "n_test": len(test),
                     "task": "va", "dataset_parameters": "", "n_clips": n, "synthetic": True,
                     "provenance": "", "split_hash": entry["split_hash"],
                     "data_hash": entry["data_hash"], "seconds": 1.0, "cpu_seconds": 1.0,
                     "peak_memory_mb": 100.0, "curve": "", "status": "ok", "error": "", **metrics}
                )  # fmt: skip
                part = pd.DataFrame({"cell": cell, **axes, "fold": split.fold}, index=test)
                part["clip"], part["group"] = names[0][test], names[1][test]
                part[row_columns.truth_columns(Task.VA)] = truth[test]
                part[row_columns.predicted_columns(Task.VA)] = predicted
                part["kl"] = kl
                parts.append(part)
        manifest = common | {"run": f"{run:032x}", "cells": listed}
        path = folder / f"run-{run}"
        table = pd.concat(parts, ignore_index=True)
        record.write_record(RunRecord(manifest, pd.DataFrame(rows), table), path)
        written.append(path)
    return written


def measure(step: str, *paths: Path) -> None:
    """Do a step in a process of its own, which prints what it took."""
    subprocess.run([sys.executable, str(HERE), "--step", step, *map(str, paths)], check=True)


def build(paths: list[Path]) -> None:
    from merbench.leaderboard import files
    from merbench.runs import record

    *runs, out = paths
    files.write_board(files.compose_board([record.read_record(run) for run in runs]), out)


def score(paths: list[Path]) -> None:
    from merbench.runs import record
    from merbench.verification.run_check import recorded_differences

    for path in paths:
        differences = recorded_differences(record.read_record(path))
        assert not differences, differences[:3]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cells", type=int, default=200)
    parser.add_argument("--folds", type=int, default=10)
    parser.add_argument("--clips", type=int, default=1000, help="Tested in each fold.")
    parser.add_argument("--runs", type=int, default=4)
    parser.add_argument("--step", choices=["build", "verify"])
    parser.add_argument("paths", nargs="*", type=Path)
    chosen = parser.parse_args()
    if chosen.step:
        started = time.perf_counter()
        {"build": build, "verify": score}[chosen.step](chosen.paths)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        took, cpu = time.perf_counter() - started, time.process_time()
        print(f"{chosen.step:8s} {took:6.1f} s, processor {cpu:.1f} s, peak {peak:.2f} GiB")
        return
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        runs = synthetic_runs(folder, chosen.cells, chosen.folds, chosen.clips, chosen.runs)
        print(f"{chosen.cells} cells, {chosen.cells * chosen.folds * chosen.clips:,} rows")
        measure("build", *runs, folder / "board")
        measure("verify", *runs)


if __name__ == "__main__":
    main()
