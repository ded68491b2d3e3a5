"""`merbench data`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from merbench.cli import completion, display
from merbench.cli.shares import Shares

if TYPE_CHECKING:
    from merbench.plugins.registry import Entry

app = typer.Typer(
    name="data", help="Datasets: where they come from, and checks.", no_args_is_help=True
)


@app.command("list")
def list_data(as_json: bool = typer.Option(False, "--json", help="Print JSON.")) -> None:
    """List the datasets that merbench can read, and where each comes from.

    [bold]Example[/bold]

      merbench data list
    """
    from merbench.plugins import discovery

    registry = discovery.load_plugins(folder=Path.cwd())
    display.warn_of_problems(registry)
    documents = [_document(entry) for entry in registry.of_kind("dataset")]
    if as_json:
        display.print_json(documents)
        return
    columns = ("name", "what", "task", "homepage", "licence")
    rows = [[d["name"], d["summary"], d["task"], d["homepage"], d["licence"]] for d in documents]
    # Half an address is of no use.
    display.print_table(columns, rows, spare=("homepage",), elsewhere="--json")


@app.command("fetch")
def fetch_data(
    name: str = typer.Argument(
        ...,
        metavar="NAME",
        help="Name of the dataset.",
        show_default=False,
        autocompletion=completion.datasets,
    ),
    root: Path | None = typer.Option(
        None, "--root", help="Folder to fill; must be given.", show_default=False
    ),
    parameters: list[str] | None = typer.Option(
        None, "--set", metavar="KEY=VALUE", help="Set a parameter; may be repeated."
    ),
    as_json: bool = typer.Option(False, "--json", help="Print JSON."),
) -> None:
    """Download what can be had of a dataset, checking checksums.

    Of most, nothing may be downloaded without asking; the error then says where to get them.

    [bold]Example[/bold]

      merbench data fetch mtg-jamendo --root data/mtg-jamendo
    """
    from merbench.benchmark.building import component
    from merbench.components import Dataset
    from merbench.errors import MerbenchError
    from merbench.plugins import discovery

    registry = discovery.load_plugins(folder=Path.cwd())
    display.warn_of_problems(registry)
    dataset = component(registry, "dataset", name, parameters or ())
    assert isinstance(dataset, Dataset)
    if root is None:  # a wrong name is told first
        raise MerbenchError(f"{name}: say with --root which folder is to be filled")
    try:
        root.mkdir(parents=True, exist_ok=True)
        with Shares() as progress:
            dataset.fetch(root, progress)
    except OSError as error:
        raise MerbenchError(
            f"{name} cannot be written to {root} ({error.strerror or error}); name another folder "
            "with --root"
        ) from error
    if as_json:
        display.print_json({"dataset": name, "root": str(root)})
        return
    display.say(f"fetched to {root}; `merbench data check {name} --root {root}` says what is there")


@app.command("check")
def check_data(
    name: str = typer.Argument(
        ...,
        metavar="NAME",
        help="Name of the dataset.",
        show_default=False,
        autocompletion=completion.datasets,
    ),
    root: Path | None = typer.Option(None, "--root", help="Folder it lies in."),
    parameters: list[str] | None = typer.Option(
        None, "--set", metavar="KEY=VALUE", help="Set a parameter; may be repeated."
    ),
    as_json: bool = typer.Option(False, "--json", help="Print JSON."),
) -> None:
    """Look for what is missing, damaged or suspicious in a copy of a dataset.

    Exit status 1 where it cannot be used as it is.

    [bold]Examples[/bold]

      merbench data check pmemo --root data/PMEmo2019

      merbench data check table --root clips --set csv=labels.csv --set id=song
    """
    from merbench.benchmark.building import component
    from merbench.benchmark.resolving import RootedDataset
    from merbench.components import Dataset, Finding
    from merbench.errors import MerbenchError
    from merbench.planning import inspection
    from merbench.planning.datasets import check_clips, data_root, read_clips
    from merbench.plugins import discovery, readiness

    registry = discovery.load_plugins(folder=Path.cwd())
    display.warn_of_problems(registry)
    dataset = component(registry, "dataset", name, parameters or ())
    assert isinstance(dataset, Dataset)
    if root is None and dataset.needs_root:
        raise MerbenchError(f"{name}: say where it lies with --root")
    readiness.ready(dataset)
    folder = data_root(RootedDataset(dataset, root))
    if root is not None and not root.is_dir():
        raise MerbenchError(f"{name}: the folder {folder} does not exist; correct --root")
    findings = inspection.inspect_copy(dataset, folder)
    summary: dict[str, Any] = {"dataset": name}
    try:
        clips = read_clips(dataset, folder)
        summary |= {"clips": len(clips), "groups": len({clip.group for clip in clips})}
        check_clips(dataset, clips)
    except MerbenchError as error:
        if not any(finding.level == "error" for finding in findings):
            findings = [*findings, Finding("error", str(folder), str(error))]
    if as_json:
        display.print_json({**summary, "findings": [f._asdict() for f in findings]})
    else:
        colours = {"error": "red", "warning": "yellow"}
        rows = [[f.level, f.where, f.message] for f in findings]
        styles = [colours.get(f.level, "") for f in findings]
        if rows:
            display.print_table(("level", "where", "what"), rows, styles=styles)
        display.say(", ".join(f"{key}: {value}" for key, value in summary.items()))
        if not findings:
            display.say("nothing to complain of")
    if any(finding.level == "error" for finding in findings):
        raise typer.Exit(1)


def _document(entry: Entry) -> dict[str, Any]:
    from merbench.components import Dataset

    cls = entry.cls
    assert issubclass(cls, Dataset)
    task = getattr(cls, "task", "")

    def said(attribute: str) -> str:
        """Return what the class states; nothing where its user has to state it."""
        value = getattr(cls, attribute)
        return "" if isinstance(value, property) else str(value)

    return {
        "name": cls.name,
        "summary": entry.summary,
        "task": "by its settings" if isinstance(task, property) else str(task),
        "needs_root": bool(cls.needs_root),
        "synthetic": bool(cls.synthetic),
        "homepage": said("homepage"),
        "licence": said("licence"),
        "citation": said("citation"),
    }
