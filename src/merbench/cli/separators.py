"""`merbench separators`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from merbench.cli import completion, display
from merbench.cli.shares import Shares

if TYPE_CHECKING:
    from collections.abc import Sequence

    from merbench.components import Separator, Trainable

app = typer.Typer(
    name="separators", help="Source separators: training and checks.", no_args_is_help=True
)

NAME = typer.Argument(
    ...,
    metavar="SEPARATOR",
    help="Name of the separator.",
    show_default=False,
    autocompletion=completion.separators,
)
SET = typer.Option(
    None, "--set", metavar="KEY=VALUE", help="Set a parameter of the separator; may be repeated."
)


@app.command("train")
def train_separator(
    name: str = NAME,
    data: list[Path] = typer.Option(
        ..., "--data", help="Folder of music to train on; may be repeated.", show_default=False
    ),
    out: Path = typer.Option(
        ..., "--out", help="Folder for the checkpoint and its card.", show_default=False
    ),
    validation: list[Path] | None = typer.Option(
        None,
        "--validation",
        help="Folder of music to validate with; may be repeated. [default: a share of the data]",
    ),
    teacher: str | None = typer.Option(
        None, "--teacher", help="Separator whose stems are the targets for music without stems."
    ),
    teacher_stems: str | None = typer.Option(
        None, "--teacher-stems", metavar="STEM,…", help="Those of its stems that are good enough."
    ),
    minutes: float | None = typer.Option(
        None, "--minutes", help="Training time, with that before a resumption."
    ),
    seed: int | None = typer.Option(None, "--seed", help="All chance comes from it."),
    device: str | None = typer.Option(None, "--device", help="A torch device, as in cuda:0."),
    resume: bool = typer.Option(False, "--resume", help="Go on where it stopped in this folder."),
    parameters: list[str] | None = SET,
    options: list[str] | None = typer.Option(
        None,
        "--option",
        metavar="KEY=VALUE",
        help="Set one of the trainer's further options; may be repeated.",
    ),
) -> None:
    """Train a separator, and write a checkpoint with a card that says how good it is.

    The data are a MUSDB18-HQ folder (its train part is used), folders of multitracks (one folder a
    track, with any of bass, drums, other, vocals, accompaniment, mix in any audio format), General
    MIDI files, or any music, which a teacher then labels. Music is decoded and labelled once.
    Training may be killed at any moment and resumed; to train a finished one longer, resume it
    with more minutes.

    [bold]Examples[/bold]

      merbench separators train wave-u-net --data musdb18hq --minutes 600

      merbench separators train wave-u-net --data albums --teacher spleeter
      --teacher-stems vocals --out checkpoint --set config.num_layers=10
    """
    separator = _trainable(name, parameters or ())
    given: dict[str, Any] = {
        "validation": validation,
        "teacher": _ready(teacher) if teacher else None,
        "teacher_stems": teacher_stems.split(",") if teacher_stems else None,
        "minutes": minutes,
        "seed": seed,
        "device": device,
        "resume": resume,
    }
    chosen = {key: value for key, value in given.items() if value is not None}
    with Shares() as progress:
        separator.train(data, out, _assigned(options or ()) | chosen, progress)
    display.say(f"the best checkpoint and its card are in {out}")


def _separator(name: str, assignments: Sequence[str] = ()) -> Separator:
    from merbench.benchmark.building import component
    from merbench.components import Separator
    from merbench.plugins import discovery

    registry = discovery.load_plugins(folder=Path.cwd())
    display.warn_of_problems(registry)
    separator = component(registry, "separator", name, assignments)
    assert isinstance(separator, Separator)
    return separator


def _trainable(name: str, assignments: Sequence[str]) -> Trainable:
    from merbench.components import Trainable
    from merbench.errors import MerbenchError
    from merbench.plugins import discovery

    separator = _separator(name, assignments)
    if not isinstance(separator, Trainable):
        registry = discovery.load_plugins(folder=Path.cwd())
        others = [e.cls.name for e in registry.of_kind("separator") if hasattr(e.cls, "train")]
        raise MerbenchError(
            f"{name} cannot be trained: it learns nothing here; the separators that can be "
            f"trained are {', '.join(others) or 'none'}"
        )
    return separator


def _ready(name: str) -> Separator:
    from merbench.plugins import readiness

    separator = _separator(name)
    readiness.ready(separator)
    return separator


def _assigned(assignments: Sequence[str]) -> dict[str, Any]:
    """Return options by name; values are read as YAML."""
    import yaml

    from merbench.errors import MerbenchError

    options = {}
    for assignment in assignments:
        key, equals, value = assignment.partition("=")
        if not equals:
            raise MerbenchError(f"--option {assignment}: write KEY=VALUE")
        try:
            options[key] = yaml.safe_load(value)
        except yaml.YAMLError as error:
            fault = getattr(error, "problem", None) or "it cannot be read"
            raise MerbenchError(
                f"--option {key}: its value is no YAML ({fault}); put text in quotation marks, as "
                f"in --option '{key}=\"some text\"'"
            ) from None
    return options
