"""Whether this machine has what a run needs: the findings of `merbench doctor`."""

from __future__ import annotations

import os
import platform
import shutil
import tempfile
from collections.abc import Callable, Iterator
from ctypes.util import find_library
from importlib import metadata
from typing import NamedTuple

from merbench import devices, threads
from merbench.errors import MerbenchError, reason
from merbench.home import store_folder
from merbench.plugins.registry import KINDS, OURS, Registry

OK, NOTE, WARNING, BROKEN = "ok", "note", "warning", "broken"
"""From what is as it should be to what keeps merbench from working."""

GIB = 2**30
LEAST_MEMORY = 2 * GIB
"""Bytes a core below which openSMILE, forests and networks side by side run out of memory."""
LEAST_DISK = 5 * GIB
"""Bytes in which the features of a few thousand clips, and stems of a few hundred, have room."""

EXTRAS = ("cluster", "embeddings")
"""What a user may want besides; the other extras are for those who work on merbench."""


class Condition(NamedTuple):
    """What was found of one part of the machine."""

    part: str
    state: str
    said: str
    remedy: str = ""


def conditions(registry: Registry) -> Iterator[Condition]:
    """Yield what is found, part by part.

    Parameters
    ----------
    registry
        With every plugin that can be found here, and what kept others from being loaded.
    """
    checks: dict[str, Callable[[], Iterator[Condition]]] = {
        "interpreter": _interpreter,
        "packages": _packages,
        "decoders": _decoders,
        "threads": _threads,
        "memory": _memory,
        "store": _store,
        "GPU": _gpu,
        "plugins": lambda: _plugins(registry),
        "weights": lambda: _weights(registry),
        "network": _network,
    }
    for part, look in checks.items():
        try:
            yield from look()
        except Exception as error:  # what cannot be looked at is a finding, and not the end
            yield Condition(part, WARNING, f"it cannot be looked at ({reason(error)})")


def _interpreter() -> Iterator[Condition]:
    said = f"Python {platform.python_version()} on {platform.system()} {platform.machine()}"
    wanted = _metadata()["Requires-Python"] or ""
    from packaging.specifiers import SpecifierSet

    if wanted and platform.python_version() not in SpecifierSet(wanted):
        remedy = f"install merbench with a Python {wanted}"
        yield Condition("interpreter", BROKEN, f"{said}, which is not {wanted}", remedy)
    else:
        yield Condition("interpreter", OK, said)


def _packages() -> Iterator[Condition]:
    from packaging.requirements import Requirement

    requirements = [Requirement(text) for text in metadata.requires(OURS) or ()]
    fine = 0
    for each in requirements:
        needed = each.marker is None or each.marker.evaluate({"extra": ""})
        wanted = f"'{each.name}{each.specifier}'"
        try:
            version = metadata.version(each.name)
        except metadata.PackageNotFoundError:
            if needed:
                said, remedy = f"{each.name} is not installed", f"pip install {wanted}"
                yield Condition("packages", BROKEN, said, remedy)
            continue
        if needed and each.specifier.contains(version, prereleases=True):
            fine += 1
        elif needed:
            said = f"{each.name} {version} is not {each.specifier}"
            yield Condition("packages", WARNING, said, f"pip install {wanted}")
    yield Condition("packages", OK, f"{fine} packages are here in versions that go together")
    for extra in EXTRAS:
        missing = [
            each.name
            for each in requirements
            if each.marker and each.marker.evaluate({"extra": extra}) and not _is_there(each.name)
        ]
        absent = [name for name in missing if name != OURS]
        if absent:
            said = f"without {', '.join(absent)} the extra {extra} does not work"
            remedy = f"pip install '{OURS}[{extra}]' if you need it"
            yield Condition("packages", NOTE, said, remedy)


def _decoders() -> Iterator[Condition]:
    try:
        import soundfile

        version = soundfile.__libsndfile_version__
        yield Condition("decoders", OK, f"libsndfile {version} (WAV, FLAC, Ogg, …)")
    except (ImportError, OSError) as error:
        remedy = "pip install --force-reinstall soundfile"
        yield Condition("decoders", BROKEN, f"libsndfile cannot be loaded ({error})", remedy)
    try:
        import av

        has_mp3 = "mp3" in av.codecs_available
        said = f"FFmpeg of av {av.__version__} ({'MP3, M4A, WMA, …' if has_mp3 else 'no MP3'})"
        yield Condition("decoders", OK if has_mp3 else BROKEN, said, "" if has_mp3 else _AV)
    except (ImportError, OSError) as error:
        yield Condition("decoders", BROKEN, f"FFmpeg cannot be loaded ({error})", _AV)
    if _is_there("tinysoundfont"):
        yield Condition("decoders", OK, "MIDI by tinysoundfont")
    elif _is_there("pyfluidsynth") and find_library("fluidsynth"):
        yield Condition("decoders", OK, "MIDI by FluidSynth")
    else:
        remedy = (
            "if you read MIDI, pip install --no-deps tinysoundfont, which on Python 3.13 takes a "
            "C++ compiler; or install FluidSynth (libfluidsynth3, fluid-synth) and pip install "
            "pyfluidsynth"
        )
        yield Condition("decoders", NOTE, "MIDI files cannot be rendered", remedy)


