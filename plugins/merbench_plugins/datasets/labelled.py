"""What datasets read from label files have in common: clips, or every fault on the way to them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pydantic import Field

from merbench import Clip, Dataset, Finding
from merbench_plugins.datasets.label_table import LabelError
from merbench_plugins.datasets.problems import Problems

__all__ = ["LabelledDataset", "MeanLabels"]


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
        from merbench.planning.inspection import check_audio
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
        labels = check_labels(self.task, clips, measured_spread=self.measured_spread)
        return [*problems.findings, *labels, *audio]

    @property
    def measured_spread(self) -> bool:
        """Whether the standard deviations of its labels are those of raters."""
        return True


class MeanLabels(LabelledDataset):
    """Base of datasets whose tables may have mean ratings and no standard deviations."""

    fixed_std: float | None = Field(
        None,
        ge=0.001,
        le=0.5,
        description="Standard deviation of every label, on the [0, 1] scale, where the table has "
        "means only: 0.1, for example. KL depends on it, and the dataset's name in tables says "
        "so.",
    )

    @property
    def title(self) -> str:
        """Name as tables show it, with the deviation that was not measured."""
        own = super().title
        return own if self.fixed_std is None else f"{own} (fixed_std={self.fixed_std:g})"

    @property
    def measured_spread(self) -> bool:
        """Whether the standard deviations of its labels are those of raters."""
        return self.fixed_std is None

    @property
    def spread_note(self) -> str:
        """What a clip's provenance says of its standard deviations; nothing where measured."""
        if self.fixed_std is None:
            return ""
        return f"standard deviations fixed at {self.fixed_std:g}, not measured"
