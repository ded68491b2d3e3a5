"""Demucs' models as files: which make up a model, and where published ones are kept.

A model is one network, in a file `SIGNATURE-CHECKSUM.th` or `SIGNATURE.th`, or a bag of several,
listed in a file `NAME.yaml`. The checksum is the first digits of the file's SHA-256.
"""

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
from merbench.digests import file_digest
from merbench.naming import nearest
from merbench.steps.store import home

OFFLINE = "MERBENCH_OFFLINE"
"""Environment variable that forbids downloads, unless it is empty or 0."""

ROOT_URL = "https://dl.fbaipublicfiles.com/demucs/"
"""As the package has it, in a module that takes seconds to import."""

_TIMEOUT = 15.0


class Model(NamedTuple):
    """What makes up a model."""

    name: str
    folder: Path
    """Local repository that holds its files, or will."""
    files: tuple[str, ...]
    """Name of each network's file."""
    bag: Path | None
    """Description of the bag they are, if they are one."""
    urls: tuple[str, ...] | None
    """Where the files of a published model come from, after the root that all share."""

    @property
    def checksums(self) -> list[str]:
        """What tells the model from others; of a published one known before it is downloaded."""
        bag = [] if self.bag is None else [file_digest(self.bag)]
        if self.urls is None:
            return bag + [file_digest(self.folder / file) for file in self.files]
        return bag + [_checksum(file) for file in self.files]

    def ensure(self) -> None:
        """See that the model is in its folder and whole; download what is missing.

        Raises
        ------
        MerbenchError
            A file is damaged, or cannot be downloaded or kept.
        """
        if self.urls is not None:
            self._fetch(self.urls)
            return
        for file in self.files:
            path = self.folder / file
            if not _is_whole(path):
                raise MerbenchError(
                    f"{path} is damaged: its SHA-256 begins with {file_digest(path)[:8]}, not as "
                    "its name says; restore it"
                )

    def _fetch(self, urls: tuple[str, ...]) -> None:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            for file, url in zip(self.files, urls, strict=True):
                path = self.folder / file
                if not (path.is_file() and _is_whole(path)):
                    _download(self.name, url, path)
            if self.bag is not None:
                _copy(self.bag, self.folder / self.bag.name)
        except OSError as error:
            raise MerbenchError(
                f"demucs' {self.name} cannot be kept in {self.folder} ({error.strerror}); set "
                "MERBENCH_HOME to a folder that can be written"
            ) from error


def find(name: str, repository: Path | None) -> Model:
    """Return a model by its signature, or by the name of its bag.

    Parameters
    ----------
    name
        Of the model.
    repository
        Folder that holds it; None for the models that the installed package says were published.

    Raises
    ------
    MerbenchError
        There is no such folder or model, or its description is malformed.
    """
    if repository is None:
        folder = _package() / "remote"
        urls = _published(folder / "files.txt")
        signatures, bag = _parts(name, urls, folder, "the package demucs")
        found = tuple(urls[signature] for signature in signatures)
        files = tuple(url.rpartition("/")[2] for url in found)
        return Model(name, home() / "weights" / "demucs", files, bag, found)
    folder = repository.expanduser()
    if not folder.is_dir():
        raise MerbenchError(
            f"{folder} is no folder; set `repo` to one that holds demucs models (.th files)"
        )
    networks = _networks(folder)
    signatures, bag = _parts(name, networks, folder, str(folder))
    return Model(name, folder, tuple(networks[s] for s in signatures), bag, None)


