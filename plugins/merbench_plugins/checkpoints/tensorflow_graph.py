"""The graph that TensorFlow stores beside a checkpoint, as far as weights do not tell it.

`<prefix>.meta` holds a `MetaGraphDef`, whose field 2 is the graph. A graph's field 1 are its nodes,
each with a name (1), an operation (2) and attributes (5), pairs of a name (1) and a value (2).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from merbench.errors import MerbenchError
from merbench_plugins.checkpoints.protocol_buffers import (
    MalformedError,
    fields,
    message,
    varint,
)

__all__ = ["META_SUFFIX", "Pool", "max_pools"]

META_SUFFIX = ".meta"


class Pool(NamedTuple):
    """One pooling of maxima over images of shape (height, width)."""

    size: tuple[int, int]
    stride: tuple[int, int]


def max_pools(path: Path) -> list[Pool]:
    """Return the poolings of maxima of a stored graph, in the order in which it makes them.

    Parameters
    ----------
    path
        The file whose name ends in ".meta".

    Raises
    ------
    MerbenchError
        It cannot be read, or is no such file.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise MerbenchError(
            f"{path} cannot be read ({error.strerror}); restore it: it tells how the checkpoint's "
            "network pools, which its weights do not"
        ) from error
    try:
        graphs = [message(value) for field, value in fields(content) if field == 2]
        return [pool for graph in graphs for pool in _pools(graph)]
    except (MalformedError, IndexError, KeyError, ValueError) as error:
        raise MerbenchError(
            f"{path} is no graph of TensorFlow's or is damaged ({error}); restore it"
        ) from error


def _pools(graph: bytes) -> Iterator[Pool]:
    for field, node in fields(graph):
        if field != 1:
            continue
        parts = list(fields(message(node)))
        if dict(parts).get(2) != b"MaxPool":
            continue
        pairs = (dict(fields(message(value))) for part, value in parts if part == 5)
        attributes = {message(pair[1]): message(pair[2]) for pair in pairs}
        yield Pool(_window(attributes[b"ksize"]), _window(attributes[b"strides"]))


def _window(value: bytes) -> tuple[int, int]:
    """Return height and width of a list of four integers, channels last."""
    listed = dict(fields(message(dict(fields(value))[1])))
    packed, numbers, position = message(listed[3]), [], 0
    while position < len(packed):
        number, position = varint(packed, position)
        numbers.append(number)
    _, height, width, _ = numbers
    return height, width
