"""First-party separators, on the same hook as anyone's."""

from __future__ import annotations

from collections.abc import Iterator

from merbench import ClassAt, classes_in, hookimpl

_MODULES = {
    "demucs": {"demucs": "Demucs"},
    "hpss": {"hpss": "Hpss"},
    "mixed": {"mixed": "Mixed"},
    "oracle": {"oracle": "Oracle"},
    "spleeter": {"spleeter": "Spleeter"},
    "wave_u_net": {"wave-u-net": "WaveUNet"},
}
"""The classes of each module, by the names of their components."""


@hookimpl
def merbench_separators() -> Iterator[ClassAt]:
    """Name every separator of this package."""
    return classes_in(__name__, _MODULES)
