"""The program as a whole: help, errors, and what it does not import."""

from __future__ import annotations

import itertools
import json
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest
import typer

from merbench import __version__, cli
from tinybench import TinyBench, wait_for

REPOSITORY = Path(__file__).resolve().parents[2]
HEAVY = [
    "torch", "pandas", "sklearn", "scipy", "librosa", "numba", "xgboost", "opensmile", "soundfile",
    "numpy",
]  # fmt: skip


def commands(group: Any = None, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Every command and group of commands there is."""
    group = group or typer.main.get_command(cli.app)
    yield path
    for name, command in getattr(group, "commands", {}).items():
        yield from commands(command, (*path, name))


ALL = sorted(commands())
LEAVES = [c for c in ALL if not any(other[: len(c)] == c != other for other in ALL)]


def test_the_program_has_the_commands_of_the_design() -> None:
    expected = {
        ("run",), ("plan",), ("score",), ("verify",), ("plugins", "list"), ("plugins", "show"),
        ("plugins", "check"), ("data", "list"), ("data", "check"),
    }  # fmt: skip
    assert expected <= set(ALL)


@pytest.mark.parametrize("command", ALL, ids=" ".join)
def test_every_command_has_help(command: tuple[str, ...], call: Any) -> None:
    done = call(*command, "--help")
    assert (done.status, done.stderr) == (0, "")
    assert "Usage: " in done.stdout
    assert call(*command, "-h").stdout == done.stdout


@pytest.mark.parametrize("command", LEAVES, ids=" ".join)
def test_help_shows_an_example_that_can_be_copied(command: tuple[str, ...], call: Any) -> None:
    lines = [line.strip() for line in call(*command, "--help").stdout.splitlines()]
    examples = [line for line in lines if line.startswith("merbench ")]
    assert any(line.startswith(f"merbench {' '.join(command)}") for line in examples)
    source = (REPOSITORY / "src/merbench/cli").glob("*.py")
    written = "\n".join(path.read_text() for path in source).replace("\\[", "[")
    for example in examples:  # not wrapped at 80 columns, and no markup eaten
        assert f"{example}\n" in written, example


NO_TABLE = {("schema",), ("separators", "train")}
"""What `schema` prints is JSON; what training says is how far it is."""


@pytest.mark.parametrize("command", sorted({*LEAVES} - NO_TABLE), ids=" ".join)
def test_every_command_that_prints_a_result_has_json(
    command: tuple[str, ...],
) -> None:
    found: Any = typer.main.get_command(cli.app)
    for name in command:
        found = found.commands[name]
    assert "--json" in [option for parameter in found.params for option in parameter.opts]


def test_the_help_says_what_exit_statuses_mean(call: Any) -> None:
    text = " ".join(call("--help").stdout.split())
    for status in ("0, all is done", "1, it is done", "2, it could not", "130, Ctrl-C"):
        assert status in text


def test_no_arguments_show_help(call: Any) -> None:
    done = call()
    assert "Start with: merbench run demo" in done.stdout + done.stderr


def test_version_of_the_installed_program(program: Any) -> None:
    done = program("--version")
    assert (done.status, done.stdout, done.stderr) == (0, f"merbench {__version__}\n", "")


# --- errors ---------------------------------------------------------------------------------------


def test_an_unknown_option_is_a_usage_error(call: Any) -> None:
    done = call("plugins", "list", "--jsno")
    assert done.status == 2
    assert "--jsno" in done.stderr
    assert "Traceback" not in done.stderr


def test_ctrl_c_stops_a_run_with_a_word_and_status_130(bench: TinyBench) -> None:
    with bench.running("run", bench.spec, "--out", bench.folder / "out", sleep=0.5) as process:
        wait_for(bench.traced, process)
        process.send_signal(signal.SIGINT)
        _, stderr = process.communicate(timeout=60)
        assert process.returncode == 130
        assert "stopped; finished work is kept" in stderr
        assert "Traceback" not in stderr


# --- start-up -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments", [["--help"], ["plugins", "list", "--json"], ["plugins", "show", "demo"]]
)
def test_listing_imports_nothing_heavy(arguments: list[str], home: Path) -> None:
    code = f"""
import sys
sys.argv = ["merbench", *{arguments!r}]
from merbench.cli import main
try:
    main()
finally:
    print(*sorted(set({HEAVY!r}) & set(sys.modules)), "are heavy", file=sys.stderr)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.stderr.splitlines()[-1].split() == ["are", "heavy"], done.stderr


@pytest.mark.parametrize(
    ("arguments", "status"), [(["--version"], 0), (["plugins", "show", "no-such-plugin"], 2)]
)
def test_the_installed_command_leaves_with_its_status_and_all_it_printed(
    arguments: list[str], status: int, home: Path
) -> None:
    code = f"""
import sys
sys.argv = ["merbench", *{arguments!r}]
from merbench.cli import program
program()
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == status, done.stderr
    assert "merbench 0." in done.stdout if status == 0 else "no-such-plugin" in done.stderr


def test_what_is_registered_by_a_command_is_called_before_it_leaves(home: Path) -> None:
    code = """
import atexit, sys
sys.argv = ["merbench", "--version"]
import merbench.cli
main = merbench.cli.main
def with_more():
    atexit.register(print, "called")
    main()
merbench.cli.main = with_more
merbench.cli.program()
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "called"


def test_help_needs_no_contract_of_a_plugin(home: Path) -> None:
    code = """
import sys
sys.argv = ["merbench", "--help"]
from merbench.cli import main
try:
    main()
finally:
    print(*sorted({"pydantic", "pluggy", "merbench.components"} & set(sys.modules)), "loaded",
          file=sys.stderr)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.stderr.splitlines()[-1].split() == ["loaded"], done.stderr


def test_the_readme_names_only_commands_there_are() -> None:
    text = (REPOSITORY / "README.md").read_text()
    groups = "|".join(sorted({command[0] for command in ALL if len(command) > 1}))
    named = re.findall(rf"(?:^|`)merbench ((?:{groups}) [a-z]+|[a-z]+)", text, re.MULTILINE)
    assert named
    assert set(named) <= {" ".join(command) for command in ALL}


# --- narrow terminals -----------------------------------------------------------------------------


@pytest.mark.parametrize("columns", [60, 80])
@pytest.mark.parametrize(
    "arguments", [["plugins", "list"], ["plugins", "show", "random-forest"], ["data", "list"]]
)
def test_lists_fit_a_narrow_terminal(
    arguments: list[str], columns: int, call: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    done = call(*arguments)
    assert done.status == 0
    assert max(map(len, done.stdout.splitlines()[1:])) <= columns  # below what the plugin is
    for word in re.findall(r"https?://\S*", done.stdout):  # half an address is of no use
        assert word in json.dumps(call(*arguments, "--json").json)


# --- documents ------------------------------------------------------------------------------------

DOCUMENTS = sorted([REPOSITORY / "README.md", *(REPOSITORY / "docs").rglob("*.md")])
OF_THE_READER = (
    "data/", "predictions.csv", "song.mp3", "musdb18hq", "my_models.py", "cluster.yaml",
    "clips", "my-study/", "ratings.csv", "../ratings.csv", "study.yaml", "/shared/", "colleague/",
    "tests={",
)  # fmt: skip
"""What stands for files that the reader has: the text around the command says so."""
PLACEHOLDER = re.compile(r"[A-Z]+[A-Z0-9]*(\.\.\.)?|PATH|DIR")
WRITES = ("--out", "--to")


def documented(text: str) -> Iterator[list[str]]:
    """Every command of merbench in a document's blocks, as words."""
    for language, block in re.findall(r"^```(\w*)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        for line in block.replace("\\\n", " ").splitlines() if language in ("", "sh") else ():
            for command in line.split("&&"):
                words = shlex.split(command, comments=True)
                if words[:1] == ["merbench"]:
                    yield words


def paths_named(words: list[str]) -> Iterator[tuple[str, bool]]:
    """The paths that a command names, and whether it makes them."""
    for before, word in itertools.pairwise(words):
        text = word.rpartition("=")[2] if before in ("--set", "--root") else word
        if before in ("--set", "--only") and "/" not in text:
            continue
        if before in (*WRITES, "--root", "--data", "--reported") or re.search(
            r"/|\.(yaml|csv|mp3|py)$", text
        ):
            yield text, before in WRITES


def unknown_paths(text: str, there: Path) -> list[str]:
    """Paths in a document's commands that nobody has: not made before, not in the repository."""
    made: list[str] = []
    unknown = []
    for words in documented(text):
        for path, makes in paths_named(words):
            if makes:
                made.append(path)
            elif not (
                path.startswith(OF_THE_READER)
                or PLACEHOLDER.fullmatch(path)
                or (there / path).exists()
                or any(fnmatch(each, path) or path.startswith(f"{each}/") for each in made)
            ):
                unknown.append(path)
    return unknown


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_documents_name_only_paths_that_their_own_commands_make(document: Path) -> None:
    assert unknown_paths(document.read_text(), REPOSITORY) == []


@pytest.mark.parametrize(
    "document", [*DOCUMENTS, REPOSITORY / "CONTRIBUTING.md"], ids=lambda path: path.name
)
def test_documents_link_only_to_files_and_headings_that_there_are(document: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", document.read_text()):
        if target.startswith("https://"):
            continue
        name, _, anchor = target.partition("#")
        linked = document.parent / name if name else document
        assert linked.exists(), target
        headings = re.findall(r"^#+ (.*)$", linked.read_text(), re.MULTILINE) if anchor else []
        anchors = [re.sub(r"[^\w -]", "", each.lower()).replace(" ", "-") for each in headings]
        assert not anchor or anchor in anchors, target


def test_the_readme_defines_its_words_before_it_uses_them() -> None:
    text = (REPOSITORY / "README.md").read_text()
    for word in ("clip", "group", "stem", "system", "cell", "fold", "tier"):
        assert f"**{word}**" in text.partition("## Start")[0]


def test_a_path_that_nothing_makes_is_found() -> None:
    text = """
```sh
merbench compare runs/demo/first    # too early
merbench run benchmarks.yaml --out runs/demo/first && merbench verify runs/demo/first
merbench run gone.yaml --set datasets.pmemo.root=elsewhere/copy \\
  --out results
merbench leaderboard build runs/demo/* runs/other/* --out board
merbench leaderboard verify board --root vgmidi=data/vgmidi
```
"""
    assert unknown_paths(text, REPOSITORY) == [
        "runs/demo/first", "gone.yaml", "elsewhere/copy", "runs/other/*",
    ]  # fmt: skip


def test_examples_of_the_help_name_a_run_that_an_example_makes() -> None:
    source = "\n".join(p.read_text() for p in (REPOSITORY / "src/merbench/cli").glob("*.py"))
    examples = re.findall(r"^ {6}merbench .*$", source, re.MULTILINE)
    made = {name for line in examples for name in re.findall(r"--out (runs/\S+)", line)}
    named = {name for line in examples for name in re.findall(r"\bruns/\S+", line)}
    assert named - made <= {"runs/demo/second"}  # the other of two
    assert "runs/demo/first" in made


def test_a_reader_that_has_enough_is_nobodys_fault() -> None:
    merbench = Path(sys.executable).with_name("merbench")
    done = subprocess.run(
        ["bash", "-c", f"'{merbench}' plugins list | head -1; echo ${{PIPESTATUS[0]}}"],
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert "plugin ended the command" not in done.stderr
    assert done.stdout.splitlines()[-1] in ("0", "1")
