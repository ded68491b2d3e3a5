"""First-party separators, on the same hook as anyone's."""

from __future__ import annotations

from collections.abc import Iterator

from merbench import Separator, hookimpl


@hookimpl
def merbench_separators() -> Iterator[type[Separator]]:
    """Yield every separator of this package."""
    from merbench_plugins.separators.demucs import Demucs
    from merbench_plugins.separators.hpss import Hpss
    from merbench_plugins.separators.mixed import Mixed
    from merbench_plugins.separators.oracle import Oracle
    from merbench_plugins.separators.spleeter import Spleeter
    from merbench_plugins.separators.wave_u_net import WaveUNet

    yield from (Mixed, Oracle, Hpss, WaveUNet, Demucs, Spleeter)
