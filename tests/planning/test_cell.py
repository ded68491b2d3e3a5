"""What a cell is named and seeded by."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest
from plan_names import FOLDS

from merbench import Clip
from merbench.planning.cell import originals
from tinybench import write_clips


def test_two_folders_of_one_dataset_are_two_datasets(bench):
    """Their cells differ by nothing but the data; one must not be given the other's predictions."""
    write_clips_at = bench.folder / "more"
    write_clips_at.mkdir()
    write_clips(write_clips_at, 8)
    table = write_clips_at / "clips.csv"
    head, *rows = table.read_text().splitlines()
    turned = [",".join([*row.split(",")[:2], "0.9", "0.1", "0.2", "0.3"]) for row in rows]
    table.write_text("\n".join([head, *turned]) + "\n")
    run = bench.run(
        datasets=[{"noise": {"root": "data"}}, {"noise": {"root": "more"}}], models=["average"]
    )
    assert run.leaderboard["cell"].nunique() == 2
    assert len(run.predictions) == 2 * FOLDS * 2
    again = bench.with_home("alone").run(datasets=[{"noise": {"root": "data"}}], models=["average"])
    first = run.predictions[run.predictions["cell"] == run.folds["cell"].iloc[0]]
    assert first["kl"].tolist() == again.predictions["kl"].tolist()
    second = run.predictions[run.predictions["cell"] == run.folds["cell"].iloc[-1]]
    assert second["predicted_valence_mean"].to_list() == pytest.approx([0.9] * 6)


def test_seeds_come_from_the_cell_and_nothing_else(bench):
    alone = {cell.id: [cell.fold_seed(f) for f in range(FOLDS)] for cell in bench.plan().cells}
    more = bench.plan(
        models=[{"linear": {"penalty": 3.0}}, "linear", "average"],
        separators=["halves", {"halves": {"share": 0.5}}, "plain"],
    )
    together = {cell.id: [cell.fold_seed(f) for f in range(FOLDS)] for cell in more.cells}
    assert alone.items() <= together.items()
    every = [seed for seeds in together.values() for seed in seeds]
    assert len(set(every)) == len(every)
    assert all(0 <= seed < 2**31 for seed in every)
    other = bench.plan(models=["linear", "average"], separators=["halves", "plain"], seed=2)
    assert not {s for c in other.cells for s in map(c.fold_seed, range(FOLDS))} & set(every)


CLIPS = [Clip(id=name, group="g", label=(1.0,), audio=Path(name)) for name in "abc"]


COPY = SimpleNamespace(title="a copy")


def test_a_copy_names_the_row_of_its_clip_and_an_original_its_own():
    a, b, c = CLIPS
    assert originals([(b, None), (a, None)]) == (0, 1)
    assert originals([(b, COPY), (c, None), (b, None), (c, COPY), (b, COPY)]) == (2, 1, 2, 1, 2)
    assert originals([]) == ()


def test_copies_without_their_clip_name_the_first_of_them():
    a, b, _ = CLIPS
    assert originals([(a, None), (b, COPY), (a, COPY), (b, COPY)]) == (0, 1, 0, 1)
