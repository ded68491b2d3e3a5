"""What datasets read from label files have in common: clips, or every fault on the way to them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from merbench import Clip, Dataset, Finding
from merbench_plugins.datasets.label_table import LabelError, Problems

__all__ = ["LabelledDataset"]


class LabelledDataset(Dataset):
    """Base of datasets whose labels stand in files: they implement `read`.

    What reads labels is not among `source_modules`: labels enter a fit's key by value, and a
    dataset's source only that of the audio it decodes by itself.
    """

    def read(self, root: Path, problems: Problems) -> list[Clip]:
        """Return the labelled clips under `root`, in a fixed order.

        Parameters
        ----------
        root
            The dataset's folder.
        problems
            What raises or collects the errors met.
        """
        raise NotImplementedError

    def inspect(self, root: Path, clips: Sequence[Clip], problems: Problems) -> None:
        """Look for faults of this dataset's own, where `check` is asked; by default for none."""

    def clips(self, root: Path) -> Sequence[Clip]:
        """Return the labelled clips under `root`, in a fixed order.

        Raises
        ------
        LabelError
            With file and line, where labels or audio are not what they should be.
        """
        root = root.expanduser()
        if not root.is_dir():
            raise LabelError(root, f"there is no such folder; set the root of {self.name}")
        return self.read(root, Problems())

    def check(self, root: Path) -> list[Finding]:
        """Look for everything that is wrong with the copy under `root`, decoding every clip."""
        from merbench.inspection import check_audio
        from merbench_plugins.datasets.inspection import check_labels

        root = root.expanduser()
        if not root.is_dir():
            return [Finding("error", str(root), f"there is no such folder; set {self.name}'s root")]
        problems = Problems(collect=True)
        clips: list[Clip] = []
        with problems:
            clips = self.read(root, problems)
        if clips:
            with problems:
                self.inspect(root, clips, problems)
        audio = check_audio(self, clips) if self.has_audio else []
        return [*problems.findings, *check_labels(self.task, clips), *audio]
