"""Progress of work that tells what share of it is done: a bar on a terminal, else plain lines."""

from __future__ import annotations

import time
from typing import Any

from merbench.cli import display

_LINE_SECONDS = 10.0
"""Seconds between two lines about one thing, where there is no terminal."""


class Shares:
    """Shows what is being done, and how much of it is done."""

    def __init__(self) -> None:
        self._console = display.console(err=True)
        self._bar: Any = None
        self._task: Any = None
        self._said: tuple[str, float] = "", 0.0
        self._spoken = 0.0

    def __enter__(self) -> Shares:
        if self._console.is_terminal:
            from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

            self._bar = Progress(
                BarColumn(),
                TaskProgressColumn(),
                TextColumn("{task.description}", markup=False),
                console=self._console,
            )
            self._task = self._bar.add_task("", total=1.0)
            self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.stop()

    def __call__(self, message: str, share: float) -> None:
        """Show what is being done and the share that is done, on [0, 1]."""
        if self._bar is not None:
            self._bar.update(self._task, completed=share, description=message)
            return
        said, before = self._said
        news = message != said or (share >= 1.0 and before < 1.0)
        if news or time.monotonic() - self._spoken > _LINE_SECONDS:
            self._said, self._spoken = (message, share), time.monotonic()
            display.say(f"{share:4.0%}  {message}", err=True)
