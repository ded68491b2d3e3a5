"""`merbench init`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from merbench.cli import completion, display

if TYPE_CHECKING:
    from merbench.authoring.study import Labels
    from merbench.tasks import Task


_SHOWN = ("parameter", "value", "sure", "why")
"""What is printed of a guess."""
_LONGEST = 60
"""Characters of a value that are shown."""


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command()(init)


def init(
    folder: Path = typer.Argument(Path(), metavar="[FOLDER]", help="Folder to start in."),
    data: Path | None = typer.Option(
        None, "--data", metavar="FOLDER", help="Folder of your clips' audio."
    ),
    labels: Path | None = typer.Option(
        None, "--labels", metavar="FILE", help="Your table of labels, whose columns are guessed."
    ),
    task: str | None = typer.Option(
        None, "--task", help="Take labels of this kind: va, quadrant or classes."
    ),
    assignments: list[str] | None = typer.Option(
        None,
        "--set",
        metavar="KEY=VALUE",
        help="Say what would be guessed otherwise; may be repeated.",
    ),
    benchmark: str | None = typer.Option(
        None,
        "--benchmark",
        metavar="NAME",
        help="Start from a benchmark that comes with merbench.",
        autocompletion=completion.shipped_benchmarks,
    ),
    as_json: bool = typer.Option(False, "--json", help="Print JSON."),
) -> None:
    r"""Make a folder to start in: a benchmark file with comments, a plugin to change, a README.

    With --labels the table is looked at: what its columns may be, is guessed, said and written
    into the file. What it wrote is then read once; exit status 1 where that fails. Nothing is
    overwritten.

    [bold]Examples[/bold]

      merbench init my-study --data clips --labels ratings.csv

      merbench init my-study --data clips --labels ratings.csv --set group=band

      merbench init a-paper --benchmark nguyen2022
    """
    from merbench.authoring import study
    from merbench.errors import MerbenchError

    if labels is None:
        if data or task or assignments:
            raise MerbenchError("say with --labels which table the clips' labels stand in")
        files = study.write_copy(folder, benchmark or "demo")
        if as_json:
            display.print_json({"files": [str(file) for file in files], "guesses": []})
        else:
            _say_files(files, folder)
        return
    if benchmark:
        raise MerbenchError("give --labels of your own, or the --benchmark to start from; not both")
    found = _guessed(labels, data, task, assignments or [])
    files = study.write_study(folder, found)
    summary, fault = _tried(folder / study.BENCHMARK)
    if as_json:
        guesses = [{k: getattr(g, k) for k in _SHOWN} for g in found.guesses]
        display.print_json(
            {
                "files": [str(file) for file in files],
                "guesses": guesses,
                "error": fault,
                "known_as": found.layout and found.layout.dataset,
                **summary,
            }
        )
    else:
        _say_guesses(found)
        _say_files(files, folder)
        if found.part is not None:
            display.say(
                f"{found.part.why}: {folder / study.WITH_AUDIO} is a copy of {labels} without the "
                "others, and is read in its place"
            )
        if summary:
            display.say(f"{summary['clips']} clips of {summary['groups']} groups can be read")
    if found.layout is not None:
        display.warn(f"{found.layout}, in place of what was guessed")
    if fault:
        display.warn(
            f"what was guessed cannot be read: {fault}; correct {folder / study.BENCHMARK}"
        )
        raise typer.Exit(1)


def _guessed(labels: Path, data: Path | None, task: str | None, assignments: list[str]) -> Labels:
    from merbench.authoring import study
    from merbench.benchmark.document import Document
    from merbench.plugins import discovery

    given = Document(str(labels), Path.cwd(), {})
    for assignment in assignments:
        given.assign(assignment)
    registry = discovery.load_plugins(folder=Path.cwd())
    display.warn_of_problems(registry)
    return study.guessed(registry, labels, data, _task(task), given.data)


def _task(name: str | None) -> Task | None:
    from merbench.errors import MerbenchError
    from merbench.naming import nearest
    from merbench.tasks import Task

    if name is None:
        return None
    try:
        return Task(name)
    except ValueError:
        raise MerbenchError(f"there is no task {name!r}{nearest(name, list(Task))}") from None


def _tried(spec: Path) -> tuple[dict[str, Any], str]:
    """Read what was written: how many clips and groups there are, or why it cannot be read."""
    from merbench.benchmark.document import read_document
    from merbench.benchmark.resolving import resolve
    from merbench.benchmark.schema import parse, plugin_paths
    from merbench.errors import MerbenchError
    from merbench.planning.datasets import read_clips
    from merbench.plugins import discovery

    document = read_document(spec)
    try:
        parsed = parse(document)
        benchmark = resolve(
            document, parsed, discovery.load_plugins(plugin_paths(document, parsed))
        )
        rooted = benchmark.datasets[0]
        assert rooted.root is not None
        clips = read_clips(rooted.dataset, rooted.root)
    except MerbenchError as error:
        return {}, str(error)
    return {"clips": len(clips), "groups": len({clip.group for clip in clips})}, ""


def _say_guesses(labels: Labels) -> None:
    rows = [[g.parameter, _short(g.value), _sure(g.sure), g.why] for g in labels.guesses[1:]]
    rows += [
        [key, _short(value), _sure(True), "you said so"] for key, value in labels.given.items()
    ]
    styles = ["" if row[2] == _sure(True) else "yellow" for row in rows]
    columns = ("what", "value", "how sure", "why")
    display.print_table(columns, rows, title=labels.guesses[0].value, styles=styles)
    if "group" not in {row[0] for row in rows}:
        display.warn(
            "no column of artists or songs was found: if clips share one, say --set group=COLUMN, "
            "for a model may recognise it and scores are then too good"
        )


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _say_files(files: list[Path], folder: Path) -> None:
    for file in files:
        display.say(f"wrote {file}")
    display.say(f"\nThen: merbench plan {folder / 'benchmark.yaml'}")


def _sure(sure: bool) -> str:
    return "sure" if sure else "a guess"
