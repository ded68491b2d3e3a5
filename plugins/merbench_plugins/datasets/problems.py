"""The problems of a dataset's files: the first is raised, or all are collected by a check."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType

from merbench import Finding, MerbenchError
from merbench.errors import TableError as LabelError


class Problems:
    """Lets the first error through, or, where a dataset is being checked, collects them all.

    One fault must not hide the next: what may fail by itself stands in a `with problems:` block of
    its own, which an error ends when errors are collected, and nothing else.

    Parameters
    ----------
    collect
        Whether to collect rather than raise.
    """

    def __init__(self, *, collect: bool = False) -> None:
        self.collect = collect
        self.findings: list[Finding] = []

    def __enter__(self) -> Problems:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        if not self.collect or not isinstance(error, MerbenchError):
            return False
        if isinstance(error, LabelError):
            self.findings.append(Finding("error", str(error.where), error.message))
        else:
            self.findings.append(Finding("error", "", str(error)))
        return True

    def warn(self, where: str | Path, message: str) -> None:
        """Say what is suspicious and no certain error."""
        if self.collect:
            self.findings.append(Finding("warning", str(where), message))

    def note(self, where: str | Path, message: str) -> None:
        """Say what a user may want to know and nothing depends on."""
        if self.collect:
            self.findings.append(Finding("note", str(where), message))
