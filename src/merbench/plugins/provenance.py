"""Where a plugin can be had: its distribution, its repository, its commit."""

from __future__ import annotations

import inspect
import json
import re
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from merbench import installed
from merbench.components import Component

__all__ = ["Provenance", "about", "address", "provenance"]

_LABELS = ("repository", "source", "source code", "code", "github", "gitlab", "homepage", "home")
"""What distributions call the address of their code, the surest first."""
_LONGEST = 1500
"""Letters of a docstring that are kept."""
_SECTION = re.compile(r"\n[A-Z][^\n]*\n-{3,}\n")
"""Where the parts of a docstring begin that describe parameters and methods."""


@dataclass(frozen=True)
class Provenance:
    """Where a plugin can be had; empty texts where nobody says.

    Parameters
    ----------
    distribution, distribution_version
        What is installed, as pip calls it; nothing for a file or a folder of plugins.
    repository
        Address of its code.
    commit
        Of the checkout that it lies in, or that it was installed from.
    changed
        Whether its files differ from that commit.
    """

    distribution: str = ""
    distribution_version: str = ""
    repository: str = ""
    commit: str = ""
    changed: bool = False


def provenance(cls: type[Component]) -> Provenance:
    """Return where a component's class can be had.

    Installed plugins are found by the entry points of their distributions; the rest, and those that
    are installed in a way that leaves them in their checkout, by the git checkout that their file
    lies in.
    """
    return _of_module(cls.__module__)


@cache
def _of_module(module: str) -> Provenance:
    file = getattr(sys.modules.get(module), "__file__", None)
    package = module.partition(".")[0]
    found = _distributions().get(package)
    if found is None:
        return _in_checkout(Path(file), package) if file else Provenance()
    described = _metadata(found)
    name, version = described["Name"] or "", installed.version(found)
    repository, source = _repository(described), _installed_from(found)
    if source.get("dir_info", {}).get("editable") and file:
        here = _in_checkout(Path(file), package)
        return Provenance(name, version, repository or here.repository, here.commit, here.changed)
    commit = str(source.get("vcs_info", {}).get("commit_id", ""))
    if commit:
        repository = repository or address(str(source.get("url", "")))
    return Provenance(name, version, repository, commit)


@cache
def _distributions() -> dict[str, metadata.Distribution]:
    """Return the distributions that offer plugins, by the packages that their plugins lie in."""
    found: dict[str, metadata.Distribution] = {}
    for point in installed.plugin_points():
        if point.dist is not None:
            found.setdefault(re.split(r"[.:]", point.value)[0], point.dist)
    return found


@cache
def _metadata(found: metadata.Distribution) -> metadata.PackageMetadata:
    """Return what a distribution says of itself, which is parsed anew whenever it is asked for."""
    return found.metadata


def _repository(found: metadata.PackageMetadata) -> str:
    """Return the address of a distribution's code, by what it calls its addresses."""
    urls = {}
    for line in found.get_all("Project-URL") or ():
        label, _, url = line.partition(",")
        urls[label.strip().lower()] = url.strip()
    urls.setdefault("homepage", (found.get_all("Home-page") or [""])[0])
    for label in _LABELS:
        if known := address(urls.get(label, "")):
            return known
    return ""


def _installed_from(found: metadata.Distribution) -> dict[str, Any]:
    """Return what PEP 610 keeps of where a distribution was installed from."""
    try:
        known = json.loads(found.read_text("direct_url.json") or "{}")
    except ValueError:
        return {}
    return known if isinstance(known, dict) else {}


def _in_checkout(file: Path, package: str) -> Provenance:
    """Return what git knows of a module's file: nothing where no checkout keeps it.

    A module of a package is changed where any file of its package is.
    """
    file = file.resolve()
    home = getattr(sys.modules.get(package), "__path__", None)
    inside = Path(next(iter(home))).resolve() if home else file.parent
    folder = inside if inside in file.parents else file.parent
    root = next((folder for folder in file.parents if (folder / ".git").exists()), None)
    if root is None:
        return Provenance()
    unkept, found = _checkout(root, folder)
    name = file.relative_to(root).as_posix()
    if any(name == one or (one.endswith("/") and name.startswith(one)) for one in unkept):
        return Provenance()
    return found


@cache
def _checkout(root: Path, folder: Path) -> tuple[tuple[str, ...], Provenance]:
    """Return what git does not keep of a checkout's folder, and what it knows of the rest.

    What it does not keep are files and, ending in a slash, whole folders, named from the root.
    """
    shown = ("--porcelain=v2", "--branch", "--ignored", "--untracked-files=all", "-z")
    try:
        lines = _git(folder, "status", *shown, "--", ".").split("\0")
    except (OSError, subprocess.SubprocessError):
        return (), Provenance()
    said = [line for line in lines if line.startswith("# branch.oid ")]
    commit = said[0].split()[-1] if said else ""
    if not re.fullmatch("[0-9a-f]+", commit):
        return (), Provenance()  # A checkout without any commit says so in brackets.
    changed = any(line[:2] not in ("", "# ", "! ") for line in lines)
    unkept = tuple(line[2:] for line in lines if line[:2] in ("? ", "! "))
    return unkept, Provenance(repository=_remote(root), commit=commit, changed=changed)


@cache
def _remote(root: Path) -> str:
    """Return the address that a checkout came from, where it may be shown."""
    try:
        return address(_git(root, "config", "--get", "remote.origin.url").strip())
    except (OSError, subprocess.SubprocessError):
        return ""


def _git(folder: Path, *arguments: str) -> str:
    """Return what git says of a folder, without a lock that another git would stumble over."""
    command = ["git", "--no-optional-locks", "-C", str(folder), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=10)
    return done.stdout


def address(url: str) -> str:
    """Return a web address that may be shown: no password, no file, no machine's own name."""
    at_host = re.fullmatch(r"(?:ssh://)?git@([\w.-]+)[:/](.+)", url)
    if at_host:
        url = f"https://{at_host[1]}/{at_host[2]}"
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", f":{parts.port}" if parts.port else ""
    except ValueError:
        return ""
    if parts.scheme not in ("http", "https") or "." not in host:
        return ""
    return urlunsplit((parts.scheme, host + port, parts.path.removesuffix(".git"), "", ""))


def about(cls: type[Component]) -> tuple[str, str]:
    """Return what a component's class says of itself: its first line, and the paragraphs after it.

    Sections on parameters are left out, for these are listed with their values.
    """
    # A class without a docstring of its own would have its base's, which is the contract.
    text = inspect.cleandoc(cls.__doc__) if isinstance(cls.__doc__, str) else ""
    first, _, rest = text.partition("\n")
    rest = _SECTION.split(f"\n{rest}", maxsplit=1)[0].strip()
    if len(rest) > _LONGEST:
        rest = rest[:_LONGEST].rsplit(" ", 1)[0] + " …"
    return first.strip(), rest
