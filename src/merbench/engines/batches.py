"""Quick steps gathered into batches, so that carrying them costs less than doing them."""

from __future__ import annotations

import math
from typing import Generic, TypeVar

Item = TypeVar("Item")

_BATCH_SECONDS = 1.0
"""What the steps of one batch should take together."""


class StepBatches(Generic[Item]):
    """Deals items into batches of about a second.

    How long an item of a kind takes is learned from those that are done; until one is, items go
    one by one.

    Parameters
    ----------
    most
        Items of one batch at most.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._waiting: dict[str, list[Item]] = {}
        self._pace: dict[str, float] = {}

    def size(self, kind: str) -> int:
        """Return how many items of a kind make a batch now."""
        pace = self._pace.get(kind, math.inf)
        return max(1, min(self._most, round(_BATCH_SECONDS / max(pace, 1e-6))))

    @property
    def waiting(self) -> int:
        """How many items wait to be sent."""
        return sum(map(len, self._waiting.values()))

    def fill(self) -> float:
        """Return how many batches the items that wait would fill."""
        return sum(len(items) / self.size(kind) for kind, items in self._waiting.items())

    def learn(self, kind: str, seconds: float) -> None:
        """Note what one item of a kind took."""
        before = self._pace.get(kind, seconds)
        self._pace[kind] = 0.8 * before + 0.2 * seconds

    def add(self, kind: str, item: Item) -> None:
        """Take an item; it waits for `deal`."""
        self._waiting.setdefault(kind, []).append(item)

    def deal(self, places: int) -> list[list[Item]]:
        """Return the batches to send now, as many as there are places at most."""
        dealt: list[list[Item]] = []
        for kind in list(self._waiting):
            items, size = self._waiting[kind], self.size(kind)
            while items and len(dealt) < places:
                # Fewer than fill the places are spread over them.
                share = min(size, math.ceil(len(items) / (places - len(dealt))))
                dealt.append(items[:share])
                del items[:share]
            if not items:
                del self._waiting[kind]
        return dealt

    def take(self) -> list[Item]:
        """Return all that waits, which then waits no more."""
        items = [item for items in self._waiting.values() for item in items]
        self._waiting.clear()
        return items
