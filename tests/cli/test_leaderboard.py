"""`merbench leaderboard` and `verify --rerun`, on a benchmark of numpy-only plugins."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from merbench.leaderboard import run_results
from merbench.plugins import discovery
from tinybench import TinyBench

pytestmark = pytest.mark.usefixtures("undrawn")


@pytest.fixture
def ran(call: Any, bench: TinyBench) -> Path:
    run_results.write_results(bench.run(), bench.folder / "first")
    return bench.folder / "first"


@pytest.fixture
def other(bench: TinyBench, ran: Path) -> Path:
    run_results.write_results(
        bench.run(models=[{"linear": {"penalty": 9.0}}]), bench.folder / "second"
    )
    return bench.folder / "second"


def test_build_writes_the_files_and_says_where(call, ran, other):
    done = call("leaderboard", "build", ran, other, ran, "--out", "board")
    assert (done.status, done.stderr) == (0, "")
    written = [path for path in Path("board").rglob("*") if path.is_file()]
    assert f"{len(written)} files written to board" in done.stdout
    with Path("board/leaderboard.csv").open(newline="") as handle:
        rows = list(csv.DictReader(handle))
    assert len(rows) == 3 + 2
    assert [int(row["rank"]) for row in rows] == sorted(int(row["rank"]) for row in rows)
    call("leaderboard", "build", other, ran, "--out", "again")
    for path in written:
        assert path.read_bytes() == (Path("again") / path.relative_to("board")).read_bytes()


def test_pages_are_written_where_wanted_and_can_be_written_anew(call, ran):
    assert call("leaderboard", "build", ran, "--out", "board").status == 0
    assert not Path("board/index.html").exists()
    built = call("leaderboard", "build", ran, "--out", "paged", "--pages")
    written = [path for path in Path("paged").rglob("*") if path.is_file()]
    assert built.stdout == f"{len(written)} files written to paged\n"
    index = Path("paged/index.html")
    index.write_text("of an earlier leaderboard")
    call("leaderboard", "build", ran, "--out", "paged")
    assert "linear" in index.read_text()
    done = call("leaderboard", "pages", "board")
    assert (done.status, done.stderr) == (0, "")
    assert done.stdout == "5 pages written to board\n"
    assert len(list(Path("board/systems").iterdir())) == 3
    assert "linear" in Path("board/index.html").read_text()
    assert "nowhere is no leaderboard" in call("leaderboard", "pages", "nowhere").error


def test_build_keeps_reported_numbers_apart(call, ran):
    Path("paper.csv").write_text(
        "system,dataset,metric,value,status,source,note\nthem,noise,kl_mean,0.5,reported,Paper 1,\n"
    )
    done = call("leaderboard", "build", ran, "--out", "board", "--reported", "paper.csv")
    assert done.status == 0
    assert "them" in Path("board/reported.csv").read_text()
    assert "them" not in Path("board/leaderboard.csv").read_text()


def test_boards_grow_together_and_shrink_again(call, short_runs):
    ran, other = short_runs
    call("leaderboard", "publish", ran, "--to", "mine", "--submitter", "Ann")
    done = call("leaderboard", "publish", other, "--to", "theirs", "--json").json
    assert done["changed"]
    assert Path(done["submission"]).is_dir()
    assert {move["before"] for move in done["moves"]} == {0}
    done = call("leaderboard", "merge", "mine", "theirs")
    assert (done.status, done.stderr) == (0, "")
    assert "rank before" in done.stdout
    assert "mine has what theirs has" in done.stdout
    assert "nothing changed" in call("leaderboard", "merge", "mine", "theirs").stdout
    theirs = next(Path("theirs/submissions").iterdir()).name
    done = call("leaderboard", "unpublish", theirs, "--from", "mine")
    assert f"{theirs} is no longer in mine" in done.stdout
    assert len(list(Path("mine/submissions").iterdir())) == 1
    assert call("leaderboard", "verify", "mine").status == 0
    assert (
        "no submission 'gone'" in call("leaderboard", "unpublish", "gone", "--from", "mine").error
    )


def test_build_keeps_what_lies_in_reported_and_rebuilds_a_published_board(call, ran):
    Path("board/reported").mkdir(parents=True)
    row = "them,noise,kl_mean,0.5,reported,Paper 1,"
    Path("board/reported/paper.csv").write_text(
        f"system,dataset,metric,value,status,source,note\n{row}\n"
    )
    assert call("leaderboard", "build", ran, "--out", "board").status == 0
    assert row in Path("board/reported.csv").read_text()
    assert "name a run" in call("leaderboard", "build", "--out", "board").error
    call("leaderboard", "publish", ran, "--to", "published")
    assert "holds submissions" in call("leaderboard", "build", ran, "--out", "published").error
    table = Path("published/leaderboard.csv")
    right = table.read_bytes()
    table.unlink()
    assert call("leaderboard", "build", "--out", "published").status == 0
    assert table.read_bytes() == right


def test_publish_then_verify_then_tamper(call, short_runs):
    other, ran = short_runs
    done = call("leaderboard", "publish", ran)
    assert done.status == 0, done.stderr
    assert "linear" in done.stdout
    assert "rank before" in done.stdout
    assert "not verifiable by everyone: submissions/tiny-" in done.stdout
    assert "published as " in done.stdout
    assert "95 % interval" not in done.stdout, "only what changed is shown"
    again = call("leaderboard", "publish", ran)
    assert again.status == 0
    assert again.stdout.startswith("nothing changed: it is there already, as ")
    second = call("leaderboard", "publish", other, "--to", "leaderboard")
    assert second.status == 0
    assert len(list(Path("leaderboard/submissions").iterdir())) == 2
    checked = call("leaderboard", "verify")
    assert checked.status == 0
    assert "everything in leaderboard follows from its submissions, but for" in checked.stdout
    document = call("leaderboard", "verify", "leaderboard", "--json").json
    assert document["verified"] is True
    assert document["differences"] == []
    assert len(document["unverified"]) == 2
    table = Path("leaderboard/leaderboard.csv")
    table.write_text(table.read_text().replace("average", "avreage", 1))
    changed = call("leaderboard", "verify")
    assert changed.status == 1
    assert "'avreage' stands where 'average' follows from the predictions" in changed.stdout
    assert call("leaderboard", "verify", "--json").json["verified"] is False


def test_verify_takes_labels_from_the_readers_own_copy(call, ran, bench, monkeypatch):
    call("leaderboard", "publish", ran)
    registry = bench.registry()
    monkeypatch.setattr(discovery, "load_plugins", lambda paths: registry)
    for root in (str(bench.folder / "data"), f"noise={bench.folder / 'data'}"):
        document = call("leaderboard", "verify", "--root", root, "--json").json
        assert document == {"verified": True, "differences": [], "unverified": []}
    assert "no such folder" in call("leaderboard", "verify", "--root", "gone").error
    error = call("leaderboard", "verify", "--root", "pmemo=data").error
    assert "'pmemo' is no data set whose labels are left out; these are: noise" in error
    shutil.copytree(bench.folder / "data", "copy")
    labels = Path("copy/clips.csv")
    labels.write_text(labels.read_text().replace("0.12", "0.13", 1))
    changed = call("leaderboard", "verify", "--root", "copy")
    assert changed.status == 1
    assert "clip c0 of noise: its label or file in the copy given is not the one" in changed.stdout


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["leaderboard", "verify"], "there is no leaderboard at leaderboard"),
        (["leaderboard", "verify", "."], ". is no leaderboard: it has no submission"),
        (["leaderboard", "publish", "gone"], "gone is no run"),
        (["leaderboard", "build", "gone", "--out", "x"], "gone is no run"),
        (["compare", "gone"], "gone is no run"),
        (["verify", "gone", "--rerun", "1"], "gone is no run"),
    ],
)
def test_mistakes_are_one_line(call, arguments, says):
    assert says in call(*arguments).error
    assert not Path("leaderboard").exists()


# --- verify --rerun ------------------------------------------------------------------------------


def test_verify_fits_sampled_folds_again(call, ran, bench):
    done = call("verify", ran, "--rerun", "2", "--trust-plugins", "--seed", "1")
    assert done.status == 0, done.stderr
    assert done.stdout.count("fitted again, with the same predictions: noise: ") == 2
    document = call("verify", ran, "--rerun", "2", "--trust-plugins", "--json").json
    assert document["verified"] is True
    assert len(document["rerun"]) == 2
    (bench.folder / "data").rename(bench.folder / "moved")
    assert "does not exist" in call("verify", ran, "--rerun", "2", "--trust-plugins").error
    moved = f"datasets.noise.root={bench.folder / 'moved'}"
    assert call("verify", ran, "--rerun", "2", "--trust-plugins", "--set", moved).status == 0


def test_a_model_that_no_longer_gives_its_predictions_is_status_1(call, ran, bench):
    """Its source changed, its version did not. In a process of its own: plugins stay loaded."""
    plugin = bench.folder / "plugins" / "tiny" / "average.py"
    text = plugin.read_text()
    assert "Y.mean(axis=0)" in text
    plugin.write_text(text.replace("Y.mean(axis=0)", "Y.mean(axis=0) + 0.01"))
    done = bench.call("verify", ran, "--rerun", "9", "--trust-plugins")
    assert done.returncode == 1, done.stderr
    lines = [line for line in done.stdout.splitlines() if "when fitted again" in line]
    assert len(lines) == 3
    assert all(line.startswith("noise: average, fold ") for line in lines)


def named_tables(folder: Path) -> Path:
    """A benchmark of two people's tables of features, with means alone, on two scales."""
    rng = np.random.default_rng(0)
    tables = []
    for owner, scale in (("Ann", 1), ("Bo", 9)):
        lines = ["id,valence_mean,arousal_mean,band,x"]
        for n in range(12):
            valence, arousal, x = scale * rng.uniform(0.1, 0.9, 3)
            lines.append(f"c{n},{valence:.4f},{arousal:.4f},B{n // 2},{x:.4f}")
        (folder / f"{owner}.csv").write_text("\n".join(lines) + "\n")
        tables.append(
            f"  - table: {{name: songs-of-{owner}, root: ., csv: {owner}.csv, group: band,\n"
            f"      features: [x], fixed_std: 0.1, scale: [0, {scale}], authors: {owner} Author,\n"
            f"      citation: {owner} 2026, licence: CC0, url: 'https://example.org/{owner}'}}\n"
        )
    spec = folder / "spec.yaml"
    spec.write_text(
        f"name: named\ndatasets:\n{''.join(tables)}features: [published]\nmodels: [ridge]\n"
        "baselines: false\n"
        "protocol: {monte-carlo: {folds: 2, test_fraction: 0.3}}\n"
    )
    return spec


