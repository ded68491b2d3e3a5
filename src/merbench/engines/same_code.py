"""Whether another machine has the code that a plan was made with."""

from __future__ import annotations

import functools
import hashlib
import platform
from collections.abc import Mapping
from pathlib import Path

import merbench
from merbench import installed
from merbench.errors import MerbenchError

_SOURCE = "merbench's source"


@functools.cache
def here() -> Mapping[str, str]:
    """Return the versions of Python and packages here, and a digest of merbench's own source."""
    return {_SOURCE: _digest(Path(merbench.__file__).parent), **installed.versions()}


def demand_same_code(expected: Mapping[str, str]) -> None:
    """Hold this machine to the code of another.

    Plugins are not looked at: each step holds its own to the plan.

    Parameters
    ----------
    expected
        What `here` said on the machine that made the plan.

    Raises
    ------
    MerbenchError
        Something differs; nothing done here would be what the plan asks for.
    """
    found = here()
    names = sorted({*expected, *found}, key=lambda name: (name != _SOURCE, name))
    differing = [name for name in names if expected.get(name) != found.get(name)]
    if not differing:
        return
    name = differing[0]
    if name == _SOURCE:
        what = f"merbench here is {merbench.__version__} with another source than"
    else:
        what = (
            f"{name} is {found.get(name, 'not installed')} here and "
            f"{expected.get(name, 'not installed')}"
        )
    more = f" (and {len(differing) - 1} more differ)" if len(differing) > 1 else ""
    raise MerbenchError(
        f"{what} where the plan was made{more}; install the same on {platform.node()}, or use the "
        "same environment there"
    )


def _digest(folder: Path) -> str:
    found = hashlib.sha256()
    for path in sorted(folder.rglob("*.py")):
        found.update(path.relative_to(folder).as_posix().encode())
        found.update(hashlib.sha256(path.read_bytes()).digest())
    return found.hexdigest()
