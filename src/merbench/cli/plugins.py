"""`merbench plugins`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from merbench.cli import completion, display

if TYPE_CHECKING:
    from merbench.plugins.registry import Entry, Registry

app = typer.Typer(
    name="plugins",
    help="What is installed, its parameters, its checks; new ones.",
    no_args_is_help=True,
)

NAME = typer.Argument(
    ...,
    metavar="NAME",
    help="Its name; KIND/NAME where kinds share one.",
    show_default=False,
    autocompletion=completion.plugins,
)
PATHS = typer.Option(
    None, "--plugins", metavar="PATH", help="A plugin file or folder to load too; may be repeated."
)
TIMEOUT = typer.Option(
    None, "--timeout", min=0.1, help="Seconds that importing a plugin may take; by default 60."
)


@app.command("list")
def list_plugins(
    kind: str | None = typer.Option(
        None, "--kind", help="One kind only.", autocompletion=completion.kinds
    ),
    paths: list[Path] | None = PATHS,
    timeout: float | None = TIMEOUT,
    as_json: bool = typer.Option(False, "--json", help="Print JSON."),
) -> None:
    """List every plugin: what can be named in a benchmark file, and engines.

    Exit status 1 where a plugin cannot be loaded.

    [bold]Example[/bold]

      merbench plugins list --kind model
    """
    from merbench.errors import PluginError
    from merbench.naming import nearest
    from merbench.plugins.registry import KINDS

    if kind is not None and kind not in KINDS:
        raise PluginError(f"there is no kind {kind!r}{nearest(kind, KINDS)}")
    registry = _load(paths, timeout)
    entries = [e for k in KINDS if kind in (None, k) for e in registry.of_kind(k)]
    if as_json:
        display.print_json([_brief(entry) for entry in entries])
    else:
        rows = [[e.kind, e.name, e.summary, _whence(e)] for e in entries]
        display.print_table(("kind", "name", "what", "from"), rows)
    if registry.problems:
        raise typer.Exit(1)


@app.command("show")
def show_plugin(
    name: str = NAME,
    paths: list[Path] | None = PATHS,
    timeout: float | None = TIMEOUT,
    as_json: bool = typer.Option(False, "--json", help="Print JSON."),
) -> None:
    """Show a plugin's documentation and parameters.

    [bold]Example[/bold]

      merbench plugins show random-forest
    """
    import inspect

    entry = _load(paths, timeout).find(name)
    document = _whole(entry)
    if as_json:
        display.print_json(document)
        return
    display.say(f"{entry.kind} {entry.name}, from {entry.origin}\n")
    display.print_text(inspect.getdoc(entry.cls) or "")
    facts = [[key, str(value)] for key, value in document["attributes"].items()]
    facts += [
        ["trainable parameters", f"{count:,} (stems: {stems})"]
        for stems, count in document.get("trainable_parameters", {}).items()
    ]
    if facts:
        display.print_table(("attribute", "value"), facts)
    rows = [
        [key, p["type"], "required" if p["required"] else str(p["default"]), p["description"]]
        for key, p in document["parameters"].items()
    ]
    if rows:
        display.print_table(("parameter", "type", "default", "what"), rows)
    else:
        display.say("no parameters")


@app.command("check")
def check_plugin_command(
    name: str = NAME,
    paths: list[Path] | None = PATHS,
    parameters: list[str] | None = typer.Option(
        None, "--set", metavar="KEY=VALUE", help="Set a parameter; may be repeated."
    ),
    timeout: float | None = TIMEOUT,
    as_json: bool = typer.Option(False, "--json", help="Print JSON."),
) -> None:
    """Check that a plugin keeps the contract of its kind. Exit status 1 where it does not.

    [bold]Example[/bold]

      merbench plugins check nearest-clips --plugins plugins/nearest.py
    """
    from merbench import testing
    from merbench.benchmark.document import Document

    registry = _load(paths, timeout)
    entry = registry.find(name)
    given = Document(entry.name, Path.cwd(), {})
    for assignment in parameters or ():
        given.assign(assignment)
    results = testing.check(entry, registry, given.data)
    if as_json:
        display.print_json([r._asdict() for r in results])
    else:
        rows = [[r.check, r.status, r.detail] for r in results]
        colours = {"failed": "red", "skipped": "yellow"}
        styles = [colours.get(r.status, "") for r in results]
        display.print_table(("check", "result", "detail"), rows, title=entry.name, styles=styles)
        for text in testing.failures(results):
            display.say(f"{text}\n")
    if any(r.status == "failed" for r in results):
        raise typer.Exit(1)


@app.command("new")
def new_plugin_command(
    kind: str = typer.Argument(
        ...,
        metavar="KIND",
        help="model, feature, separator, dataset, augmentation or protocol.",
        show_default=False,
        autocompletion=completion.new_kinds,
    ),
    name: str = typer.Argument(
        ..., metavar="NAME", help="What benchmark files are to call it.", show_default=False
    ),
    package: bool = typer.Option(
        False, "--package", help="A package to publish: entry point, tests, licence, CI workflow."
    ),
    folder: Path | None = typer.Option(
        None, "--folder", help="Where it goes; by default plugins, of a package the current folder."
    ),
    as_json: bool = typer.Option(False, "--json", help="Print JSON."),
) -> None:
    """Write a new plugin, which works at once, and say what to change in it first.

    Nothing is overwritten.

    [bold]Examples[/bold]

      merbench plugins new model my-model

      merbench plugins new feature my-feature --package
    """
    from merbench.authoring import plugin_files
    from merbench.errors import PluginError
    from merbench.plugins import discovery

    known = discovery.load_plugins(folder=Path.cwd()).entries.get((kind, name))
    if known is not None:
        raise PluginError(
            f"there is a {kind} called {name!r} already, of {known.origin}; take another name"
        )
    place = folder or (Path() if package else Path("plugins"))
    new = plugin_files.new_plugin(kind, name, place, package=package)
    if as_json:
        display.print_json(
            {
                "files": [str(file) for file in new.files],
                "change": [
                    {"file": str(new.source), "line": line, "what": what}
                    for line, what in new.to_change
                ],
            }
        )
        return
    for file in new.files:
        display.say(f"wrote {file}")
    display.say("\nWhat to change first:")
    for line, what in new.to_change:
        display.say(f"  {new.source}:{line}  {what}")
    if package:
        home = new.files[-1].parent
        display.say(f"\nThen: pip install --editable '{home}[test]' && pytest {home}")
    else:
        beside = place == Path("plugins")
        option = "" if beside else f" --plugins {new.source}"
        display.say(f"\nThen: merbench plugins check {kind}/{name}{option}")


def _load(paths: list[Path] | None, timeout: float | None = None) -> Registry:
    from merbench.benchmark import protocols
    from merbench.engines import catalogue
    from merbench.plugins import discovery, trial

    trial.wait_at_most(timeout)
    registry = discovery.load_plugins(paths or (), folder=Path.cwd())
    registry = catalogue.with_ours(protocols.with_protocols(registry))
    display.warn_of_problems(registry)
    return registry


def _whence(entry: Entry) -> str:
    return entry.origin.distribution or entry.origin.path


def _brief(entry: Entry) -> dict[str, Any]:
    return {
        "kind": entry.kind,
        "name": entry.name,
        "summary": entry.summary,
        "version": entry.cls.version,
        "distribution": entry.origin.distribution,
        "distribution_version": entry.origin.version,
        "source": entry.origin.path,
    }


def _whole(entry: Entry) -> dict[str, Any]:
    import inspect

    return _brief(entry) | {
        "documentation": inspect.getdoc(entry.cls) or "",
        "attributes": _attributes(entry),
        **_counts(entry),
        "parameters": {
            info.alias or name: {
                "type": _type_name(info.annotation),
                "required": info.is_required(),
                "default": None if info.is_required() else _plain(info.get_default(
                    call_default_factory=True
                )),
                "description": info.description or "",
            }
            for name, info in entry.cls.model_fields.items()
        },
        "schema": entry.cls.model_json_schema(),
    }  # fmt: skip


def _attributes(entry: Entry) -> dict[str, Any]:
    """Return the class attributes that a kind's contract names; properties depend on parameters."""
    from merbench.plugins.registry import KINDS

    names = [
        name
        for name in KINDS[entry.kind].__annotations__
        if name not in ("model_config", "typical_cost")
    ]
    found = {}
    for name in names:
        value = getattr(entry.cls, name, None)
        found[name] = "depends on parameters" if isinstance(value, property) else _plain(value)
    return found


