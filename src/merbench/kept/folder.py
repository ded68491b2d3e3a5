"""A model's folder: a manifest that says what it is, and files whose digests it states."""

from __future__ import annotations

import json
import re
import shutil
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from merbench.bounds import json_file
from merbench.components import KeepsItself, Model
from merbench.components.base import plugin_sources
from merbench.errors import MerbenchError, data_fault
from merbench.identity import digest
from merbench.kept.classes import Allowed
from merbench.kept.estimator_reading import read_estimator
from merbench.kept.estimator_writing import write_estimator
from merbench.steps.array_files import file_checksum

if TYPE_CHECKING:
    from merbench.evaluation.novelty import Familiar

MANIFEST, FAMILIAR, OWN = "manifest.json", "training_clips.safetensors", "own"
SCHEMA = 1

_FILES = re.compile(
    r"estimator\.json|(arrays|tensors|training_clips)\.safetensors|part-\d{1,6}\.(skops|ubj)"
    r"|own/[A-Za-z0-9_][A-Za-z0-9._-]{0,100}"
)
_NEEDED = ("system", "identity", "task", "columns", "spec", "base", "files", "digest", "inputs")


@dataclass(frozen=True)
class KeptModel:
    """A model's folder, its files as its manifest states them.

    Attributes
    ----------
    folder
        Where it lies.
    manifest
        What it is, of what data, and made with what.
    """

    folder: Path
    manifest: Mapping[str, Any]

    def estimator(self, model: Model) -> Any:
        """Return the fitted estimator.

        Parameters
        ----------
        model
            The component that it is of, from the plugins that are installed here.

        Raises
        ------
        MerbenchError
            It is damaged, or made of what it may not be made of.
        """
        if isinstance(model, KeepsItself):
            return model.restore(self.folder / OWN)
        return read_estimator(self.folder, Allowed(plugin_sources(model)))

    def familiar(self) -> Familiar:
        """Return what is known of the clips that it was trained on."""
        from safetensors.numpy import load_file

        from merbench.evaluation.novelty import Familiar

        try:
            found = load_file(self.folder / FAMILIAR)
            return Familiar(
                found["centre"], found["spread"], found["rows"], float(found["limit"][0])
            )
        except Exception as error:
            raise MerbenchError(
                f"{self.folder / FAMILIAR} cannot be read ({data_fault(error)}); fit the model "
                "again"
            ) from error


def write_model(
    folder: Path,
    estimator: Any,
    model: Model,
    familiar: Familiar,
    manifest: Mapping[str, Any],
    *,
    overwrite: bool = False,
) -> KeptModel:
    """Write a model's folder, whole or not at all.

    Raises
    ------
    MerbenchError
        The estimator cannot be kept, or something is in the folder's place.
    """
    from safetensors.numpy import save_file

    if folder.exists() and not (overwrite and (folder / MANIFEST).is_file()):
        raise MerbenchError(f"{folder} is there already; name another with --out")
    folder.parent.mkdir(parents=True, exist_ok=True)
    temporary = folder.with_name(f".{folder.name}.{uuid.uuid4().hex}")
    temporary.mkdir()
    try:
        if isinstance(model, KeepsItself):
            (temporary / OWN).mkdir()
            model.keep(estimator, temporary / OWN)
        else:
            write_estimator(estimator, temporary, Allowed(plugin_sources(model)))
        import numpy as np

        arrays = {
            "centre": familiar.centre,
            "spread": familiar.spread,
            "rows": familiar.rows,
            "limit": np.asarray([familiar.limit]),
        }
        save_file(arrays, temporary / FAMILIAR)
        document = {"schema": SCHEMA, **manifest, "files": _digests(temporary)}
        document = json.loads(json.dumps(document))
        document["digest"] = digest(document)
        (temporary / MANIFEST).write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
        for path in temporary.rglob("*"):  # safetensors leaves files to their owner alone
            if path.is_file():
                path.chmod((temporary / MANIFEST).stat().st_mode)
        read_model(temporary)
        if folder.exists():
            shutil.rmtree(folder)
        temporary.rename(folder)
    except OSError as error:
        raise MerbenchError(f"{folder} cannot be written ({error.strerror or error})") from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return KeptModel(folder, document)


def read_model(folder: Path) -> KeptModel:
    """Read a model's manifest, and see that its files are those that it states.

    Raises
    ------
    MerbenchError
        It is no model's folder, or a file is missing, damaged, or too many.
    """
    if not (folder / MANIFEST).is_file():
        raise MerbenchError(f"{folder} is no model: name the folder that `merbench fit` wrote")
    try:
        manifest = json_file(folder / MANIFEST)
        missing = [name for name in _NEEDED if name not in manifest]
        if missing or manifest["schema"] != SCHEMA:
            raise MerbenchError(
                f"{folder} is no model that this merbench reads: its manifest "
                + (f"lacks {missing[0]}" if missing else f"has the schema {manifest['schema']!r}")
            )
        stated = dict(manifest["files"])
        unsigned = {key: value for key, value in manifest.items() if key != "digest"}
        if digest(unsigned) != manifest["digest"]:
            raise MerbenchError(f"{folder / MANIFEST} was changed after it was written; fit again")
        for name in stated:
            if not _FILES.fullmatch(name):
                raise MerbenchError(f"{folder} names {name!r}, which is no file of a model")
        found = _digests(folder)
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise MerbenchError(
            f"{folder} is no model: its files do not hold what a model's do ({data_fault(error)})"
        ) from None
    for name in sorted(stated.keys() | found.keys()):
        if found.get(name) != stated.get(name):
            how = "missing" if name not in found else "changed" if name in stated else "not its own"
            raise MerbenchError(f"{folder / name} is {how}: the model is damaged; fit it again")
    return KeptModel(folder, manifest)


def _digests(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of all files but the manifest; nothing else may be there."""
    found = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if name in (MANIFEST, OWN) and not path.is_symlink():
            continue
        if path.is_symlink() or not path.is_file():
            raise MerbenchError(f"{path} is no file of a model; take it out")
        found[name] = file_checksum(path)
    return found
