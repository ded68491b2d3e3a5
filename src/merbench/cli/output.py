"""What a command may be ended by and what may stand on its standard output: both are ours."""

from __future__ import annotations

import contextlib
import inspect
import os
import sys
from collections.abc import Iterator
from typing import Any, NoReturn, TextIO

import typer
from typer.core import TyperGroup

from merbench.errors import MerbenchError, reason

_document: TextIO | None = None
"""Where a JSON document goes, while standard output is kept for it alone."""


class Program(TyperGroup):
    """The commands, called so that no plugin ends one silently or writes into its JSON."""

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Return a command, whose help is filled to the terminal's width."""
        command = super().get_command(ctx, cmd_name)
        if command is not None:
            _fill_help(command)
        return command

    def invoke(self, ctx: Any) -> Any:
        """Call the command that is asked for."""
        with _reserved() if "--json" in sys.argv else contextlib.nullcontext(), _kept_alive():
            try:
                return super().invoke(ctx)
            except (Exception, KeyboardInterrupt):
                raise
            except BaseException as error:  # no command leaves by SystemExit: a plugin did
                if isinstance(error.__context__, BrokenPipeError):  # rich's way when `head` is done
                    raise
                from merbench.plugins import whereabouts

                at = whereabouts.place(error)
                raise MerbenchError(
                    f"a plugin ended the command{at} ({reason(error)}); correct it, or take it out"
                ) from error


def _fill_help(command: Any) -> None:
    """Take the source's line ends out of a command's help, but not out of what is indented."""
    paragraphs = inspect.cleandoc(command.help or "").split("\n\n")
    command.help = "\n\n".join(
        text if text.startswith(" ") else text.replace("\n", " ") for text in paragraphs
    )
    for inner in getattr(command, "commands", {}).values():
        _fill_help(inner)


def print_document(text: str) -> None:
    """Print a JSON document where nothing else is printed."""
    typer.echo(text, file=_document)


@contextlib.contextmanager
def _reserved() -> Iterator[None]:
    """Keep standard output for `print_document`; what anybody else prints goes to standard error.

    Standard output is moved below Python too, where libraries in C and child processes write.
    """
    global _document
    before, kept = sys.stdout, None
    try:
        moved = before.fileno() == 1
    except (OSError, ValueError):  # no file, as where a test looks at what is printed
        moved = False
    if moved:
        before.flush()
        kept = os.dup(1)
        os.dup2(2, 1)
        _document = open(kept, "w", encoding=before.encoding, closefd=False)  # noqa: SIM115
        sys.stdout = open(2, "w", encoding=before.encoding, closefd=False)  # noqa: SIM115
    else:
        _document, sys.stdout = before, sys.stderr
    try:
        yield
    finally:
        if moved:
            with contextlib.suppress(OSError, ValueError):
                sys.stdout.flush()
        sys.stdout = before
        if kept is not None:
            os.dup2(kept, 1)
            os.close(kept)
        _document = None


@contextlib.contextmanager
def _kept_alive() -> Iterator[None]:
    """Make `os._exit` an error in this process; in those that are forked from it, it ends them."""
    leave, process = os._exit, os.getpid()

    def refuse(status: int) -> NoReturn:
        if os.getpid() != process:
            leave(status)
        raise SystemExit(status)

    os._exit = refuse
    try:
        yield
    finally:
        os._exit = leave
