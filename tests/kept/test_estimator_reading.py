"""What stands in a file decides which objects are made, and never that anything is run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from merbench.errors import MerbenchError
from merbench.kept.classes import Allowed
from merbench.kept.estimator_reading import read_estimator
from merbench.kept.estimator_writing import ESTIMATOR, write_estimator

ALLOWED = Allowed({"merbench_plugins"})


def made_of(folder: Path, *objects: dict[str, Any]) -> Any:
    (folder / ESTIMATOR).write_text(json.dumps({"root": {"$": 0}, "objects": objects}))
    return read_estimator(folder, ALLOWED)


@pytest.mark.parametrize(
    "node",
    [
        {"kind": "class", "class": "os:system"},
        {"kind": "object", "class": "subprocess:Popen", "state": None},
        {"kind": "object", "class": "builtins:eval", "state": None},
        {"kind": "enum", "class": "os:system", "value": "true"},
        {"kind": "named", "class": "pathlib:Path", "items": ["x"]},
        {"kind": "skops", "file": "../part-0.skops"},
        {"kind": "skops", "file": "/etc/passwd"},
        {"kind": "xgboost", "file": "part-0.ubj/../../x"},
        {"kind": "dtype", "text": "O8; x"},
        {"kind": "torch dtype", "text": "load"},
        {"kind": "torch device", "text": "cuda:99"},
        {"kind": "pickle", "text": "x"},
        {"kind": "tuple", "items": [{"$": 0}]},
        {"kind": "array", "name": "a0", "columns": False, "scalar": False},
        {"kind": "list", "items": [["x"]]},
        {},
    ],
)
def test_what_a_stranger_may_write_is_refused(tmp_path: Path, node: dict[str, Any]) -> None:
    with pytest.raises(MerbenchError):
        made_of(tmp_path, node)


@pytest.mark.parametrize("text", ["", "[", "null", '{"root": {"$": 3}, "objects": []}'])
def test_what_is_no_table(tmp_path: Path, text: str) -> None:
    (tmp_path / ESTIMATOR).write_text(text)
    with pytest.raises(MerbenchError):
        read_estimator(tmp_path, ALLOWED)


def test_a_skops_file_with_a_function_in_it(tmp_path: Path) -> None:
    import os

    import skops.io
    from sklearn.preprocessing import FunctionTransformer

    (tmp_path / "part-0.skops").write_bytes(skops.io.dumps(FunctionTransformer(os.system)))
    with pytest.raises(MerbenchError, match="it names"):
        made_of(tmp_path, {"kind": "skops", "file": "part-0.skops"})


def test_arrays_come_back_as_they_lay(tmp_path: Path) -> None:
    columns = np.asfortranarray(np.arange(6.0).reshape(2, 3))
    value = {
        "columns": columns, "same": columns,
        "texts": np.array(["a", "bc"]), "scalar": np.float32(2),
        "nothing": np.empty((0, 3)), "objects": np.array([None, "x"], dtype=object),
        "numbers": [float("inf"), 1, True, None, 2.5], "set": {1, 2}, "slice": slice(1, 2),
        "dtype": np.dtype("float32"), (1, "key"): (Path("x"),),
    }  # fmt: skip
    write_estimator(value, tmp_path, ALLOWED)
    back = read_estimator(tmp_path, ALLOWED)
    assert back["columns"].flags.f_contiguous
    np.testing.assert_array_equal(back["columns"], columns)
    assert back["same"] is back["columns"]
    assert back["texts"].tolist() == ["a", "bc"]
    assert back["scalar"] == np.float32(2)
    assert type(back["scalar"]) is np.float32
    assert back["nothing"].shape == (0, 3)
    assert back["objects"].tolist() == [None, "x"]
    assert back["numbers"] == value["numbers"]
    assert back["set"] == {1, 2}
    assert back["slice"] == slice(1, 2)
    assert back["dtype"] == np.dtype("float32")
    assert back[1, "key"] == (Path("x"),)


def test_a_list_in_itself(tmp_path: Path) -> None:
    value: list[Any] = [1]
    value.append(value)
    write_estimator(value, tmp_path, ALLOWED)
    back = read_estimator(tmp_path, ALLOWED)
    assert back[1] is back
