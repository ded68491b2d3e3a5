"""The page of reference of all commands, which follows from the program."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import typer


def commands_page() -> str:
    """Return the page of all commands, as their help has them."""
    from merbench.authoring.reference import table
    from merbench.cli import STATUSES, app

    parts = ["# Commands", f"{STATUSES}", "`--debug` may stand anywhere, and shows tracebacks."]
    for path, command in _leaves(typer.main.get_command(app), ("merbench",)):
        arguments = [p for p in command.params if p.param_type_name == "argument"]
        options = [p for p in command.params if p.param_type_name == "option" and p.name != "help"]
        words = [*path, *map(_metavar, arguments), *(["[OPTIONS]"] if options else [])]
        parts += [
            f"## {' '.join(path)}",
            f"```text\n{' '.join(words)}\n```",
            _prose(command.help or ""),
        ]
        rows = [(f"`{_metavar(a)}`", getattr(a, "help", "") or "") for a in arguments]
        rows += [(f"`{', '.join(o.opts)}`", getattr(o, "help", "") or "") for o in options]
        if rows:
            parts.append(table(("", "what"), rows))
    return "\n\n".join(parts) + "\n"


def _leaves(command: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield every command that does something, with the words that call it."""
    inner = getattr(command, "commands", None)
    if inner is None:
        yield path, command
        return
    for name, each in inner.items():
        yield from _leaves(each, (*path, name))


def _metavar(argument: Any) -> str:
    return str(argument.metavar or argument.name.upper())


def _prose(text: str) -> str:
    """Write a command's help as Markdown: its examples are a block."""
    text = text.replace("\\[", "[")
    said, *examples = re.split(r"\[bold\]Examples?\[/bold\]", text)
    paragraphs = [" ".join(p.split()) for p in said.strip().split("\n\n")]
    paragraphs = [re.sub(r"([*_<])", r"\\\1", p) for p in paragraphs]
    if examples:
        commands = [" ".join(c.split()) for c in examples[0].strip().split("\n\n")]
        paragraphs.append("```sh\n" + "\n".join(commands) + "\n```")
    return "\n\n".join(paragraphs)
