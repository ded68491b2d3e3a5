"""How long a leaderboard's site takes to write, and its page to open, with many rows.

Writes a leaderboard of invented numbers (they are gone when it ends), its site, and opens the site
in headless Chromium several times. Prints, in milliseconds from the start of navigation, when the
page was painted first, when it answered to sorting and filtering, and how long one sort and one
filter then take until the next frame is drawn; beside it the same of an empty page, so that a
busy machine slows both. Wanted: 500 rows interactive within half a second.
"""

from __future__ import annotations

import argparse
import dataclasses
import shutil
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from merbench import Task
from merbench.leaderboard import columns
from merbench.pages import site
from merbench.runs import row_columns
from merbench.runs.fold_rows import FoldRow

FLAGS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--window-size=1280,900",
)  # fmt: skip
OPENED = """
const [page] = performance.getEntriesByType('navigation');
const [ready] = performance.getEntriesByName('ready');
const [paint] = performance.getEntriesByName('first-contentful-paint');
return { 'first paint': paint?.startTime ?? NaN, 'interactive': ready?.startTime ?? NaN,
         'DOM complete': page.domComplete, 'loaded': page.loadEventEnd };
"""
ACTED = """
const done = arguments[arguments.length - 1];
const timed = (act) => new Promise((resolve) => {
  const started = performance.now();
  act();
  requestAnimationFrame(() => setTimeout(() => resolve(performance.now() - started)));
});
(async () => {
  const button = [...document.querySelectorAll('section.board th button')]
    .find((b) => b.innerText.startsWith('KL median'));
  const sort = await timed(() => button.click());
  const filter = await timed(() => {
    const form = document.querySelector('form.filters');
    form.text.value = 'model-1';
    form.dispatchEvent(new Event('input'));
  });
  done({ 'one sort': sort, 'one filter': filter });
})();
"""


def write_board(folder: Path, rows: int, clips: int) -> None:
    """Write a leaderboard's files with rows of a few tables."""
    rng = np.random.default_rng(0)
    per_table = 100
    board, folds, predictions = [], [], []
    for i in range(rows):
        table = i // per_table
        kl = 0.4 + 0.01 * (i % per_table) + rng.uniform(0, 0.005)
        row: dict[str, Any] = dict.fromkeys([*columns.LEADING, *columns.TRAILING])
        row |= {
            "table": f"table{table}", "tier": i % per_table // 10 + 1, "rank": i % per_table + 1,
            "rank_low": max(1, i % per_table - 3), "rank_high": i % per_table + 5,
            "role": "system", "dataset": f"dataset-{table}", "dataset_version": "1", "task": "va",
            "augmentation": "none", "separator": f"separator-{i % 5}",
            "features": f"features-{i % 7}", "model": f"model-{i}", "status": "ok",
            "n_clips": clips, "n_folds": 10, "n_failed": 0, "n_runs": 1, "kl_mean": kl,
            "kl_mean_low": kl - 0.05, "kl_mean_high": kl + 0.05, "kl_median": kl - 0.1,
            "kl_difference_to_best": kl - 0.4, "corrected_p_holm": rng.random(),
            "clip_p_holm": rng.random(), "r2_valence_mean": rng.random(),
            "r2_arousal_mean": rng.random(), "ccc_valence_mean": rng.random(),
            "ccc_arousal_mean": rng.random(), "rmse": rng.random() / 5,
            "seconds": 10 ** rng.uniform(-1, 4), "peak_memory_mb": 300, "synthetic": True,
            "split_hash": f"split{table}", "data_hash": f"data{table}", "run": f"run{table}",
            "cell": f"cell{i}",
        }  # fmt: skip
        board.append(row)
        fold = {field.name: row.get(field.name) for field in dataclasses.fields(FoldRow)}
        counts = {"fold": 0, "seed": 1, "n_train": clips, "n_test": clips}
        folds.append({"table": row["table"], "run": row["run"], **fold, **counts})
        truth = rng.uniform(0.1, 0.9, (clips, 4)) * [1, 1, 0.3, 0.3]
        part = pd.DataFrame({"run": row["run"], "cell": row["cell"], "fold": 0}, range(clips))
        part["clip"] = [f"clip-{clip}" for clip in range(clips)]
        part["group"] = "group"
        part[row_columns.truth_columns(Task.VA.columns)] = truth
        part[row_columns.predicted_columns(Task.VA.columns)] = truth + rng.normal(
            0, 0.05, truth.shape
        )
        part["kl"] = rng.gamma(2, kl / 2, clips)
        predictions.append(part)
    pd.DataFrame(board).to_csv(folder / "leaderboard.csv", index=False)
    pd.DataFrame(folds).to_csv(folder / "folds.csv", index=False)
    pd.DataFrame(columns=columns.COMPARED).to_csv(folder / "comparisons.csv", index=False)
    pd.DataFrame(columns=columns.SEPARATORS).to_csv(folder / "separators.csv", index=False)
    pd.concat(predictions).to_parquet(folder / "predictions.parquet", index=False)


def chromium(profile: Path) -> Any:
    """Start Chromium."""
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    program, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if not program or not driver:
        raise SystemExit("no Chromium here: apt-get install chromium chromium-driver")
    options = webdriver.ChromeOptions()
    options.binary_location = program
    for flag in (*FLAGS, f"--user-data-dir={profile}"):
        options.add_argument(flag)
    return webdriver.Chrome(options=options, service=Service(driver))


def main() -> None:
    """Write, open, and print medians."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=500)
    parser.add_argument("--clips", type=int, default=100, help="tested clips a row")
    parser.add_argument("--rounds", type=int, default=7, help="times the page is opened")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "board"
        folder.mkdir()
        write_board(folder, options.rows, options.clips)
        started = time.perf_counter()
        written = site.write(folder)
        seconds = time.perf_counter() - started
        sizes = [path.stat().st_size for path in written]
        print(
            f"{options.rows} rows: {len(written)} pages in {seconds:.1f} s; index "
            f"{sizes[0] / 1e6:.2f} MB, largest {max(sizes) / 1e6:.2f} MB"
        )
        (folder / "empty.html").write_text("<!DOCTYPE html><title>empty</title><p>empty")
        taken: dict[str, list[float]] = {}
        driver = chromium(Path(name) / "profile")
        try:
            for _ in range(options.rounds + 1):  # the first is thrown away
                driver.get((folder / "empty.html").as_uri())
                empty = driver.execute_script(OPENED)
                driver.get(written[0].as_uri())
                found = driver.execute_script(OPENED) | driver.execute_async_script(ACTED)
                for key, value in ({"empty page loaded": empty["loaded"]} | found).items():
                    taken.setdefault(key, []).append(value)
        finally:
            driver.quit()
    for key, values in taken.items():
        median = statistics.median(values[1:])
        print(f"{key:20}{median:>8.0f} ms  (of {min(values[1:]):.0f} to {max(values[1:]):.0f})")


if __name__ == "__main__":
    main()
