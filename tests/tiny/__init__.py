"""Numpy-only plugins, one a file, so that an edit of one is an edit of nothing else."""

from __future__ import annotations

from merbench import hookimpl

from .average import Average
from .halves import Halves
from .hiss import Hiss, Longer
from .levels import Levels
from .linear import Linear
from .noise import Noise
from .plain import Plain
from .shapes import Frames, Pieces, Samples


@hookimpl
def merbench_datasets():
    yield Noise


@hookimpl
def merbench_separators():
    yield Plain
    yield Halves


@hookimpl
def merbench_augmentations():
    yield Hiss
    yield Longer


@hookimpl
def merbench_features():
    yield Levels
    yield Frames
    yield Pieces
    yield Samples


@hookimpl
def merbench_models():
    yield Average
    yield Linear
