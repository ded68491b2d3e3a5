"""Progress of a run: bars on a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import TYPE_CHECKING, Any

from merbench.cli import display
from merbench.wording import duration

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.progress import TaskID

    from merbench.engines.schedule import Outcome

_STAGES = {
    "separate": "separating clips",
    "extract": "extracting features",
    "assemble": "assembling tables",
    "measure": "measuring stems",
    "fit": "fitting folds",
}
_LINE_SECONDS = 10.0


class Progress:
    """Shows how far each stage is, at what rate, and how long the rest will take.

    Parameters
    ----------
    to_do
        How many steps each stage has.
    status
        Says in a line what the engine has to say of its workers; None where it says nothing.
    tells
        Whether failures are shown; not where the caller shows them with its results.
    """

    def __init__(
        self,
        to_do: Counter[str],
        status: Callable[[], str] | None = None,
        *,
        tells: bool = True,
    ) -> None:
        self._to_do, self._status, self._tells = to_do, status, tells
        self._done: Counter[str] = Counter()
        self._console = display.console(err=True)
        self._bars: Any = None
        self._ids: dict[str, TaskID] = {}
        self._started = time.monotonic()
        self._spoken = self._started

    def __enter__(self) -> Progress:
        if self._console.is_terminal and self._to_do:
            from rich.progress import (
                BarColumn,
                MofNCompleteColumn,
                Progress,
                TextColumn,
                TimeElapsedColumn,
                TimeRemainingColumn,
            )
            from rich.text import Text

            status = self._status

            class Bars(Progress):
                def get_renderables(self) -> Iterator[RenderableType]:
                    yield from super().get_renderables()
                    if status:
                        yield Text(status(), style="dim", overflow="ellipsis", no_wrap=True)

            self._bars = Bars(
                TextColumn("{task.description:<20}"),
                BarColumn(),
                MofNCompleteColumn(),
                TextColumn("{task.fields[rate]:>10}"),
                TimeElapsedColumn(),
                TextColumn("left"),
                TimeRemainingColumn(),
                console=self._console,
            )
            for stage, label in _STAGES.items():
                if self._to_do[stage]:
                    self._ids[stage] = self._bars.add_task(label, total=self._to_do[stage], rate="")
            self._bars.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._bars is not None:
            self._bars.stop()
        elif self._to_do and kind is None:
            self._speak()

    def report(self, outcome: Outcome) -> None:
        """Count one outcome; a failure is shown when it happens."""
        stage = outcome.work.stage
        self._done[stage] += 1
        # A task that never started failed with another's error, which was shown then.
        if outcome.error and not outcome.inherited and self._tells:
            self._print(f"failed: {outcome.error}")
        if self._bars is not None:
            elapsed = time.monotonic() - self._started
            self._bars.update(
                self._ids[stage], advance=1, rate=f"{self._done[stage] / elapsed:.1f}/s"
            )
        elif time.monotonic() - self._spoken > _LINE_SECONDS:
            self._speak()

    def _print(self, text: str) -> None:
        if self._bars is not None:
            from rich.text import Text

            self._bars.console.print(Text(text, style="red"))
        else:
            display.say(text, err=True)

    def _speak(self) -> None:
        self._spoken = time.monotonic()
        parts = [
            f"{label} {self._done[stage]}/{self._to_do[stage]}"
            for stage, label in _STAGES.items()
            if self._to_do[stage]
        ]
        elapsed = duration(self._spoken - self._started)
        if self._status:
            parts.append(self._status())
        display.say(f"[{elapsed}] {', '.join(parts)}", err=True)