def test_users_tables_have_their_names_and_authors_everywhere(call, tmp_path):
    spec = named_tables(tmp_path)
    titles = {f"songs-of-{owner} (fixed_std=0.1)" for owner in ("Ann", "Bo")}
    planned = call("plan", spec, "--json").json
    assert {cell["dataset"] for cell in planned["cells"]} == titles
    alone = call("plan", spec, "--only", "dataset=songs-of-Ann", "--json").json
    assert {cell["dataset"] for cell in alone["cells"]} == {"songs-of-Ann (fixed_std=0.1)"}
    done = call("run", spec, "--out", "out", "-j", "1")
    assert done.status == 0, done.stderr
    assert call("verify", "out").status == 0
    assert call("leaderboard", "publish", "out", "--to", "board").status == 0
    with Path("board/leaderboard.csv").open(newline="") as handle:
        rows = list(csv.DictReader(handle))
    assert {row["dataset"] for row in rows} == titles
    assert len({row["table"] for row in rows}) == 2
    assert all("standard deviations fixed at 0.1, not measured" in r["provenance"] for r in rows)
    cited = yaml.safe_load(Path("board/CITATION.cff").read_text())["references"]
    assert [reference["title"] for reference in cited] == ["songs-of-Ann", "songs-of-Bo", "ridge"]
    data = [reference for reference in cited if reference["type"] == "data"]
    assert [(c["title"], c["authors"], c["url"]) for c in data] == [
        (f"songs-of-{owner}", [{"name": f"{owner} Author"}], f"https://example.org/{owner}")
        for owner in ("Ann", "Bo")
    ]
    assert "developers" not in "".join(p.read_text() for p in Path("board").rglob("*.html"))
    verified = call(
        "leaderboard", "verify", "board",
        "--root", f"songs-of-Ann={tmp_path}", "--root", f"songs-of-Bo={tmp_path}",
    )  # fmt: skip
    assert verified.status == 0
    assert "give your own copy" not in verified.stdout + verified.stderr
    text = (tmp_path / "Ann.csv").read_text()
    (tmp_path / "Ann.csv").write_text(text.replace("c0,0.", "c0,0.1", 1))
    assert call("leaderboard", "verify", "board", "--root", f"songs-of-Ann={tmp_path}").status == 1


