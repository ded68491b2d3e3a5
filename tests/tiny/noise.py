from __future__ import annotations

import csv

from merbench import CANONICAL_STEMS, Clip, Dataset, Task


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
                stems={stem: root / f"{row['id']}.wav" for stem in CANONICAL_STEMS[:2]},
            )
            for row in rows
        ]