def _counts(entry: Entry) -> dict[str, Any]:
    from merbench.components import Model

    cls = entry.cls
    if not issubclass(cls, Model) or any(p.is_required() for p in cls.model_fields.values()):
        return {}
    counts = cls().trainable_parameters()
    return {"trainable_parameters": counts} if counts else {}


def _plain(value: Any) -> Any:
    if isinstance(value, (set, frozenset)):
        return sorted(_plain(v) for v in value)
    if isinstance(value, (tuple, list)):
        return [_plain(v) for v in value]
    if value is None or isinstance(value, (bool, int, float)):
        return value
    return str(value)


def _type_name(annotation: Any) -> str:
    """Write a type as a reader would; what pydantic attaches to it is left out."""
    from types import NoneType, UnionType
    from typing import Annotated, Literal, Union, get_args, get_origin

    from merbench.components import Weights

    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _type_name(arguments[0])
    if origin in (Union, UnionType):
        return " | ".join(_type_name(argument) for argument in arguments)
    if origin is Literal:
        return " | ".join(repr(argument) for argument in arguments)
    if annotation is NoneType:
        return "None"
    if isinstance(annotation, type) and issubclass(annotation, Weights):
        return " | ".join([*(repr(known.name) for known in annotation.known), "path"])
    if annotation is Ellipsis:
        return "..."
    name = getattr(origin or annotation, "__name__", str(annotation))
    return f"{name}[{', '.join(map(_type_name, arguments))}]" if arguments else name
