from __future__ import annotations

import csv

from merbench import Clip, Dataset, Task


class Noise(Dataset):
    """Noise of different loudness, labelled in `clips.csv`."""

    name = "noise"
    task = Task.VA
    has_true_stems = True

    def clips(self, root):
        with (root / "clips.csv").open(newline="") as handle:
            rows = list(csv.DictReader(handle))
        return [
            Clip(
                id=row["id"],
                group=row["group"],
                label=tuple(float(row[column]) for column in self.task.columns),
                audio=root / f"{row['id']}.wav",
                stems={"bass": root / f"{row['id']}.bass.wav"},  # written by tests that need it
            )
            for row in rows
        ]
