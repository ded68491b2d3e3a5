"""The network behind the recurrent models, and what it makes least for valence and arousal."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pad_packed_sequence

from merbench_plugins.models._recurrent_recipe import Cell, Recipe

LEAST_STD = 1e-3
"""Smallest standard deviation that the network can predict, on the [0, 1] scale."""


class Network(nn.Module):
    """A recurrent layer over a clip's steps, and dense layers over what it makes of them.

    Parameters
    ----------
    cell, bidirectional
        The recurrent layer.
    features
        Numbers in a step.
    recipe
        Sizes and the rest, see `Recipe`.
    outputs
        Columns of a label.
    bias
        What the outputs lie around at first, shape (outputs,); None leaves that to chance.
    """

    def __init__(
        self,
        cell: Cell,
        features: int,
        bidirectional: bool,
        recipe: Recipe,
        outputs: int = 4,
        bias: Tensor | None = None,
    ) -> None:
        super().__init__()
        self.readout = recipe.readout
        self.start = recipe.start
        self.recurrent = getattr(nn, cell)(
            features,
            recipe.hidden,
            recipe.layers,
            batch_first=True,
            bidirectional=bidirectional,
        )
        width = recipe.hidden * (2 if bidirectional else 1)
        head: list[nn.Module] = []
        for units in recipe.head:
            block = [nn.Linear(width, units), nn.BatchNorm1d(units), nn.ReLU()]
            dropout = nn.Dropout(recipe.dropout)
            head += [dropout, *block] if recipe.dropout_at == "start" else [*block, dropout]
            width = units
        output = nn.Linear(width, outputs)
        if bias is not None:
            output.bias.data.copy_(bias)
        self.head = nn.Sequential(*head, output)

    def forward(self, steps: Tensor, lengths: Tensor) -> Tensor:
        """Map clips to outputs of shape (n, outputs).

        Parameters
        ----------
        steps
            Shape (n, longest, features); what lies beyond a clip's length is never looked at.
        lengths
            Steps of each clip, shape (n,).
        """
        ragged = bool((lengths != steps.shape[1]).any())
        # What lies behind a clip's end cannot reach a layer that runs forward before it; one that
        # runs backward begins there. Torch is slow with packed clips.
        packed = ragged and self.recurrent.bidirectional
        given: Tensor | PackedSequence = steps
        if packed:
            given = pack_padded_sequence(
                steps, lengths.cpu(), batch_first=True, enforce_sorted=False
            )
        outputs, state = self.recurrent(given, self._first_state(steps))
        if packed:
            outputs, _ = pad_packed_sequence(outputs, batch_first=True)
        if self.readout == "mean":
            if ragged:
                inside = torch.arange(outputs.shape[1], device=steps.device) < lengths[:, None]
                outputs = outputs.where(inside[:, :, None], 0.0)
            summary = outputs.sum(dim=1) / lengths.to(outputs)[:, None]
        elif self.recurrent.bidirectional:
            hidden = state[0] if isinstance(state, tuple) else state
            summary = hidden[-2:].transpose(0, 1).flatten(1)
        else:
            summary = outputs[torch.arange(len(steps), device=steps.device), lengths - 1]
        result: Tensor = self.head(summary)
        return result

    def _first_state(self, steps: Tensor) -> Any:
        if self.start == "zero":
            return None
        layer = self.recurrent
        layers = layer.num_layers * (2 if layer.bidirectional else 1)
        shape = (layers, len(steps), layer.hidden_size)
        hidden = torch.rand(shape, device=steps.device)
        if isinstance(layer, nn.LSTM):
            return hidden, torch.rand(shape, device=steps.device)
        return hidden


def count_parameters(cell: Cell, features: int, bidirectional: bool, recipe: Recipe) -> int:
    """Count the trainable parameters of a network for steps of so many features."""
    with torch.device("meta"):
        network = Network(cell, features, bidirectional, recipe)
    return sum(p.numel() for p in network.parameters())


def normal(outputs: Tensor) -> Tensor:
    """Turn outputs into means and positive standard deviations, shape (n, 4)."""
    return torch.cat([outputs[:, :2], functional.softplus(outputs[:, 2:]) + LEAST_STD], dim=1)


class NormalDivergence(nn.Module):
    """KL[P_truth || Q_predicted] of Nguyen et al. 2022, Equation 1, mean over the batch."""

    def forward(self, outputs: Tensor, truth: Tensor) -> Tensor:
        """Return the loss of one batch, both of shape (n, 4)."""
        rows = normal(outputs)
        ratio = truth[:, 2:] / rows[:, 2:]
        error = (rows[:, :2] - truth[:, :2]) / rows[:, 2:]
        terms = error.square() + ratio.square() - 1 - 2 * ratio.clamp_min(1e-6).log()
        return terms.sum() / (2 * len(truth))
