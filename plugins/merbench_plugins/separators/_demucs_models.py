"""Demucs' models as files: which make up a model, and where published ones are kept.

A model is one network, in a file `SIGNATURE-CHECKSUM.th` or `SIGNATURE.th`, or a bag of several,
listed in a file `NAME.yaml`. The checksum is the first digits of the file's SHA-256.
"""

from __future__ import annotations

import importlib.util
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from merbench import KnownWeights, MerbenchError, WeightsFile
from merbench.digests import file_digest
from merbench.naming import nearest

ROOT_URL = "https://dl.fbaipublicfiles.com/demucs/"
"""As the package has it, in a module that takes seconds to import."""


class Model(NamedTuple):
    """What makes up a model."""

    name: str
    folder: Path
    """Local repository that holds its files, or will."""
    files: tuple[str, ...]
    """Name of each network's file."""
    bag: Path | None
    """Description of the bag they are, if they are one."""
    published: KnownWeights | None
    """The weights that the files are, if its authors published it."""

    @property
    def checksums(self) -> list[str]:
        """What tells the model from others; of a published one known before it is downloaded."""
        bag = [] if self.bag is None else [file_digest(self.bag)]
        if self.published is None:
            return bag + [file_digest(self.folder / file) for file in self.files]
        return bag + [_checksum(file) for file in self.files]

    def ensure(self) -> None:
        """See that the model is in its folder and whole.

        Raises
        ------
        MerbenchError
            A file is missing or damaged.
        """
        if self.published is not None:
            self.published.path()
            if self.bag is not None:
                self._keep_bag(self.bag)
            return
        for file in self.files:
            path = self.folder / file
            if not _is_whole(path):
                raise MerbenchError(
                    f"{path} is damaged: its SHA-256 begins with {file_digest(path)[:8]}, not as "
                    "its name says; restore it"
                )

    def _keep_bag(self, bag: Path) -> None:
        """Put the description of a published bag beside its networks."""
        try:
            _copy(bag, self.folder / bag.name)
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
        There is no such folder or model, or its description is malformed, or no package demucs.
    """
    if repository is None:
        networks = _addresses()
        signatures, bag = _parts(name, networks, _package() / "remote", "the package demucs")
        # A network by itself is fetched with the first bag that it is part of.
        bags = (title for title, parts in _bags(networks) if name in parts)
        weights = _weights(name if bag else next(bags, name), [networks[s] for s in signatures])
        files = tuple(networks[s].rpartition("/")[2] for s in signatures)
        return Model(name, weights.folder, files, bag, weights)
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


def published() -> list[KnownWeights]:
    """Return the models that the installed package says were published: bags, and what is in none.

    Raises
    ------
    MerbenchError
        The package is not installed, or describes them otherwise than it used to.
    """
    networks = _addresses()
    found = dict(_bags(networks))
    alone = networks.keys() - {signature for parts in found.values() for signature in parts}
    found |= {signature: [signature] for signature in sorted(alone)}
    return [_weights(name, [networks[s] for s in parts]) for name, parts in found.items()]


def _bags(networks: Mapping[str, str]) -> Iterator[tuple[str, list[str]]]:
    """Yield the name of each published bag, and the signatures of its networks."""
    folder = _package() / "remote"
    for file in sorted(folder.glob("*.yaml")):
        yield file.stem, _parts(file.stem, networks, folder, "the package demucs")[0]


def _weights(name: str, urls: Sequence[str]) -> KnownWeights:
    once = list(dict.fromkeys(urls))  # a bag may hold a network several times
    return KnownWeights(
        name,
        summary="one network" if len(once) == 1 else f"a bag of {len(once)} networks",
        licence="MIT",
        source="https://github.com/facebookresearch/demucs",
        files=tuple(WeightsFile(_checksum(url.rpartition("/")[2]), url) for url in once),
        subfolder="demucs",
    )


def _addresses() -> dict[str, str]:
    """Return the address of each published network, by its signature."""
    networks, root = {}, ""
    listing = _package() / "remote" / "files.txt"
    for line in listing.read_text(encoding="utf-8").splitlines():
        text = line.partition("#")[0].strip()
        if text.startswith("root:"):
            root = text.removeprefix("root:").strip()
        elif text:
            networks[_signature(text)] = ROOT_URL + root + text
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


def _copy(source: Path, path: Path) -> None:
    """Copy a small file unless it is there already; a reader never sees part of one."""
    content = source.read_bytes()
    if path.is_file() and path.read_bytes() == content:
        return
    with tempfile.TemporaryDirectory(dir=path.parent) as scratch:
        part = Path(scratch) / path.name
        part.write_bytes(content)
        part.replace(path)
