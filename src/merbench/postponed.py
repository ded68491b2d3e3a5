"""Imports that others ask for and nobody uses, put off until somebody does."""

from __future__ import annotations

import importlib.util
import sys

__all__ = ["postpone_unused"]

_UNUSED = ("numpy.f2py",)
"""SciPy takes over every public name of NumPy, also of its Fortran translator: a third of the time
that `scipy.special` takes to import, in every process that fits or scores."""


def postpone_unused() -> None:
    """Have modules that nobody uses loaded only when something reads a name of theirs.

    To be called before SciPy is imported; what is loaded already stays as it is.
    """
    for name in _UNUSED:
        package, _, own = name.rpartition(".")
        parent = importlib.import_module(package)
        spec = None if name in sys.modules else importlib.util.find_spec(name)
        if spec is None or spec.loader is None:
            continue
        spec.loader = importlib.util.LazyLoader(spec.loader)
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        setattr(parent, own, module)
        spec.loader.exec_module(module)
