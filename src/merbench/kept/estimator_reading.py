"""A kept estimator read back: objects are made empty and given their state, and nothing is run."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any

from merbench.bounds import json_file
from merbench.errors import MerbenchError, data_fault
from merbench.kept.classes import Allowed
from merbench.kept.estimator_writing import ARRAYS, ESTIMATOR, SPENT_ON_TRAINING, TENSORS

_PART = re.compile(r"part-\d{1,6}\.(skops|ubj)")
_DTYPE = re.compile(r"[<>|=]?[biufUO]\d*")


def read_estimator(folder: Path, allowed: Allowed) -> Any:
    """Return the estimator that `write_estimator` wrote into a folder.

    Raises
    ------
    MerbenchError
        It is damaged, or made of what it may not be made of.
    """
    try:
        document = json_file(folder / ESTIMATOR)
        return _Reader(folder, allowed, document["objects"]).value(document["root"])
    except MerbenchError as error:
        raise error.within(f"the model in {folder} is refused") from None
    except Exception as error:  # whatever a stranger's file makes of a library
        raise MerbenchError(
            f"the model in {folder} cannot be read ({data_fault(error)}); fit it again"
        ) from error


class _Reader:
    def __init__(self, folder: Path, allowed: Allowed, objects: list[dict[str, Any]]) -> None:
        self._folder, self._allowed, self._objects = folder, allowed, objects
        self._made: dict[int, Any] = {}
        self._begun: set[int] = set()
        self._arrays: dict[str, Any] = {}
        self._tensors: dict[str, Any] = {}
        if (folder / ARRAYS).is_file():
            from safetensors.numpy import load_file

            self._arrays = load_file(folder / ARRAYS)
        if (folder / TENSORS).is_file():
            from safetensors.torch import load_file as load_tensors

            self._tensors = load_tensors(folder / TENSORS)

    def value(self, value: Any) -> Any:
        if not isinstance(value, dict):
            if isinstance(value, list):
                raise MerbenchError(f"{ESTIMATOR} holds a list where a value is expected")
            return value
        row = value["$"]
        if row not in self._made:
            if row in self._begun or not isinstance(row, int) or row < 0:
                raise MerbenchError(f"row {row} of {ESTIMATOR} holds itself")
            self._begun.add(row)
            self._made[row] = self._build(self._objects[row], row)
        return self._made[row]

    def _build(self, node: dict[str, Any], row: int) -> Any:
        kind = node["kind"]
        makers: dict[str, Callable[[], Any]] = {
            "float": lambda: float(node["text"]),
            "complex": lambda: complex(node["text"]),
            "tuple": lambda: tuple(self._items(node)),
            "set": lambda: set(self._items(node)),
            "frozenset": lambda: frozenset(self._items(node)),
            "slice": lambda: slice(*self._items(node)),
            "path": lambda: Path(node["text"]),
            "class": lambda: self._allowed.named(node["class"]),
            "enum": lambda: self._allowed.made(node["class"])(self.value(node["value"])),
            "named": lambda: self._named(node),
            "dtype": lambda: self._dtype(node["text"]),
            "objects": lambda: self._of_objects(node),
            "array": lambda: self._array(node),
            "tensor": lambda: self._tensor(node),
            "torch dtype": lambda: self._torch_dtype(node["text"]),
            "torch device": lambda: self._device(node["text"]),
            "torch size": lambda: self._size(node["items"]),
            "xgboost": lambda: self._booster(node["file"]),
            "skops": lambda: self._skops(node["file"]),
        }
        if kind in makers:
            return makers[kind]()
        if kind == "list":
            made: Any = []
            self._made[row] = made
            made += self._items(node)
        elif kind in ("dict", "ordered"):
            made = OrderedDict() if kind == "ordered" else {}
            self._made[row] = made
            for key, inner in node["pairs"]:
                made[self.value(key)] = self.value(inner)
        elif kind in ("object", "state"):
            cls: Any = self._allowed.made(node["class"])
            made = cls.__new__(cls)
            self._made[row] = made
            self._give_state(made, self.value(node["state"]), plainly=kind == "state")
        else:
            raise MerbenchError(f"row {row} of {ESTIMATOR} is of no known kind")
        return made

    def _named(self, node: dict[str, Any]) -> Any:
        cls: Any = self._allowed.made(node["class"])
        return tuple.__new__(cls, self._items(node))

    def _items(self, node: dict[str, Any]) -> list[Any]:
        return [self.value(inner) for inner in node["items"]]

    def _give_state(self, made: Any, state: Any, *, plainly: bool) -> None:
        if plainly:
            made.__dict__.update({**dict.fromkeys(SPENT_ON_TRAINING), **state})
        elif hasattr(made, "__setstate__"):
            made.__setstate__(state)
        elif isinstance(state, tuple):
            plain, slots = state
            made.__dict__.update(plain or {})
            for name, value in slots.items():
                object.__setattr__(made, name, value)
        elif state is not None:
            made.__dict__.update(state)

    def _dtype(self, text: str) -> Any:
        import numpy as np

        if not _DTYPE.fullmatch(text):
            raise MerbenchError(f"{ESTIMATOR} names {text!r}, which is no type of numbers")
        return np.dtype(text)

    def _of_objects(self, node: dict[str, Any]) -> Any:
        import numpy as np

        items = self._items(node)
        array = np.empty(len(items), dtype=self._dtype(node["dtype"]))
        for position, item in enumerate(items):
            array[position] = item
        return array.reshape(node["shape"])

    def _array(self, node: dict[str, Any]) -> Any:
        import numpy as np

        array = self._arrays[node["name"]]
        if node["scalar"]:
            return array[()]
        return np.asfortranarray(array) if node["columns"] else array

    def _tensor(self, node: dict[str, Any]) -> Any:
        import torch

        stored, strides = self._tensors[node["name"]], list(node["strides"])
        reach = sum((n - 1) * step for n, step in zip(stored.shape, strides, strict=True)) + 1
        if stored.numel() and not 0 < reach <= stored.numel():
            raise MerbenchError(f"{ESTIMATOR} says of {node['name']} what cannot be")
        # As it lay in memory, so that sums are added up in the same order.
        tensor = torch.empty_strided(stored.shape, strides, dtype=stored.dtype)
        tensor = tensor.copy_(stored).to(self._device(node["device"]))
        if node["parameter"]:
            return torch.nn.Parameter(tensor, requires_grad=bool(node["trained"]))
        return tensor

    def _torch_dtype(self, text: str) -> Any:
        import torch

        found = getattr(torch, text, None)
        if not isinstance(found, torch.dtype):
            raise MerbenchError(f"{ESTIMATOR} names {text!r}, which is no type of numbers")
        return found

    def _device(self, text: str) -> Any:
        import torch

        from merbench import devices

        try:
            return torch.device(devices.present(text))
        except MerbenchError as error:
            raise MerbenchError(
                f"it was fitted on {text} ({error}); fit it again with --set device=cpu"
            ) from None

    def _size(self, items: list[int]) -> Any:
        import torch

        return torch.Size(items)

    def _part(self, name: str) -> Path:
        if not isinstance(name, str) or not _PART.fullmatch(name):
            raise MerbenchError(f"it names {name!r}, which is no file of a model")
        return self._folder / name

    def _booster(self, name: str) -> Any:
        from xgboost import Booster

        booster = Booster()
        booster.load_model(str(self._part(name)))
        return booster

    def _skops(self, name: str) -> Any:
        import skops.io

        data = self._part(name).read_bytes()
        trusted = self._allowed.in_skops(skops.io.get_untrusted_types(data=data))
        return skops.io.loads(data, trusted=trusted)
