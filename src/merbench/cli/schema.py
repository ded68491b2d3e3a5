"""`merbench schema`."""

from __future__ import annotations

import json
from pathlib import Path

import typer

from merbench.cli import display
from merbench.cli.plugins import PATHS


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command()(schema)


def schema(
    out: Path | None = typer.Option(None, "--out", metavar="FILE", help="Write it to this file."),
    paths: list[Path] | None = PATHS,
) -> None:
    """Print a JSON schema of benchmark files, by which editors complete and check them.

    It knows every plugin that is found here, with its parameters. An editor with the YAML language
    server takes it where the first line of a benchmark file is
    # yaml-language-server: $schema=benchmark.schema.json

    [bold]Example[/bold]

      merbench schema --out benchmark.schema.json
    """
    from merbench.benchmark import protocols
    from merbench.benchmark.json_schema import json_schema
    from merbench.errors import MerbenchError
    from merbench.plugins import discovery

    registry = protocols.with_protocols(discovery.load_plugins(paths or (), folder=Path.cwd()))
    display.warn_of_problems(registry)
    document = json_schema(registry)
    if out is None:
        display.print_json(document)
        return
    try:
        out.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    except OSError as error:
        raise MerbenchError(
            f"{out} cannot be written ({error.strerror}); name another with --out"
        ) from error
    display.say(f"wrote {out}")
