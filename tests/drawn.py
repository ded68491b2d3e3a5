"""How many cases tests draw that say: anything at all gives a result, or an error of ours.

`MERBENCH_FUZZ=50` draws fifty times as many as the suite does.
"""

from __future__ import annotations

import os
from typing import Any

from hypothesis import HealthCheck, settings

TIMES = int(os.environ.get("MERBENCH_FUZZ", "1"))


def drawn(examples: int, **more: Any) -> Any:
    """Return settings of so many examples, each of which may take its time."""
    checks = list(HealthCheck)
    return settings(
        max_examples=examples * TIMES, deadline=None, suppress_health_check=checks, **more
    )
