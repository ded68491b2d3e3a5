"""`merbench separators evaluate` and `separate`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from merbench.cli import display
from merbench.cli.plugins import PATHS, _load
from merbench.cli.separators import NAME, SET, app
from merbench.cli.shares import Shares

if TYPE_CHECKING:
    from merbench.components import Separator
    from merbench.plugins.registry import Registry
    from merbench.separation.scoring import SeparationScore

BESIDE = "hpss"
"""What `evaluate` compares with by default, where there is such a plugin."""


DEVICE = typer.Option(
    "cpu", "--device", help="Torch device to separate on, as cuda:0; auto is the best there is."
)


@app.command("evaluate")
def evaluate_separator(
    name: str = NAME,
    data: Path = typer.Option(
        ..., "--data", help="Folder of multitracks, one folder a track.", show_default=False
    ),
    beside: list[str] | None = typer.Option(
        None,
        "--beside",
        metavar="NAME",
        help=f"A separator to compare with, in place of {BESIDE}; may be repeated.",
    ),
    device: str = DEVICE,
    out: Path | None = typer.Option(
        None, "--out", help="Folder for scores.csv and scores.svg.", show_default=False
    ),
    parameters: list[str] | None = SET,
    paths: list[Path] | None = PATHS,
    as_json: bool = typer.Option(False, "--json", help="Print JSON."),
) -> None:
    """Measure how near a separator comes to true stems: SDR, SI-SDR, and BSSEval v4.

    The data are a MUSDB18-HQ folder (its test part is used) or any folder with one folder a track,
    holding any of bass, drums, other, vocals, accompaniment, and mix, in any audio format. The
    mixture itself and ideal ratio masks are scored too: the least and about the most to expect.

    [bold]Examples[/bold]

      merbench separators evaluate wave-u-net --data musdb18hq --out scores

      merbench separators evaluate hpss --data multitracks --set bass_cutoff=150
    """
    from merbench import devices
    from merbench.separation import chart, multitracks, scoring

    device = devices.present(device)
    registry = _load(paths)
    separators = _compared(registry, name, parameters or (), beside)
    tracks = multitracks.find_multitracks(data)
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
    with Shares() as progress:
        scores = scoring.score_tracks(separators, tracks, progress, device=device)
    if out is not None:
        chart.write_csv(out / "scores.csv", scores)
        chart.plot(out / "scores.svg", scores, f"{next(iter(separators))}, {data.name}")
    if as_json:
        display.print_json(_document(separators, data, scores))
        return
    _print(scores, len(tracks))
    if out is not None:
        display.say(f"scores.csv and scores.svg are in {out}")


@app.command("separate")
def separate_files(
    name: str = NAME,
    files: list[Path] = typer.Argument(
        ..., metavar="AUDIO…", help="Recordings to separate.", show_default=False
    ),
    out: Path = typer.Option(..., "--out", help="Folder for the stems.", show_default=False),
    device: str = DEVICE,
    parameters: list[str] | None = SET,
    paths: list[Path] | None = PATHS,
    as_json: bool = typer.Option(False, "--json", help="Print JSON."),
) -> None:
    """Separate recordings into stems: OUT/RECORDING/STEM.wav, 32-bit float, never clipped.

    Length and sample rate are the recording's. Of two recordings with one name the second's folder
    is RECORDING-2. Stems that are there already are written anew. A file that cannot be read is
    reported, the others are separated, and the exit status is 1.

    [bold]Example[/bold]

      merbench separators separate wave-u-net song.mp3 other.flac --out stems
    """
    from merbench import devices
    from merbench.errors import MerbenchError
    from merbench.plugins import readiness

    device = devices.present(device)
    separator = _build(_load(paths), name, parameters or ())
    readiness.ready(separator)
    written: dict[str, dict[str, str]] = {}
    failures: list[MerbenchError] = []
    with Shares() as progress:
        for done, (file, folder) in enumerate(zip(files, _folders(files), strict=True)):
            progress(f"separating {file.name}", done / len(files))
            try:
                stems = _separate(separator, file, out / folder, device)
            except MerbenchError as error:
                if len(files) == 1:
                    raise
                failures.append(error)
            # Whatever else a file makes a separator raise, the others are separated.
            except Exception as error:
                reason = f"{file} cannot be separated ({type(error).__name__}: {error})"
                if len(files) == 1:
                    raise MerbenchError(reason) from error
                failures.append(MerbenchError(reason))
            else:
                written[str(file)] = {stem: str(path) for stem, path in stems.items()}
        progress("done", 1.0)
    if as_json:
        display.print_json({"files": written, "failures": [str(error) for error in failures]})
    else:
        display.say(f"{len(written)} of {len(files)} recordings separated into {out}")
    for failure in failures:
        display.say(f"error: {failure}", err=True)
    if failures:
        raise typer.Exit(1)


def _separate(separator: Separator, file: Path, folder: Path, device: str) -> dict[str, Path]:
    from merbench import audio
    from merbench.separation import scoring

    waveform, rate = audio.read(file)
    stems = scoring.separate_track(separator, waveform, rate, str(file), device=device)
    folder.mkdir(parents=True, exist_ok=True)
    paths = {stem: folder / f"{stem}.wav" for stem in stems}
    for stem, path in paths.items():
        audio.write(path, stems[stem], rate)
    return paths


def _folders(files: Sequence[Path]) -> list[str]:
    """Name a folder for each file, none twice, however a file system takes upper and lower case."""
    taken: set[str] = set()
    reserved = {file.stem.lower() for file in files}
    names = []
    for file in files:
        name, number = file.stem, 1
        while name.lower() in taken or (number > 1 and name.lower() in reserved):
            number += 1
            name = f"{file.stem}-{number}"
        taken.add(name.lower())
        names.append(name)
    return names


def _build(registry: Registry, name: str, assignments: Sequence[str] = ()) -> Separator:
    from merbench.benchmark.building import component
    from merbench.components import Separator

    built = component(registry, "separator", name, assignments)
    assert isinstance(built, Separator)
    return built


def _compared(
    registry: Registry, name: str, assignments: Sequence[str], beside: list[str] | None
) -> dict[str, Separator]:
    """Return the separator in question and those beside it, by the names they are shown under."""
    separator = _build(registry, name, assignments)
    if beside is None:
        beside = [BESIDE] if ("separator", BESIDE) in registry.entries else []
    others = [_build(registry, other) for other in dict.fromkeys(beside)]
    others = [other for other in others if other.identity() != separator.identity()]
    title = separator.title
    if title in {other.title for other in others}:
        title += f" ({', '.join(assignments)})"
    return {title: separator} | {other.title: other for other in others}


def _print(scores: Sequence[SeparationScore], tracks: int) -> None:
    from merbench.separation.scoring import METRICS, medians

    headings = ("SI-SDR", "SDR", "SDR v4", "ISR v4", "SIR v4", "SAR v4")
    rows = [
        [row["stem"], row["method"], *(_decibels(row[m]) for m in METRICS),
         str(row["tracks"]), str(row["silent"]),
         _decibels(row["silent_level"]) if row["silent"] else ""]
        for row in medians(scores)
    ]  # fmt: skip
    columns = ("stem", "method", *headings, "tracks", "silent", "at")
    display.print_table(
        columns,
        rows,
        title=f"dB, median of {tracks} tracks",
        right=(*headings, *columns[-3:]),
        spare=headings[1:],
        elsewhere="--json, or the files that --out names",
    )


def _decibels(value: float) -> str:
    return f"{value:+.2f}" if abs(value) != float("inf") else ("∞" if value > 0 else "-∞")


def _document(
    separators: dict[str, Separator], data: Path, scores: Sequence[SeparationScore]
) -> dict[str, Any]:
    from merbench.separation.multitracks import MIXTURE
    from merbench.separation.scoring import METRICS, medians

    name, separator = next(iter(separators.items()))
    tracks: dict[str, dict[str, dict[str, Any]]] = {}
    for score in scores:
        entry = tracks.setdefault(score.track, {}).setdefault(score.stem, {"beside": {}})
        ratios = {metric: getattr(score, metric) for metric in ("level", *METRICS)}
        if score.method == name:
            entry.update({"silent": score.silent} | ratios)
        else:
            entry["beside"][score.method] = ratios
        if score.method == MIXTURE:
            entry["si_sdr_mixture"] = score.si_sdr
            entry["sdr_mixture"] = score.sdr
    return {
        "separator": name,
        "identity": separator.identity(),
        "data": str(data),
        "tracks": tracks,
        "medians": medians(scores),
    }
