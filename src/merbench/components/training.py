"""What a separator may offer beside its contract: training it, and telling what it learned from.

Most separators learn nothing here. Those that do have the methods of a protocol, and derive from
nothing further for it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

if TYPE_CHECKING:
    from merbench.evaluation.shift import TrainingMusic


@runtime_checkable
class Trainable(Protocol):
    """A separator that `merbench separators train` can train."""

    def train(
        self,
        data: Sequence[Path],
        out: Path,
        options: Mapping[str, Any],
        progress: Callable[[str, float], None],
    ) -> None:
        """Train what the separator has to learn, and write it to a folder.

        Parameters
        ----------
        data
            Folders of music.
        out
            Folder for the checkpoint and its card.
        options
            The trainer's options by name, as the separator documents them.
        progress
            Called with what is being done and the share that is done, on [0, 1].
        """


@runtime_checkable
class Trained(Protocol):
    """A separator that can describe the music it was trained on."""

    def training_music(self) -> TrainingMusic | None:
        """Describe the music that the weights were trained on; None where that is not known.

        A run then tests whether its datasets are like that music.
        """
