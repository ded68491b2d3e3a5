"""A line in `$TINY_TRACE` for every piece of work that was really done."""

from __future__ import annotations

import hashlib
import os
import time
from pathlib import Path


def trace(stage, name, array):
    """Note a result by the hash of its bytes, after as many seconds as `$TINY_SLEEP` says."""
    time.sleep(float(os.environ.get("TINY_SLEEP", "0")))
    log = os.environ.get("TINY_TRACE")
    if log:
        digest = hashlib.sha256(array.tobytes()).hexdigest()
        with Path(log).open("a") as handle:
            handle.write(f"{stage} {name} {digest}\n")
    return array
