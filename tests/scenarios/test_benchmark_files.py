"""The benchmark files that come with merbench, through the command line."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import miniatures
import pandas as pd
import pytest
import soundfile
import yaml
from tensorflow_files import write_checkpoint
from tensorflow_graph import random_variables

from in_process import call_merbench
from merbench.benchmark.names import NONE
from merbench.plugins import discovery
from merbench_plugins.datasets.four_qaed import FourQaed
from merbench_plugins.datasets.merge import NewFourQaed

REPOSITORY = Path(__file__).resolve().parents[2]
FILES = sorted([REPOSITORY / "benchmarks.yaml", *(REPOSITORY / "benchmarks").glob("*.yaml")])

PUBLISHED_SPLIT = ("emomusic", "emopia", "louro2024-emopia", "mtg-jamendo")
"""Files whose datasets have one split, so that there are no folds to set."""

SMALL_NETWORK = {"num_layers": 3, "num_initial_filters": 4, "num_frames": 512}


def store_in(folder: Path) -> dict[str, str]:
    return {"MERBENCH_HOME": str(folder / "home")}


@pytest.fixture
def planned(tmp_path: Path) -> Callable[..., Any]:
    """Plan in this process, which loads what networks need once for all files."""

    def plan(*arguments: str) -> Any:
        done = call_merbench("plan", *arguments, "--json", environment=store_in(tmp_path))
        assert not done.returncode, done.stderr
        return json.loads(done.stdout)

    return plan


def miniature(name: str, root: Path) -> Path:
    """The dataset that a file in benchmarks/ is about, small and in its own layout."""
    makers: dict[str, Callable[[], object]] = {
        "chang2024": lambda: [miniatures.four_qaed(root), miniatures.mtg_jamendo(root)],
        "deam": lambda: miniatures.deam(root, miniatures.deam_labels()),
        "emomusic": lambda: miniatures.emomusic(root),
        "emopia": lambda: miniatures.emopia(root),
        "emotify": lambda: miniatures.emotify(root),
        "louro2024": lambda: [
            FourQaed().miniature(root / "4qaed"),
            NewFourQaed().miniature(root / "new-4qaed"),
        ],
        "louro2024-emopia": lambda: miniatures.emopia(root),
        "louro2024-emotify": lambda: miniatures.emotify(root),
        "mtg-jamendo": lambda: miniatures.mtg_jamendo(root),
        "nguyen2022": lambda: miniatures.pmemo(root),
        "pmemo": lambda: miniatures.pmemo(root),
        "vgmidi": lambda: miniatures.vgmidi_prepared(root),
    }
    makers[name]()
    return root


def test_all_fifteen_methods_on_three_sets_stand_beside_the_papers_numbers(
    planned: Callable[..., Any], tmp_path: Path
) -> None:
    root = miniature("louro2024", tmp_path / "data")
    roots = [f"datasets.{name}.root={root / name}" for name in ("4qaed", "new-4qaed")]
    sets = [part for value in roots for part in ("--set", value)]
    cells = planned(str(REPOSITORY / "benchmarks/louro2024.yaml"), "--smoke", *sets)["cells"]
    assert len(cells) == 45
    figures = [figure for cell in cells for figure in cell["reported"]]
    assert len({figure["system"] for figure in figures}) == 15
    printed = pd.read_csv(REPOSITORY / "leaderboard/reported/louro2024.csv")
    names = list(dict.fromkeys(printed["system"]))
    known = {
        (f"{names.index(row.system) + 1} {row.system}", row.value) for row in printed.itertuples()
    }
    assert {(figure["system"], figure["value"]) for figure in figures} == known
    assert not [cell["error"] for cell in cells if cell["error"]]


@pytest.mark.parametrize("data", ["emopia", "emotify"])
def test_all_fifteen_methods_stand_in_the_small_files_with_one_budget(
    planned: Callable[..., Any], data: str, tmp_path: Path
) -> None:
    root = miniature(f"louro2024-{data}", tmp_path / "data")
    file = REPOSITORY / f"benchmarks/louro2024-{data}.yaml"
    settings = ["--set", f"datasets.{data}.root={root}"]
    if data == "emotify":
        settings += ["--set", "protocol.stratified-k-fold.folds=2"]
    cells = planned(str(file), *settings)["cells"]
    systems = {
        (c["augmentation"], c["features"], c["model"]) for c in cells if c["features"] != NONE
    }
    louro = yaml.safe_load((REPOSITORY / "benchmarks/louro2024.yaml").read_text())["reported"]
    axes = ("augmentation", "features", "model")
    fifteen = {tuple(system["cells"][axis] for axis in axes): None for system in louro["systems"]}
    spec = yaml.safe_load(file.read_text())
    included = [tuple(entry.values()) for entry in spec["include"]]
    assert included[:15] == list(fifteen)
    assert len(systems) == len(included) == 21
    failing = {c["features"]: c["error"] for c in cells if c["error"]}
    assert set(failing) == {"artist-cnn-sequence", "mtat-crnn"}
    assert all("merbench weights fetch" in error for error in failing.values())
    budgets = set(re.findall(r"epochs: (\d+)", file.read_text()))
    assert len(budgets) == 1


def test_louros_methods_are_found_by_the_table_of_their_page() -> None:
    lines = (REPOSITORY / "docs/louro2024.md").read_text().splitlines()
    rows = [line.split("|") for line in lines if re.match(r"\| \d+ \| \S", line)][:15]
    assert [int(row[1]) for row in rows] == list(range(1, 16))
    registered = {entry.name for entry in discovery.load_plugins().entries.values()}
    for row in rows:
        named = re.findall(r"`([^`]+)`", "|".join(row[3:6]))
        assert named
        assert set(named) <= registered


@pytest.mark.parametrize(
    "file", [file for file in FILES if file.stem != "louro2024"], ids=lambda file: file.stem
)
def test_every_file_has_a_plan(planned: Callable[..., Any], file: Path, tmp_path: Path) -> None:
    arguments = [str(file)]
    if file.stem != "benchmarks":
        named = {
            "chang2024": ["4qaed", "mtg-jamendo"],
            "louro2024-emopia": ["emopia"],
            "louro2024-emotify": ["emotify"],
            "nguyen2022": ["pmemo"],
        }
        root = miniature(file.stem, tmp_path / "data")
        for dataset in named.get(file.stem, [file.stem]):
            arguments += ["--set", f"datasets.{dataset}.root={root}"]
        folded = file.stem in ("chang2024", "louro2024-emotify")
        protocol = "stratified-k-fold" if folded else "monte-carlo"
        if file.stem == "chang2024":  # four tracks of four tags are too few to be stratified
            arguments += ["--set", "datasets.mtg-jamendo.drawn=2"]
        if file.stem not in PUBLISHED_SPLIT:
            arguments += ["--set", f"protocol.{protocol}.folds=2"]
    plan = planned(*arguments)
    assert plan["cells"]
    assert plan["tasks"]["fit"]["to_do"] > 0


@pytest.mark.parametrize(
    "line",
    [
        line.lstrip("# ")
        for line in (REPOSITORY / "benchmarks/chang2024.yaml").read_text().splitlines()
        if re.match("# +--set (protocol|models|datasets.mtg-jamendo.drawn)", line)
    ],
)
def test_what_the_head_of_the_second_paper_s_file_sets_can_be_set(
    planned: Callable[..., Any], line: str, tmp_path: Path
):
    root = miniature("chang2024", tmp_path / "data")
    options = shlex.split(line.replace("folds: 10", "folds: 2"))
    settings = [f"datasets.{name}.root={root}" for name in ("4qaed", "mtg-jamendo")]
    # Four tracks of four tags are too few to be stratified.
    settings += ["datasets.mtg-jamendo.drawn=2"] if "drawn" not in line else []
    settings += ["protocol.stratified-k-fold.folds=2"] if "folds" not in line else []
    options += [text for setting in settings for text in ("--set", setting)]
    cells = planned(str(REPOSITORY / "benchmarks/chang2024.yaml"), *options)["cells"]
    plain = [c for c in cells if c["augmentation"] == NONE != c["features"]]
    systems = {
        name: [c["model"] for c in plain if c["dataset"] == name]
        for name in ("4qaed", "mtg-jamendo")
    }
    networks = ["rnn", "birnn", "lstm"]
    assert systems["mtg-jamendo"] == 2 * [*networks, "mlp"]  # of tags, and of quadrants
    assert len(systems["4qaed"]) == len(set(systems["4qaed"])) + 1 == 3 + 13  # two kernels of svc
    assert {*networks, "mlp", "logistic-regression"} <= set(systems["4qaed"])


def test_without_weights_the_separated_rows_say_why(tmp_path: Path) -> None:
    root = miniature("nguyen2022", tmp_path / "data")
    out = tmp_path / "out"
    done = call_merbench(
        "run", str(REPOSITORY / "benchmarks/nguyen2022.yaml"),
        "--set", f"datasets.pmemo.root={root}",
        "--set", "protocol.monte-carlo.folds=2",
        "--set", "models=[ridge]",
        "--out", str(out),
        environment=store_in(tmp_path),
    )  # fmt: skip
    assert done.returncode == 1
    board = pd.read_csv(out / "leaderboard.csv")
    separated = board[board["separator"] == "wave-u-net"]
    assert list(separated["status"]) == ["failed"]
    assert "weights" in separated["error"].iloc[0]
    assert separated["kl_mean"].isna().all()
    mixed = board[(board["separator"] == "mixed") & (board["model"] == "ridge")]
    assert list(mixed["status"]) == ["ok"]


def test_the_paper_on_a_miniature_of_pmemo(tmp_path: Path) -> None:
    """Every stage of Nguyen et al. 2022, MP3 to leaderboard, with a network of random weights."""
    root = miniature("nguyen2022", tmp_path / "data")
    loud = next(iter(sorted((root / "chorus").glob("*.mp3"))))
    miniatures.loud_mp3(loud)
    assert abs(soundfile.read(loud)[0]).max() > 1.0
    from merbench_plugins.separators.wave_u_net.configuration import from_variant

    config = from_variant("m6", SMALL_NETWORK).model_dump()
    write_checkpoint(tmp_path / "ckpt", random_variables(config, seed=0))
    out = tmp_path / "out"
    done = call_merbench(
        "run", str(REPOSITORY / "benchmarks/nguyen2022.yaml"),
        "--set", f"datasets.pmemo.root={root}",
        "--set", f"separators.wave-u-net.weights={tmp_path / 'ckpt'}",
        "--set", f"separators.wave-u-net.config={json.dumps(SMALL_NETWORK)}",
        "--set", "protocol.monte-carlo.folds=2",
        "--set", "models=[{random-forest: {n_estimators: 5}}, {crnn: {preset: small, epochs: 2}}]",
        "--out", str(out),
        environment=store_in(tmp_path),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    board = pd.read_csv(out / "leaderboard.csv")
    systems = board[board["separator"].isin(["mixed", "wave-u-net"])]
    assert sorted(zip(systems["separator"], systems["model"], strict=True)) == [
        ("mixed", "crnn"),
        ("mixed", "random-forest"),
        ("wave-u-net", "crnn"),
        ("wave-u-net", "random-forest"),
    ]
    assert (systems["status"] == "ok").all()
    assert systems["kl_mean"].notna().all()
    comparisons = pd.read_csv(out / "comparisons.csv")
    assert set(comparisons["across"]) == {"separator"}
    assert len(comparisons) == 2
    assert call_merbench("verify", str(out), environment=store_in(tmp_path)).returncode == 0
