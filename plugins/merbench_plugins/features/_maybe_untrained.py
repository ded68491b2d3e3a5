"""Extractors around a pretrained network that also run with random weights."""

from __future__ import annotations

from pydantic import Field

from merbench import FeatureExtractor


class MaybeUntrained(FeatureExtractor):
    """Base of extractors whose network reads weights, or has random ones where it is told so."""

    untrained: bool = Field(
        False,
        description="Whether its weights are random, the same each time, and none are read: to try "
        "a benchmark without them, or to see what the trained ones are worth.",
    )

    def ready(self) -> None:
        """Raise `MerbenchError` without the weights, where they are read."""
        if not self.untrained:
            super().ready()
