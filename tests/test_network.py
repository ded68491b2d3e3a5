from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from merbench.network import OfflineError, go_offline, refused

OUTSIDE = "192.0.2.1"  # an address that is nobody's


def connect() -> None:
    with socket.socket() as asked:
        asked.connect((OUTSIDE, 9))


def send() -> None:
    with socket.socket(type=socket.SOCK_DGRAM) as asked:
        asked.sendto(b"x", (OUTSIDE, 9))


def look_up() -> None:
    socket.getaddrinfo("example.org", 443)


@pytest.mark.parametrize("act", [connect, send, look_up])
def test_connections_are_refused_and_name_who_asked(act: Callable[[], None]) -> None:
    go_offline()
    with pytest.raises(OfflineError, match="was refused, for merbench stays offline") as caught:
        act()
    assert f"{Path(__file__).name}:" in str(caught.value)
    assert isinstance(caught.value, OSError), "a library's own way of doing without takes over"


def test_a_library_is_passed_over_for_whom_it_asks() -> None:
    import requests

    with pytest.raises(Exception, match=Path(__file__).name):
        requests.get(f"http://{OUTSIDE}/", timeout=1)


def test_a_refusal_is_found_behind_what_a_library_makes_of_it() -> None:
    import urllib.request

    with pytest.raises(OSError) as caught:
        urllib.request.urlopen(f"http://{OUTSIDE}/", timeout=1)
    assert not isinstance(caught.value, OfflineError)
    assert str(refused(caught.value)).startswith(f"a connection to {OUTSIDE} was refused")
    assert refused(ValueError("something else")) is None


def test_this_machine_can_be_reached(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = server.getsockname()
        thread = threading.Thread(target=lambda: server.accept()[0].close())
        thread.start()
        socket.create_connection(("localhost", address[1])).close()
        thread.join()
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "s"))
        server.listen()
        with socket.socket(socket.AF_UNIX) as asked:
            asked.connect(str(tmp_path / "s"))
    with socket.socket(socket.AF_INET6) as asked, pytest.raises(OSError) as caught:
        asked.connect(("::1", 9))
    assert not isinstance(caught.value, OfflineError)


def test_it_holds_only_where_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MERBENCH_OFFLINE", "0")
    with socket.socket(type=socket.SOCK_DGRAM) as asked:
        asked.connect((OUTSIDE, 9))  # which sends nothing


def test_workers_and_trials_refuse_too(tmp_path: Path) -> None:
    """A plugin that connects while it is imported, and one that does while it works."""
    plugin = tmp_path / "plugins" / "calls.py"
    plugin.parent.mkdir()
    plugin.write_text(f"import socket\nsocket.create_connection(({OUTSIDE!r}, 9), timeout=5)\n")
    code = (
        "from merbench.plugins import discovery\n"
        "from pathlib import Path\n"
        f"found = discovery.load_plugins([Path({str(plugin.parent)!r})])\n"
        "print([str(p) for p in found.problems])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True,
        env=os.environ | {"MERBENCH_OFFLINE": "1"},
    )  # fmt: skip
    assert "stays offline" in done.stdout
    assert "calls.py:2" in done.stdout