_AV = "pip install --force-reinstall av"


def _threads() -> Iterator[Condition]:
    cores = threads.cores()
    said = f"{cores} {'core' if cores == 1 else 'cores'}, as many workers by default (--jobs)"
    bound = os.environ.get("OMP_NUM_THREADS")
    if bound is not None and not (bound.isdecimal() and int(bound) > 0):
        remedy = "unset OMP_NUM_THREADS, or set it to a number"
        yield Condition("threads", WARNING, f"OMP_NUM_THREADS is {bound!r}", remedy)
    else:
        yield Condition("threads", OK, said)


def _memory() -> Iterator[Condition]:
    import psutil

    memory = psutil.virtual_memory()
    said = f"{memory.total / GIB:.1f} GiB, {memory.available / GIB:.1f} GiB of them free"
    jobs = max(1, int(memory.available // LEAST_MEMORY))
    if jobs < threads.cores():
        remedy = f"run with --jobs {jobs}, or free some"
        yield Condition("memory", WARNING, f"{said}: little for {threads.cores()} workers", remedy)
    else:
        yield Condition("memory", OK, said)


def _store() -> Iterator[Condition]:
    folder = store_folder()
    there = next(parent for parent in (folder, *folder.parents) if parent.exists())
    try:
        with tempfile.TemporaryFile(dir=there):
            pass
    except OSError as error:
        said = f"{folder} cannot be written to ({error.strerror})"
        yield Condition("store", BROKEN, said, "set MERBENCH_HOME to a folder that can")
        return
    free = shutil.disk_usage(there).free
    said = f"{folder}, {free / GIB:.1f} GiB free"
    if free < LEAST_DISK:
        remedy = "free some, or set MERBENCH_HOME to a folder on another disk"
        yield Condition("store", WARNING, said, remedy)
    else:
        yield Condition("store", OK, said)


def _gpu() -> Iterator[Condition]:
    try:
        best = devices.present(devices.AUTO)
    except (ImportError, OSError) as error:
        remedy = "pip install --force-reinstall torch"
        yield Condition("GPU", BROKEN, f"torch cannot be loaded ({reason(error)})", remedy)
        return
    if best != devices.CPU:
        yield Condition("GPU", OK, f"{best}: set `device: {best}` or `auto` to use it")
    elif shutil.which("nvidia-smi"):
        said = "there is a driver of NVIDIA's, and torch sees no card"
        yield Condition("GPU", WARNING, said, "install the torch that was built for your CUDA")
    else:
        yield Condition("GPU", OK, "none; everything works on the processor, networks slowly")


def _plugins(registry: Registry) -> Iterator[Condition]:
    foreign = {e.origin.path for e in registry.entries.values() if not e.origin.ours}
    said = f"{len(registry.entries)} are here, from merbench and {len(foreign)} other places"
    yield Condition("plugins", OK, said)
    for problem in registry.problems:
        remedy = "correct it, or take it out"
        yield Condition("plugins", WARNING, f"{problem.origin}: {problem.error}", remedy)


def _weights(registry: Registry) -> Iterator[Condition]:
    known = {
        weights.name: (weights.state(), weights.command)
        for kind in KINDS
        for entry in registry.of_kind(kind)
        for weights in entry.cls.known_weights()
    }
    states = [state for state, _ in known.values()]
    yield Condition("weights", OK, f"{states.count('here')} of {len(known)} known ones are here")
    for state, level in (("damaged", WARNING), ("missing", NOTE)):
        by_command: dict[str, list[str]] = {}
        for name, (found, command) in known.items():
            if found == state:
                by_command.setdefault(command.removesuffix(f" {name}"), []).append(name)
        for command, names in by_command.items():
            remedy = f"{command} {names[0]}" if command.endswith("fetch") else command
            yield Condition("weights", level, f"{state}: {', '.join(names)}", remedy)


def _network() -> Iterator[Condition]:
    said = "not needed: `weights fetch` and `data fetch` alone use it"
    yield Condition("network", OK, said)


def _metadata() -> metadata.PackageMetadata:
    try:
        return metadata.metadata(OURS)
    except metadata.PackageNotFoundError:
        raise MerbenchError("merbench is not installed; say `pip install .`") from None


def _is_there(distribution: str) -> bool:
    try:
        metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return False
    return True
