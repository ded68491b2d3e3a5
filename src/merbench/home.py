"""The folder of everything that merbench keeps for itself."""

from __future__ import annotations

import os
from pathlib import Path


def home() -> Path:
    """Return the folder of merbench's caches: `$MERBENCH_HOME`, else the platform's own."""
    configured = os.environ.get("MERBENCH_HOME")
    if configured:
        return Path(configured).expanduser().absolute()
    from platformdirs import user_cache_path

    return user_cache_path("merbench", appauthor=False)


def store_folder() -> Path:
    """Return the folder of the store of finished work, where no engine names a shared one."""
    return home() / "store"
