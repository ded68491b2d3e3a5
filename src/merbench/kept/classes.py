"""Which classes a kept model may be made of: those of its own plugin, and of a few libraries.

A model's folder may be a stranger's. Nothing in it is run: it names classes, whose objects are made
empty and given their state. What it names must be one of these, or the folder is refused.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Collection
from typing import Any

from merbench.errors import MerbenchError
from merbench.plugins.importing import PREFIX

_OBJECTS = (
    "merbench.",
    "torch.nn.modules.",
    "skorch.net.",
    "skorch.classifier.",
    "skorch.regressor.",
    "xgboost.sklearn.",
)
"""Where else than in the plugin's packages classes may stand of which objects are made."""
_NAMED = (*_OBJECTS, "torch.optim.", "torch.utils.data.", "skorch.", "sklearn.", "imblearn.")
"""Where classes may stand that an object merely refers to, as a network's loss."""
_PLACE = re.compile(r"_[0-9a-f]+$")
_IN_SKOPS = ("sklearn.", "imblearn.", "xgboost.sklearn.", "collections.")
"""Where else classes may stand that skops makes objects of, beyond those that it trusts itself."""


class Allowed:
    """The classes that may be used.

    Parameters
    ----------
    packages
        Top names of the packages and files that the model's plugins are defined in, found from the
        plugins as they are installed here and never from a folder.
    """

    def __init__(self, packages: Collection[str]) -> None:
        self._packages = {_lasting(name): name for name in packages} | {n: n for n in packages}

    def made(self, name: str) -> type[Any]:
        """Return a class of which an object is to be made."""
        return self._class(name, _OBJECTS)

    def named(self, name: str) -> type[Any]:
        """Return a class that an object refers to."""
        return self._class(name, _NAMED)

    def in_skops(self, names: Collection[str]) -> list[str]:
        """Return the types of a skops file that skops itself does not trust, once looked at.

        Raises
        ------
        MerbenchError
            One of them is none of those that may be used.
        """
        for name in names:
            module, _, qualified = name.rpartition(".")
            self._class(f"{module}:{qualified}", _IN_SKOPS)
        return list(names)

    def _class(self, name: str, places: tuple[str, ...]) -> type[Any]:
        module, colon, qualified = name.partition(":")
        parts = qualified.split(".")
        top, _, rest = module.partition(".")
        own = top in self._packages
        if own:
            module = f"{self._packages[top]}.{rest}".rstrip(".")
        if not colon or not (own or f"{module}.".startswith(places)):
            raise MerbenchError(f"it names {name!r}, which is no class of the model's plugin")
        if not all(part.isidentifier() for part in (*module.split("."), *parts)):
            raise MerbenchError(f"it names {name!r}, which is no name of a class")
        try:
            found: Any = importlib.import_module(module)
            for part in parts:
                found = vars(found)[part]
        except (ImportError, LookupError, TypeError):
            raise MerbenchError(
                f"it names {name!r}, which is not here; install what it was made with"
            ) from None
        if not isinstance(found, type) or found.__module__ != module:
            raise MerbenchError(f"it names {name!r}, which is no class of that module")
        return found


def lasting_name(cls: type[Any]) -> str:
    """Return how a file names a class: `module:name`."""
    top, dot, rest = cls.__module__.partition(".")
    return f"{_lasting(top)}{dot}{rest}:{cls.__qualname__}"


def _lasting(package: str) -> str:
    """Return a package's name without what of it changes where a plugin file is moved."""
    return _PLACE.sub("", package) if package.startswith(PREFIX) else package
