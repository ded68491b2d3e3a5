"""The contract of protocols: clips in, folds of training and test clips out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from merbench.components.base import Component
from merbench.components.clip import Clip


class Split(NamedTuple):
    """One fold: positions of its training and test clips."""

    fold: int
    """Its number, counted from 0."""
    train: tuple[int, ...]
    test: tuple[int, ...]


class Protocol(Component):
    """Splits clips, repeatedly, into training and test clips.

    One that may put clips of a group on both sides has a parameter `grouped`, which is then false:
    whatever it is called otherwise, a split that does so is refused.
    """

    def splits(self, clips: Sequence[Clip]) -> list[Split]:
        """Split clips into folds.

        Parameters
        ----------
        clips
            In the dataset's order: the same clips give the same splits. All chance comes from a
            parameter, `seed`.

        Returns
        -------
        list of Split
            One a fold, numbered from 0. A clip may be on neither side.

        Raises
        ------
        MerbenchError
            The clips cannot be split so.
        """
        raise NotImplementedError(f"{type(self).__name__} has no method `splits`; write it")

    def identity(self) -> dict[str, Any]:
        """Name and parameters: what a run's record has of it."""
        return {"name": self.name, "parameters": self.model_dump(mode="json")}
