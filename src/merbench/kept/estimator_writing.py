"""A fitted estimator as files without pickle: a table of its objects, and their arrays.

Objects stand in `estimator.json`, each with its class and state; NumPy's arrays and torch's tensors
lie beside it as safetensors, what scikit-learn fitted as skops files, trees of XGBoost in its own
format.
"""

from __future__ import annotations

import copyreg
import enum
import json
import math
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path, PurePath
from typing import Any

from merbench.errors import MerbenchError, reason
from merbench.kept.classes import Allowed, lasting_name
from merbench.plugins.importing import PREFIX

ESTIMATOR, ARRAYS, TENSORS = "estimator.json", "arrays.safetensors", "tensors.safetensors"

SPENT_ON_TRAINING = (
    "optimizer_", "criterion_", "callbacks_", "callbacks", "history_", "train_split",
    "virtual_params_", "iterator_train__sampler",
)  # fmt: skip
"""What skorch's networks hold for training alone; it is left out."""


def write_estimator(estimator: Any, folder: Path, allowed: Allowed) -> None:
    """Write a fitted estimator into a folder.

    Parameters
    ----------
    estimator
        Fitted.
    folder
        There, and empty of such files.
    allowed
        The classes that it may be made of.

    Raises
    ------
    MerbenchError
        Something in it cannot be kept without pickle; the sentence names it.
    """
    writer = _Writer(folder, allowed)
    root = writer.value(estimator)
    document = {"root": root, "objects": writer.objects}
    (folder / ESTIMATOR).write_text(json.dumps(document, allow_nan=False), encoding="utf-8")
    if writer.arrays:
        from safetensors.numpy import save_file

        save_file(writer.arrays, folder / ARRAYS)
    if writer.tensors:
        from safetensors.torch import save_file as save_tensors

        save_tensors(writer.tensors, folder / TENSORS)


