"""What a recurrent network is made of and how it is trained."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

Cell: TypeAlias = Literal["RNN", "LSTM", "GRU"]
Standardise: TypeAlias = Literal["column", "scalar"]
Readout: TypeAlias = Literal["last", "mean"]
Start: TypeAlias = Literal["zero", "uniform"]
DropoutAt: TypeAlias = Literal["start", "end"]
Keep: TypeAlias = Literal["best", "last"]
KeptBack: TypeAlias = Literal["groups", "clips"]


@dataclass(frozen=True)
class Recipe:
    """Layers of a recurrent network and how they are trained; fields as in `Recurrent`.

    Parameters
    ----------
    head
        Units of the hidden dense layers after the recurrent one.
    dropout_at
        Whether a block of the head starts with its dropout, or ends with it after its ReLU.
    from_prior
        Whether the untrained network's outputs lie around the training clips' mean label.
    """

    head: tuple[int, ...] = (64,)
    dropout_at: DropoutAt = "end"
    from_prior: bool = True
    hidden: int = 64
    layers: int = 1
    dropout: float = 0.3
    readout: Readout = "mean"
    start: Start = "zero"
    standardise: Standardise = "column"
    max_frames: int = 1_000_000
    pool: int = 10
    learning_rate: float = 1e-3
    batch_size: int = 32
    epochs: int = 60
    clip_norm: float = 5.0
    validation: float = 0.15
    kept_back: KeptBack = "groups"
    keep: Keep = "best"
    patience: int = 10
