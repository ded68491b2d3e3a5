"""Demucs' models as files: which make up a model, and where published ones are kept."""

from __future__ import annotations

import importlib.util
import os
import shutil
import tempfile
from collections.abc import Mapping
from http.client import HTTPException
from pathlib import Path
from typing import NamedTuple
from urllib.error import URLError
from urllib.request import urlopen

from merbench import MerbenchError
from merbench.components import file_digest
from merbench.plugins import nearest
from merbench.store import home

OFFLINE = "MERBENCH_OFFLINE"
"""Environment variable that forbids downloads; empty and 0 mean that it does not."""

_TIMEOUT = 15.0


class Model(NamedTuple):
    """Files that make up a model."""

    files: tuple[str, ...]
    """Path of each network's file: `SIGNATURE-CHECKSUM.th` or `SIGNATURE.th`."""
    bag: Path | None
    """Description of several networks that work together."""


class Repository(NamedTuple):
    """The models of a folder, or those that were published."""

    networks: Mapping[str, str]
    """Path of each file by its signature."""
    bags: Mapping[str, Path]
    """Path of each description by its name."""
    where: str

    def find(self, name: str) -> Model:
        """Return a model by its signature or the name of its description.

        Raises
        ------
        MerbenchError
            There is none, or its description is malformed or names networks that are missing.
        """
        import yaml

        if name in self.networks:
            return Model((self.networks[name],), None)
        if name not in self.bags:
            known = self.bags or self.networks
            raise MerbenchError(f"{self.where} has no model {name!r}{nearest(name, known)}")
        bag = self.bags[name]
        try:
            signatures = yaml.safe_load(bag.read_text(encoding="utf-8"))["models"]
            return Model(tuple(self.networks[signature] for signature in signatures), bag)
        except (yaml.YAMLError, UnicodeDecodeError, TypeError, KeyError) as error:
            raise MerbenchError(
                f"{bag} does not describe a bag of models that are there ({error}); it must list "
                f"signatures under `models`, of {', '.join(sorted(self.networks)) or 'none'}"
            ) from error


def published() -> Repository:
    """Return what the installed package says its authors published, without importing it."""
    spec = importlib.util.find_spec("demucs")
    if spec is None or spec.origin is None:
        raise MerbenchError("demucs cannot be found; install it with `pip install demucs`")
    folder = Path(spec.origin).parent / "remote"
    networks, root = {}, ""
    for line in (folder / "files.txt").read_text(encoding="utf-8").splitlines():
        text = line.partition("#")[0].strip()
        if text.startswith("root:"):
            root = text.removeprefix("root:").strip()
        elif text:
            networks[_signature(text)] = root + text
    return Repository(networks, _bags(folder), "the package demucs")


def local(folder: Path) -> Repository:
    """Return what a folder holds.

    Raises
    ------
    MerbenchError
        There is no such folder, or two of its files are of one signature.
    """
    if not folder.is_dir():
        raise MerbenchError(
            f"{folder} is no folder; set `repo` to one that holds demucs models (.th files)"
        )
    networks: dict[str, str] = {}
    for file in sorted(folder.glob("*.th")):
        other = networks.setdefault(_signature(file.name), file.name)
        if other != file.name:
            raise MerbenchError(
                f"{folder} holds {other} and {file.name}, of one signature; delete all but one"
            )
    return Repository(networks, _bags(folder), str(folder))


def checksum(file: str) -> str:
    """Return the first digits of a file's SHA-256 as its name has them; none if it does not."""
    _, dash, digits = Path(file).stem.rpartition("-")
    return digits if dash else ""


def verify(file: Path) -> None:
    """Raise `MerbenchError` unless a network's file has the checksum of its name."""
    if not _is_whole(file):
        raise MerbenchError(
            f"{file} is damaged: its SHA-256 begins with {file_digest(file)[:8]}, not as its name "
            "says; restore it"
        )


def fetch(name: str) -> Path:
    """Return the folder of published models, after downloading what it lacks of one.

    Raises
    ------
    MerbenchError
        There is no such model, or it is not there and cannot be downloaded.
    """
    model = published().find(name)
    folder = home() / "weights" / "demucs"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for file in model.files:
            path = folder / Path(file).name
            if not (path.is_file() and _is_whole(path)):
                _download(name, file, path)
        if model.bag is not None:
            _copy(model.bag, folder / model.bag.name)
    except OSError as error:
        raise MerbenchError(
            f"the weights of demucs' {name} cannot be kept in {folder} ({error.strerror}); set "
            "MERBENCH_HOME to a folder that can be written"
        ) from error
    return folder


def _download(name: str, file: str, path: Path) -> None:
    """Download one network, whole or not at all."""
    from demucs.pretrained import ROOT_URL

    url = ROOT_URL + file
    remedy = f"run once where there is a network, or put the file at {path}"
    if os.environ.get(OFFLINE, "0") not in ("", "0"):
        raise MerbenchError(
            f"demucs' {name} is not here yet, and {OFFLINE} forbids to download {url}; {remedy}"
        )
    try:
        with tempfile.TemporaryDirectory(dir=path.parent) as scratch:
            part = Path(scratch) / path.name
            _save(url, part, f"demucs {name}")
            if not _is_whole(part):
                raise MerbenchError(
                    f"what was downloaded from {url} does not have the checksum in its name; try "
                    "again"
                )
            part.replace(path)
    except (URLError, HTTPException, ConnectionError, TimeoutError) as error:
        reason = getattr(error, "reason", None) or error
        raise MerbenchError(
            f"demucs' {name} cannot be downloaded from {url} ({reason}); {remedy}"
        ) from error


def _save(url: str, path: Path, title: str) -> None:
    from rich.console import Console
    from rich.progress import wrap_file

    with urlopen(url, timeout=_TIMEOUT) as response, path.open("wb") as file:
        total = int(response.headers.get("Content-Length", 0))
        # Standard output may be a script's.
        console = Console(stderr=True)
        with wrap_file(response, total, description=title, console=console) as watched:
            shutil.copyfileobj(watched, file)


def _copy(source: Path, path: Path) -> None:
    """Copy a small file unless it is there; a reader never sees part of it."""
    content = source.read_bytes()
    if path.is_file() and path.read_bytes() == content:
        return
    with tempfile.TemporaryDirectory(dir=path.parent) as scratch:
        (Path(scratch) / path.name).write_bytes(content)
        (Path(scratch) / path.name).replace(path)


def _signature(file: str) -> str:
    return Path(file).stem.rsplit("-", 1)[0]


def _bags(folder: Path) -> dict[str, Path]:
    return {file.stem: file for file in sorted(folder.glob("*.yaml"))}


def _is_whole(file: Path) -> bool:
    return file_digest(file).startswith(checksum(file.name))
