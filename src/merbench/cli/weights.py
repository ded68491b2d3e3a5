"""`merbench weights`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from merbench import wording
from merbench.cli import completion, display
from merbench.cli.shares import Shares

if TYPE_CHECKING:
    from merbench.components import KnownWeights

app = typer.Typer(
    name="weights", help="Weights that plugins work with: list and fetch.", no_args_is_help=True
)


@app.command("list")
def list_weights(as_json: bool = typer.Option(False, "--json", help="Print JSON.")) -> None:
    """List the weights that plugins know, and whether they are here.

    [bold]Example[/bold]

      merbench weights list
    """
    documents = [_document(plugin, known) for plugin, known in _all()]
    if as_json:
        display.print_json(documents)
        return
    columns = ("plugin", "name", "summary", "size", "licence", "source", "state")
    rows = [[(d | {"size": _size(d["size"])})[c] for c in columns] for d in documents]
    colours = {"missing": "yellow", "damaged": "red"}
    styles = [colours.get(d["state"], "") for d in documents]
    # Half an address is of no use.
    display.print_table(columns, rows, styles=styles, spare=("source",), elsewhere="--json")


@app.command("fetch")
def fetch_weights(
    names: list[str] = typer.Argument(
        ...,
        metavar="NAME…",
        help="Names of weights, or PLUGIN/NAME.",
        show_default=False,
        autocompletion=completion.weights,
    ),
    given: list[Path] | None = typer.Option(
        None,
        "--from",
        metavar="FILE",
        help="Take them from this file or folder, not from the net; may be repeated.",
    ),
    as_json: bool = typer.Option(False, "--json", help="Print JSON."),
) -> None:
    """Download weights, and check them. A download that was broken off goes on where it was.

    They are kept in `weights` of merbench's folder (`$MERBENCH_HOME`). With --from nothing is
    downloaded: the files are known by their SHA-256, whatever they are called.

    [bold]Examples[/bold]

      merbench weights fetch htdemucs

      merbench weights fetch htdemucs --from 955717e8-8726e21a.th
    """
    from merbench.components.weights import fetch

    every = _all()
    chosen = [_named(every, name) for name in names]
    fetched = []
    for known in chosen:
        with Shares() as progress:
            path = fetch(known, progress, given or ())
        fetched.append({"name": known.name, "path": str(path)})
        if not as_json:
            display.say(f"{known.name}: {path}")
    if as_json:
        display.print_json(fetched)


def _all() -> list[tuple[str, KnownWeights]]:
    """Return the weights that the plugins here know, each with the plugin's name."""
    from merbench.plugins import discovery
    from merbench.plugins.registry import KINDS

    registry = discovery.load_plugins(folder=Path.cwd())
    display.warn_of_problems(registry)
    return [
        (entry.name, known)
        for kind in KINDS
        for entry in registry.of_kind(kind)
        for known in entry.cls.known_weights()
    ]


def _named(every: Sequence[tuple[str, KnownWeights]], name: str) -> KnownWeights:
    """Return the weights of a name, or of a plugin's and a name."""
    from merbench.errors import MerbenchError
    from merbench.naming import nearest

    found = {
        plugin: known for plugin, known in every if name in (known.name, f"{plugin}/{known.name}")
    }
    if not found:
        names = [known.name for _, known in every]
        raise MerbenchError(f"no plugin here knows weights {name!r}{nearest(name, names)}")
    # Two plugins may well work with the same weights.
    if len({(known.at, *(f.sha256 for f in known.files)) for known in found.values()}) > 1:
        raise MerbenchError(
            f"{' and '.join(found)} know different weights {name}; say which, as in "
            f"{next(iter(found))}/{name}"
        )
    return next(iter(found.values()))


def _document(plugin: str, known: KnownWeights) -> dict[str, Any]:
    return {
        "plugin": plugin,
        "name": known.name,
        "summary": known.summary,
        "size": known.size,
        "licence": known.licence,
        "source": known.source,
        "state": known.state(),
        "files": [{"name": f.name, "url": f.url, "sha256": f.sha256} for f in known.files],
    }


def _size(size: int | None) -> str:
    return "" if size is None else wording.size(size / 1e6)
