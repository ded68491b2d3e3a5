"""Parameters as the tables of runs and leaderboards keep them: values in memory, JSON in a cell."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from merbench.identity import portable

__all__ = ["portable_text", "read_parameters", "written_parameters"]


def written_parameters(parameters: Mapping[str, Any]) -> str:
    """Write parameters as a table's cell holds them: JSON with sorted keys; no text for none."""
    return json.dumps(parameters, sort_keys=True) if parameters else ""


def read_parameters(text: object) -> dict[str, Any]:
    """Return the parameters that `written_parameters` wrote; a cell without a text holds none."""
    return dict(json.loads(text)) if isinstance(text, str) and text else {}


def portable_text(text: object) -> str:
    """Return a cell's text with the paths of a machine cut down to their last names."""
    return written_parameters(portable(read_parameters(text)))