class _Writer:
    """Turns objects into rows of a table; what is met twice stands in it once."""

    def __init__(self, folder: Path, allowed: Allowed) -> None:
        self._folder, self._allowed = folder, allowed
        self.objects: list[dict[str, Any] | None] = []
        self.arrays: dict[str, Any] = {}
        self.tensors: dict[str, Any] = {}
        self._rows: dict[int, int] = {}
        self._met: list[Any] = []
        self._way: list[str] = []

    def value(self, value: Any) -> Any:
        """Return a value as JSON: itself, or the number of its row."""
        if value is None or type(value) in (bool, int, str):
            return value
        if type(value) is float and math.isfinite(value):
            return value
        row = self._rows.get(id(value))
        if row is None:
            row = len(self.objects)
            self._rows[id(value)] = row
            self._met.append(value)  # so that no other takes its place in memory
            self.objects.append(None)
            self.objects[row] = self._described(value)
        return {"$": row}

    def _described(self, value: Any) -> dict[str, Any]:
        kind = type(value)
        plain: dict[type, Callable[[Any], dict[str, Any]]] = {
            float: lambda v: {"kind": "float", "text": repr(v)},
            complex: lambda v: {"kind": "complex", "text": str(v)},
            list: lambda v: {"kind": "list", "items": self._items(v)},
            tuple: lambda v: {"kind": "tuple", "items": self._items(v)},
            set: lambda v: {"kind": "set", "items": self._items(sorted(v, key=repr))},
            frozenset: lambda v: {"kind": "frozenset", "items": self._items(sorted(v, key=repr))},
            dict: self._mapping,
            OrderedDict: lambda v: {**self._mapping(v), "kind": "ordered"},
            slice: lambda v: {"kind": "slice", "items": self._items((v.start, v.stop, v.step))},
        }
        if kind in plain:
            return plain[kind](value)
        if isinstance(value, type):
            self._allowed.named(lasting_name(value))
            return {"kind": "class", "class": lasting_name(value)}
        if isinstance(value, PurePath):
            return {"kind": "path", "text": str(value)}
        if isinstance(value, enum.Enum):
            self._allowed.made(lasting_name(kind))
            return {"kind": "enum", "class": lasting_name(kind), "value": self.value(value.value)}
        top = kind.__module__.partition(".")[0]
        if top == "numpy" and (found := self._of_numpy(value)) is not None:
            return found
        if top == "torch" and (found := self._of_torch(value)) is not None:
            return found
        if lasting_name(kind) == "xgboost.core:Booster":
            return {"kind": "xgboost", "file": self._part("ubj", value.save_model)}
        return self._object(value)

    def _mapping(self, value: dict[Any, Any]) -> dict[str, Any]:
        pairs = []
        for key, inner in value.items():
            self._way.append(str(key))
            pairs.append([self.value(key), self.value(inner)])
            self._way.pop()
        return {"kind": "dict", "pairs": pairs}

    def _items(self, values: Any) -> list[Any]:
        return [self.value(inner) for inner in values]

    def _of_numpy(self, value: Any) -> dict[str, Any] | None:
        import numpy as np

        if isinstance(value, np.dtype):
            return {"kind": "dtype", "text": value.str}
        if not isinstance(value, (np.ndarray, np.generic)) or type(value) is np.memmap:
            return None
        array = np.asarray(value)
        if array.dtype.kind in "OU":
            return {
                "kind": "objects", "shape": list(array.shape), "dtype": array.dtype.str,
                "items": self._items(array.ravel().tolist()),
            }  # fmt: skip
        if array.dtype.kind not in "biuf" or array.dtype.itemsize > 8:
            return None
        name = f"a{len(self.arrays)}"
        # How an array lies in memory decides the last bits of what is computed from it.
        columns = array.ndim > 1 and array.flags.f_contiguous and not array.flags.c_contiguous
        self.arrays[name] = np.ascontiguousarray(array).reshape(array.shape)
        scalar = isinstance(value, np.generic)
        return {"kind": "array", "name": name, "columns": columns, "scalar": scalar}

    def _of_torch(self, value: Any) -> dict[str, Any] | None:
        import torch

        if isinstance(value, torch.dtype):
            return {"kind": "torch dtype", "text": str(value).removeprefix("torch.")}
        if isinstance(value, torch.device):
            return {"kind": "torch device", "text": str(value)}
        if isinstance(value, torch.Size):
            return {"kind": "torch size", "items": list(value)}
        if isinstance(value, torch.Tensor):
            if type(value) not in (torch.Tensor, torch.nn.Parameter):
                return None
            name = f"t{len(self.tensors)}"
            self.tensors[name] = value.detach().cpu().contiguous().clone()
            return {
                "kind": "tensor", "name": name, "device": str(value.device),
                "strides": list(value.stride()),
                "parameter": isinstance(value, torch.nn.Parameter),
                "trained": bool(value.requires_grad),
            }  # fmt: skip
        return None

    def _object(self, value: Any) -> dict[str, Any]:
        kind = type(value)
        file = self._by_skops(value)
        if file:
            return {"kind": "skops", "file": file}
        if kind.__module__.partition(".")[0] in ("builtins", "functools", "types"):
            raise self._cannot(value, "a function or something like it")
        try:
            self._allowed.made(lasting_name(kind))
        except MerbenchError:
            raise self._cannot(value, "a class of neither its plugin nor a library known") from None
        if issubclass(kind, tuple):
            return {"kind": "named", "class": lasting_name(kind), "items": self._items(value)}
        if any(base.__module__.startswith("skorch.") for base in kind.__mro__):
            left_out = dict.fromkeys(SPENT_ON_TRAINING)
            state = {k: v for k, v in vars(value).items() if k not in left_out}
            return {"kind": "state", "class": lasting_name(kind), "state": self.value(state)}
        reduced = value.__reduce_ex__(2)
        plainly = reduced[0] is copyreg.__newobj__ and reduced[1] == (kind,)  # type: ignore[attr-defined]
        if not plainly or any(more is not None for more in reduced[3:]):
            raise self._cannot(value, "made in a way that pickle alone knows")
        inner: Any = reduced[2] if len(reduced) > 2 else None
        return {"kind": "object", "class": lasting_name(kind), "state": self.value(inner)}

    def _by_skops(self, value: Any) -> str:
        """Write what scikit-learn fitted as a skops file; nothing where that is not its business.

        Whatever holds networks is left to the table: skops knows no tensors.
        """
        from sklearn.base import BaseEstimator

        kind = type(value)
        of_sklearn = kind.__module__.partition(".")[0] in ("sklearn", "imblearn", "numpy", "scipy")
        if not of_sklearn and (
            not isinstance(value, BaseEstimator) or kind.__module__.startswith(PREFIX)
        ):
            return ""  # skops would write down where a plugin file lies
        import skops.io

        try:
            data = skops.io.dumps(value)
            unknown = skops.io.get_untrusted_types(data=data)
            self._allowed.in_skops(unknown)
        except Exception as error:
            if of_sklearn:
                raise self._cannot(value, f"which skops cannot keep ({reason(error)})") from None
            return ""
        if any(name.startswith(("torch.", "xgboost.", "skorch.")) for name in unknown):
            return ""
        return self._part("skops", lambda path: Path(path).write_bytes(data))

    def _part(self, suffix: str, write: Callable[[str], Any]) -> str:
        name = f"part-{len(list(self._folder.glob('part-*')))}.{suffix}"
        write(str(self._folder / name))
        return name

    def _cannot(self, value: Any, why: str) -> MerbenchError:
        where = ".".join(self._way[-3:])
        at = f" at {where}" if where else ""
        return MerbenchError(
            f"it holds {lasting_name(type(value))}{at}, {why}; give its model `keep` and "
            "`restore`, or take a model that can be kept"
        )
