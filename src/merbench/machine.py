"""What kind of machine this is: what times and memory were measured on."""

from __future__ import annotations

import platform
from functools import cache
from pathlib import Path
from typing import Any

from merbench import threads

__all__ = ["hardware", "host_kind"]


def hardware() -> dict[str, Any]:
    """Describe this machine as JSON values: its system, processor, cores and memory in GB."""
    import psutil

    return {
        "platform": platform.platform(),
        "machine": platform.machine(),
        "cpu": _cpu_name(),
        "cores": threads.cores(),
        "memory_gb": round(psutil.virtual_memory().total / 1e9, 1),
    }


@cache
def host_kind() -> str:
    """Name the kind of this host, without its name: the same for machines whose times compare."""
    return f"{_cpu_name() or platform.machine()}, {threads.cores()} cores"


def _cpu_name() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor()
