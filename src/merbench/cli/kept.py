"""`merbench fit` and `merbench predict`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from merbench.cli import display, output
from merbench.errors import MerbenchError

if TYPE_CHECKING:
    from merbench.engines.schedule import Outcome
    from merbench.kept.new_music import MusicPredictions
    from merbench.kept.whole_fit import Work
    from merbench.steps.step import Step
    from merbench.steps.store import Store

SET = typer.Option(
    None,
    "--set",
    metavar="KEY=VALUE",
    help="Set a value of the benchmark, such as where data lie, or the device.",
)
TRUST = typer.Option(
    False, "--trust-plugins", help="Let the plugin files that it names run here, with your rights."
)
OFFLINE = typer.Option(False, "--offline", help="Refuse every connection to another machine.")
JOBS = typer.Option(0, "--jobs", "-j", min=0, help="Worker processes; 0: one a core.")


def register(app: typer.Typer) -> None:
    """Add the commands to the program."""
    app.command("fit")(fit_command)
    app.command("predict")(predict_command)


def fit_command(
    run: Path = typer.Argument(
        ..., metavar="RUN", help="Folder that `merbench run` wrote.", show_default=False
    ),
    system: str | None = typer.Option(
        None,
        "--system",
        help="Which: as the leaderboard names it, `mixed x compare-2016 x ridge`, or the part of "
        "it that tells it from the others.",
    ),
    out: Path | None = typer.Option(
        None, "--out", metavar="MODEL", help="The model's folder; by default in the run's."
    ),
    overwrite: bool = typer.Option(False, "--overwrite", help="Replace a model that is there."),
    assignments: list[str] | None = SET,
    jobs: int = JOBS,
    offline: bool = OFFLINE,
    trusted: bool = TRUST,
    as_json: bool = typer.Option(False, "--json", help="Print JSON."),
) -> None:
    """Fit a finished run's system on all its clips, and keep it for `merbench predict`.

    Nothing of it is pickled, and loading it runs nothing; what cannot be kept so is refused.

    [bold]Examples[/bold]

      merbench fit runs/demo/first --system ridge --out my-model

      merbench fit runs/demo/first --system 'mixed x hand-crafted x random-forest'
    """
    from merbench.kept.whole_fit import fit_on_all_clips
    from merbench.steps.uses import in_use

    _forbid(offline)
    store = _store()
    with in_use(store.folder, f"merbench fit {run}"):
        kept = fit_on_all_clips(
            run, system, store, _work(store, jobs, tells=True), out,
            assignments=assignments or (), trusted=trusted, overwrite=overwrite,
        )  # fmt: skip
    said = kept.manifest
    if as_json:
        names = ("cell", "system", "parameters", "task", "columns", "dataset", "digest")
        display.print_json({"model": str(kept.folder), **{name: said[name] for name in names}})
        return
    data = said["dataset"]
    display.say(f"fitted on {data['n_clips']} clips of {data['name']}; kept in {kept.folder}")
    if data["licence"]:
        display.say(f"the data's licence: {data['licence']}")
    display.say(f"use it with: merbench predict {kept.folder} AUDIO")


def predict_command(
    model: Path = typer.Argument(
        ..., metavar="MODEL", help="Folder that `merbench fit` wrote.", show_default=False
    ),
    recordings: list[Path] = typer.Argument(
        ..., metavar="AUDIO…", help="Files, or folders of them.", show_default=False
    ),
    as_json: bool = typer.Option(False, "--json", help="Print JSON."),
    as_csv: bool = typer.Option(False, "--csv", help="Print CSV."),
    plot: Path | None = typer.Option(
        None, "--plot", metavar="FILE", help="Draw it: a file that ends in .svg, .png or .pdf."
    ),
    assignments: list[str] | None = SET,
    jobs: int = JOBS,
    offline: bool = OFFLINE,
    trusted: bool = TRUST,
) -> None:
    """Say what new music expresses: valence and arousal with their spread, or classes.

    The music goes through the same decoding, separation and features as the model's training clips.
    Music that is unlike them is marked. Exit status 1 where a file cannot be used.

    [bold]Examples[/bold]

      merbench predict my-model song.mp3

      merbench predict my-model album/ --csv > album.csv

      merbench predict my-model album/ --plot album.svg
    """
    from merbench.kept.new_music import estimates_of
    from merbench.steps.uses import in_use

    if as_json and as_csv:
        raise MerbenchError("--json and --csv exclude each other; name one")
    if plot is not None and plot.suffix.lower() not in (".svg", ".png", ".pdf"):
        raise MerbenchError(f"--plot {plot}: the file's name ends in .svg, .png or .pdf")
    _forbid(offline)
    store = _store()
    with in_use(store.folder, f"merbench predict {model}"):
        found = estimates_of(
            model, recordings, store, _work(store, jobs, tells=False),
            assignments=assignments or (), trusted=trusted,
        )  # fmt: skip
    for warning in found.warnings:
        display.warn(warning)
    for row in found.rows:
        if row.error:
            display.say(f"{row.audio}: {row.error}", err=True)
        elif row.unlike:
            display.warn(
                f"{row.audio} is unlike the clips that the model was trained on (distance "
                f"{row.distance:.2f}, usual up to {found.limit:.2f}): what is said of it means "
                "little"
            )
    if as_json:
        display.print_json(_document(found))
    elif as_csv:
        output.print_document(_csv(found).rstrip("\n"))
    else:
        _print(found)
    if plot is not None:
        from merbench.pages.new_music_chart import draw_estimates

        values = [list(row.values.values()) for row in found.rows if row.values]
        names = [Path(row.audio).name for row in found.rows if row.values]
        draw_estimates(found.model.manifest["columns"], names, values, plot)
        display.say(f"drawn in {plot}", err=True)
    if any(row.error for row in found.rows):
        raise typer.Exit(1)


def _document(found: MusicPredictions) -> dict[str, Any]:
    said = found.model.manifest
    return {
        "model": str(found.model.folder),
        "digest": said["digest"],
        "system": said["system"],
        "task": said["task"],
        "columns": said["columns"],
        "usual_distance": found.limit,
        "warnings": list(found.warnings),
        "predictions": [
            {
                "audio": row.audio,
                **(row.values or dict.fromkeys(said["columns"])),
                "distance": row.distance,
                "unlike": None if row.error else row.unlike,
                "error": row.error,
            }
            for row in found.rows
        ],
    }


def _csv(found: MusicPredictions) -> str:
    from merbench.csv_text import rows_text

    columns, rows = found.model.manifest["columns"], []
    for row in found.rows:
        numbers = [repr(row.values[column]) if row.values else "" for column in columns]
        distance = "" if row.distance is None else repr(row.distance)
        rows.append(
            [row.audio, *numbers, distance, "" if row.error else str(row.unlike).lower(), row.error]
        )
    return rows_text(["audio", *columns, "distance", "unlike", "error"], rows)


def _print(found: MusicPredictions) -> None:
    columns = found.model.manifest["columns"]
    rows = [
        [
            row.audio,
            *(f"{row.values[column]:.3f}" if row.values else "–" for column in columns),
            "cannot be used" if row.error else "unlike the training clips" if row.unlike else "",
        ]
        for row in found.rows
    ]
    display.print_table(("audio", *columns, "note"), rows, right=columns)


def _forbid(offline: bool) -> None:
    if offline:
        from merbench.network import go_offline

        go_offline()


def _store() -> Store:
    from merbench.home import store_folder
    from merbench.steps.store import Store

    store = Store(store_folder())
    store.prepare()
    return store


def _work(store: Store, jobs: int, *, tells: bool) -> Work:
    """Return what does tasks, and shows how far they are; and failures, where it `tells` them."""
    from merbench.cli.progress import Progress
    from merbench.engines.local import LocalEngine
    from merbench.engines.schedule import execute_steps
    from merbench.threads import cores

    def work(tasks: Mapping[str, Step], paths: Sequence[Path]) -> Mapping[str, Outcome]:
        to_do = Counter(task.stage for task in tasks.values())
        at_once = min(jobs or cores(), len(tasks))
        with (
            LocalEngine(store, paths, jobs=at_once) as engine,
            Progress(to_do, tells=tells) as progress,
        ):
            return execute_steps(tasks, engine, progress.report)

    return work