def _parts(
    name: str, networks: Mapping[str, str], folder: Path, where: str
) -> tuple[list[str], Path | None]:
    """Return the signatures of a model's networks, and the description of the bag they are."""
    import yaml

    if name in networks:
        return [name], None
    bags = {file.stem: file for file in folder.glob("*.yaml")}
    if name not in bags:
        raise MerbenchError(f"{where} has no model {name!r}{nearest(name, bags or networks)}")
    try:
        signatures = yaml.safe_load(bags[name].read_text(encoding="utf-8"))["models"]
        missing = [signature for signature in signatures if signature not in networks]
    except (yaml.YAMLError, UnicodeDecodeError, TypeError, KeyError) as error:
        raise MerbenchError(
            f"{bags[name]} describes no bag of models; it must list signatures under `models`"
        ) from error
    if missing or not signatures:
        raise MerbenchError(
            f"{bags[name]} names {', '.join(map(str, missing)) or 'no networks'}, but the "
            f"signatures there are {', '.join(sorted(networks)) or 'none'}; add the .th files"
        )
    return signatures, bags[name]


def _package() -> Path:
    """Folder of the package, which is not imported: that would take seconds."""
    spec = importlib.util.find_spec("demucs")
    if spec is None or spec.origin is None:
        raise MerbenchError("demucs cannot be found; install it with `pip install demucs`")
    return Path(spec.origin).parent


def _published(listing: Path) -> dict[str, str]:
    """Return the end of each published network's address, by its signature."""
    networks, root = {}, ""
    for line in listing.read_text(encoding="utf-8").splitlines():
        text = line.partition("#")[0].strip()
        if text.startswith("root:"):
            root = text.removeprefix("root:").strip()
        elif text:
            networks[_signature(text)] = root + text
    return networks


def _networks(folder: Path) -> dict[str, str]:
    """Return the file name of each network in a folder, by its signature."""
    networks: dict[str, str] = {}
    for file in sorted(folder.glob("*.th")):
        other = networks.setdefault(_signature(file.name), file.name)
        if other != file.name:
            raise MerbenchError(
                f"{folder} holds {other} and {file.name}, of one signature; delete all but one"
            )
    return networks


def _signature(file: str) -> str:
    return Path(file).stem.rsplit("-", 1)[0]


def _checksum(file: str) -> str:
    """Return the checksum in a file's name; nothing where there is none."""
    _, dash, digits = Path(file).stem.rpartition("-")
    return digits if dash else ""


def _is_whole(path: Path) -> bool:
    return file_digest(path).startswith(_checksum(path.name))


def _download(model: str, url: str, path: Path) -> None:
    """Download one network, whole or not at all."""
    url = ROOT_URL + url
    remedy = f"run once where there is a network, or put the file at {path}"
    if os.environ.get(OFFLINE, "0") not in ("", "0"):
        raise MerbenchError(
            f"demucs' {model} is not there yet, and {OFFLINE} forbids to download {url}; {remedy}"
        )
    try:
        with tempfile.TemporaryDirectory(dir=path.parent) as scratch:
            part = Path(scratch) / path.name
            _save(url, part, f"demucs {model}")
            if not _is_whole(part):
                raise MerbenchError(
                    f"what {url} sent does not have the checksum in its name; {remedy}"
                )
            part.replace(path)
    except (URLError, HTTPException, ConnectionError, TimeoutError) as error:
        reason = getattr(error, "reason", None) or error
        raise MerbenchError(
            f"demucs' {model} cannot be downloaded from {url} ({reason}); {remedy}"
        ) from error


def _save(url: str, path: Path, title: str) -> None:
    """Write what an address sends to a file."""
    from rich.console import Console
    from rich.progress import wrap_file

    # Standard output may be read by a script.
    console = Console(stderr=True)
    with urlopen(url, timeout=_TIMEOUT) as response, path.open("wb") as file:
        size = int(response.headers.get("Content-Length", 0))
        with wrap_file(response, size, description=title, console=console) as watched:
            shutil.copyfileobj(watched, file)


def _copy(source: Path, path: Path) -> None:
    """Copy a small file unless it is there already; a reader never sees part of one."""
    content = source.read_bytes()
    if path.is_file() and path.read_bytes() == content:
        return
    with tempfile.TemporaryDirectory(dir=path.parent) as scratch:
        part = Path(scratch) / path.name
        part.write_bytes(content)
        part.replace(path)
