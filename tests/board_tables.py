"""Results of a few cells as pages read them."""

from __future__ import annotations

from typing import Any

from boards import recorded_run
from merbench.leaderboard.results import Results
from merbench.leaderboard.run_results import RunResults


def content_of(*cells: dict[str, Any], **manifest: Any) -> Results:
    """The results of one run with these cells."""
    return Results.of_run(RunResults.of(recorded_run(*cells, **manifest)))
