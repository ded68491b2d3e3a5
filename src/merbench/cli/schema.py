"""`merbench schema`."""

from __future__ import annotations

import json
from pathlib import Path

import typer

from merbench.cli import completion, display
from merbench.cli.plugins import PATHS


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command()(schema)


def schema(
    spec: Path | None = typer.Argument(
        None,
        metavar="[SPEC]",
        help="A benchmark file: the plugins that it names, and those beside it, are known too.",
        show_default=False,
        autocompletion=completion.benchmarks,
    ),
    out: Path | None = typer.Option(None, "--out", metavar="FILE", help="Write it to this file."),
    paths: list[Path] | None = PATHS,
) -> None:
    """Print a JSON schema of benchmark files, by which editors complete and check them.

    It knows every plugin that is found here, or from where a benchmark file is, with its
    parameters. An editor with the YAML language server takes it where the first line of a
    benchmark file is

      # yaml-language-server: $schema=benchmark.schema.json

    [bold]Examples[/bold]

      merbench schema --out benchmark.schema.json

      merbench schema my-study/benchmark.yaml --out my-study/benchmark.schema.json
    """
    from merbench.benchmark import protocols
    from merbench.benchmark.json_schema import json_schema
    from merbench.errors import MerbenchError
    from merbench.plugins import discovery

    named = [*(paths or ())]
    if spec is None:
        registry = discovery.load_plugins(named, folder=Path.cwd())
    else:
        from merbench.benchmark.schema import stated_plugin_paths
        from merbench.benchmark.shipped import read_benchmark

        document = read_benchmark(str(spec))
        registry = discovery.load_plugins([*named, *stated_plugin_paths(document)])
    display.warn_of_problems(registry)
    written = json_schema(protocols.with_protocols(registry))
    if out is None:
        display.print_json(written)
        return
    try:
        out.write_text(json.dumps(written, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    except OSError as error:
        raise MerbenchError(
            f"{out} cannot be written ({error.strerror}); name another with --out"
        ) from error
    display.say(f"wrote {out}")
