"""Staying offline: while it is asked for, every connection to another machine is refused.

The interpreter tells of each connection before it is made, whatever library makes it. What a
library does below Python, as Rust's and C's own do, is not told; those of Hugging Face are asked to
stay offline by a variable of theirs.
"""

from __future__ import annotations

import ipaddress
import os
import socket
import sys
import sysconfig
from pathlib import Path
from typing import Any

from merbench.downloads import OFFLINE, forbidden
from merbench.errors import MerbenchError

__all__ = ["OfflineError", "go_offline", "refuse_connections", "refused"]

_TOLD = {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1"}

_CARRIERS = frozenset(
    {
        "aiohttp", "anyio", "asyncio", "botocore", "fsspec", "h11", "httpcore", "httpcore2",
        "httpx", "httpx2", "huggingface_hub", "pooch", "requests", "s3fs", "tornado", "trio",
        "urllib3",
    }
)  # fmt: skip
"""Packages that connect on somebody else's behalf, whom the error names instead."""
_OF_ENGINES = "distributed"
"""What a Dask engine reaches its own workers by; its scheduler may be on another machine."""

_STANDARD = tuple(
    str(Path(sysconfig.get_path(which)).resolve()) + os.sep for which in ("stdlib", "platstdlib")
)
_INSTALLED = ("site-packages", "dist-packages")

_refusing = False


class OfflineError(MerbenchError, OSError):
    """A connection was refused, since merbench stays offline."""


def go_offline() -> None:
    """Refuse connections in this process, and in those that it starts from now on."""
    os.environ.update({OFFLINE: "1", **_TOLD})
    refuse_connections()


def refuse_connections() -> None:
    """Refuse connections in this process whenever `MERBENCH_OFFLINE` forbids them."""
    global _refusing
    if not _refusing:
        _refusing = True
        sys.addaudithook(_hear)


def refused(error: BaseException) -> OfflineError | None:
    """Return the refusal that is behind an error: libraries make one of their own of it."""
    found: BaseException | None = error
    while found is not None and not isinstance(found, OfflineError):
        found = found.__cause__ or found.__context__
    return found


def _hear(event: str, arguments: tuple[Any, ...]) -> None:
    """Be told what the interpreter is about to do; whatever this raises keeps it from it."""
    if not event.startswith("socket."):
        return
    match event:
        case "socket.connect" | "socket.sendto" | "socket.sendmsg":
            family, address = getattr(arguments[0], "family", None), arguments[1]
            if family not in (socket.AF_INET, socket.AF_INET6) or not isinstance(address, tuple):
                return
            host = address[0]
        case "socket.getaddrinfo" | "socket.gethostbyname":
            host = arguments[0]
        case _:
            return
    if forbidden() and not _is_this_machine(host):
        who, engine = _who_asked()
        if not engine:
            raise OfflineError(
                f"a connection to {_text(host)} was refused, for merbench stays offline: {who} "
                f"asked for it; get what it needs beforehand, with `merbench data fetch` or "
                f"`merbench weights fetch`, or leave out --offline and {OFFLINE}"
            )


def _text(host: Any) -> str:
    return host.decode("ascii", "backslashreplace") if isinstance(host, bytes) else str(host)


def _is_this_machine(host: Any) -> bool:
    if host is None:
        return True
    text = _text(host).partition("%")[0].lower()
    if text in ("", "localhost", socket.gethostname().lower()):
        return True
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return text.endswith(".localhost")
    mapped = getattr(address, "ipv4_mapped", None)
    return bool((mapped or address).is_loopback or (mapped or address).is_unspecified)


def _who_asked() -> tuple[str, bool]:
    """Name the innermost code that wanted the connection, and tell whether an engine did."""
    frame: Any = sys._getframe(2)
    nearest = ""
    while frame is not None:
        module = str(frame.f_globals.get("__name__", ""))
        package, file = module.partition(".")[0], frame.f_code.co_filename
        if package == _OF_ENGINES:
            return module, True
        standard = file.startswith("<") or (
            file.startswith(_STANDARD)
            and not any(f"{os.sep}{p}{os.sep}" in file for p in _INSTALLED)
        )
        if not standard and frame.f_globals is not globals():
            # What a plugin file is imported as, nobody wrote.
            installed = any(f"{os.sep}{p}{os.sep}" in file for p in _INSTALLED)
            line = f"{file}:{frame.f_lineno}"
            where = f"{module} ({line})" if installed else line
            if package not in _CARRIERS:
                return where, False
            nearest = nearest or where
        frame = frame.f_back
    return nearest or "the interpreter", False
