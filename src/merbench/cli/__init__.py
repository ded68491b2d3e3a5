"""The command line: one module a group of commands; heavy imports happen inside them."""

from __future__ import annotations

import sys

import typer

from merbench.cli import data, plugins, run, score, verify
from merbench.errors import MerbenchError

app = typer.Typer(
    name="merbench",
    help=(
        "Compare systems for music emotion recognition: separators, features and models, scored "
        "by one evaluator.\n\nStart with: merbench run benchmarks.yaml"
    ),
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(shown: bool) -> None:
    if shown:
        from merbench import __version__

        typer.echo(f"merbench {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    context: typer.Context,
    debug: bool = typer.Option(False, "--debug", help="Show tracebacks."),
    version: bool = typer.Option(
        False, "--version", callback=_version, is_eager=True, help="Show the version and leave."
    ),
) -> None:
    context.obj = {"debug": debug}


run.register(app)
score.register(app)
verify.register(app)
app.add_typer(plugins.app)
app.add_typer(data.app)


def main() -> None:
    """Run the command line; a `MerbenchError` is one line and exit status 2."""
    try:
        app()
    except MerbenchError as error:
        if "--debug" in sys.argv:
            raise
        typer.echo(f"error: {error}", err=True)
        raise SystemExit(2) from None
    except KeyboardInterrupt:
        typer.echo("stopped; finished work is kept, run the same command to go on", err=True)
        raise SystemExit(130) from None
    except BrokenPipeError:
        sys.stderr.close()
        raise SystemExit(1) from None


__all__ = ["app", "main"]
