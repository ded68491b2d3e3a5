"""Files of plugins, sound and not, as tests write them."""

from __future__ import annotations

import textwrap
from pathlib import Path

from merbench.plugins.registry import Registry


def model(name: str, body: str = "", *, hook: str = "return [Given]") -> str:
    """Source of a plugin file with one model."""
    return f'''
from __future__ import annotations
from merbench import Dataset, FeatureKind, Model, ModelParameter, Task, hookimpl

class Given(Model):
    """A model."""
    name = {name!r}
    inputs = FeatureKind.VECTOR
    tasks = frozenset({{Task.VA}})
{textwrap.indent(textwrap.dedent(body), "    ")}

@hookimpl
def merbench_models():
    {hook}
'''


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def faults(registry: Registry, path: Path) -> list[str]:
    """Return the problems of the plugin at `path`."""
    return [p.error for p in registry.problems if p.origin.path == str(path.resolve())]


# What a plugin may do to its process, and what is said of it. `AT` is where it does.
ACTS = {
    "exits": ("sys.exit(0)", "SystemExit: 0"),
    "ends the process": ("os._exit(0)", "it ended the process with status 0"),
    "becomes another program": ("os.execv('/bin/true', ['true'])", "ended the process with status"),
    "interrupts": ("raise KeyboardInterrupt", "KeyboardInterrupt"),
    "raises what nobody catches": ("raise BaseException('odd')", "BaseException: odd"),
    "raises what raises": (
        "raise type('Odd', (Exception,), {'__str__': lambda self: 1 / 0})()",
        "Odd: its text cannot be shown, for asking for it raised ZeroDivisionError",
    ),
    "is killed": ("os.kill(os.getpid(), 9)", "it crashed the process by SIGKILL"),
    "crashes": ("ctypes.string_at(0)", r"it crashed the process by SIGSEGV at .*odd\.py:\d+"),
    "closes standard output": ("sys.stdout.close()", "it closed standard output"),
    "closes its file": ("os.close(1)", "it closed standard output"),
    "sleeps": ("time.sleep(600)", r"it took longer than 5 s at .*odd\.py:\d+, in"),
    "waits for itself": (
        "lock = threading.Lock(); lock.acquire(); lock.acquire()",
        r"it took longer than 5 s at .*odd\.py:\d+, in .*; raise --timeout",
    ),
    "holds Python's lock": ("ctypes.PyDLL(None).sleep(600)", r"longer than 5 s at .*odd\.py:\d+"),
    "catches everything": (
        "exec('while True:\\n try: time.sleep(600)\\n except BaseException: pass')",
        "it took longer than 5 s",
    ),
}


IMPORTS = "import ctypes, os, sys, threading, time\n"
