"""A last layer by itself."""

from __future__ import annotations

from torch import Tensor, nn

from merbench_plugins.networks.blocks import start_as_keras


class Probe(nn.Module):
    """Dropout and one dense layer on a vector."""

    def __init__(self, shape: tuple[int, ...], outputs: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        self.output = nn.Linear(shape[0], outputs)
        start_as_keras(self)

    def forward(self, vectors: Tensor) -> Tensor:
        """Map vectors (n, d) to scores (n, outputs)."""
        scores: Tensor = self.output(self.dropout(vectors))
        return scores
