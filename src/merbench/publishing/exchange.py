"""Two folders change places at once, as far as the system can do it."""

from __future__ import annotations

import ctypes
import ctypes.util
import errno
import os
import sys
from pathlib import Path

__all__ = ["exchanged"]

_AT_FDCWD = -100
_LINUX_EXCHANGE = 1 << 1
"""RENAME_EXCHANGE of renameat2(2)."""
_MACOS_SWAP = 0x2
"""RENAME_SWAP of renamex_np(2)."""
_UNKNOWN = {errno.ENOSYS, errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP}
"""What a system or a file system answers that cannot do it."""


def exchanged(one: Path, other: Path) -> bool:
    """Let two folders that exist change places in one step, which no kill can cut in half.

    Returns
    -------
    bool
        False where the system cannot do that; nothing has changed then.

    Raises
    ------
    OSError
        It can, and it failed.
    """
    names = os.fsencode(one), os.fsencode(other)
    library = ctypes.CDLL(ctypes.util.find_library("c"), use_errno=True)
    if sys.platform == "darwin" and hasattr(library, "renamex_np"):
        status = library.renamex_np(*names, ctypes.c_uint(_MACOS_SWAP))
    elif hasattr(library, "renameat2"):
        first, second = ((ctypes.c_int(_AT_FDCWD), ctypes.c_char_p(name)) for name in names)
        status = library.renameat2(*first, *second, ctypes.c_uint(_LINUX_EXCHANGE))
    else:
        return False
    if status == 0:
        return True
    code = ctypes.get_errno()
    if code in _UNKNOWN:
        return False
    raise OSError(code, os.strerror(code), str(other))