def test_export_writes_the_tables_of_a_run_or_a_board(call, ran):
    done = call("leaderboard", "export", ran, "--out", "paper")
    assert (done.status, done.stderr) == (0, "")
    assert Path("paper/tables.tex").read_text().count(r"\begin{table}") == 4
    call("leaderboard", "build", ran, "--out", "board")
    done = call("leaderboard", "export", "board", "--format", "markdown", "--out", "of-board")
    assert done.stdout.split() == ["of-board/tables.md"]
    again = call(
        "leaderboard", "export", "board", "--format", "markdown", "--out", "of-board", "--json"
    )
    assert again.json == {"files": ["of-board/tables.md"]}
    built = call("leaderboard", "build", ran, "--out", "board", "--pages", "--json").json["files"]
    assert {"board/leaderboard.csv", "board/index.html"} < set(built)
    assert all(Path(file).is_file() for file in built)
    assert "board/index.html" in call("leaderboard", "pages", "board", "--json").json["files"]
    assert Path("of-board/tables.md").read_bytes() == Path("paper/tables.md").read_bytes()
    wrong = call("leaderboard", "export", "board", "--dataset", "noize", "--out", "x")
    assert wrong.error == "there is no dataset 'noize' here; there are noise"
    assert (
        "nowhere is no leaderboard" in call("leaderboard", "export", "nowhere", "--out", "x").error
    )
