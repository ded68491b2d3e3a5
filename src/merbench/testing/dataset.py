"""Checks of datasets."""

from __future__ import annotations

import functools
import pickle
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from merbench.components import Dataset
from merbench.errors import MerbenchError
from merbench.planning import inspection
from merbench.planning.datasets import check_clips, read_clips
from merbench.steps import decoding
from merbench.testing import chance
from merbench.testing.contract import BrokenError, demand


def dataset_checks(dataset: Dataset) -> Iterator[tuple[str, Callable[[], object]]]:
    watch = chance.Watch(dataset)

    def missing() -> str | None:
        if not dataset.needs_root:
            return "skipped: it needs no folder"
        with tempfile.TemporaryDirectory() as folder:
            try:
                read_clips(dataset, Path(folder))
            except MerbenchError as error:
                return f"refused: {error}"
        raise BrokenError(
            "an empty folder was accepted; raise a MerbenchError that says what to get"
        )

    def findings() -> str | None:
        if not dataset.needs_root:
            return "skipped: it needs no folder"
        with tempfile.TemporaryDirectory() as folder:
            found = inspection.inspect_copy(dataset, Path(folder))
        demand(
            any(finding.level == "error" for finding in found),
            "check() finds nothing wrong with an empty folder",
        )
        return None

    def clips() -> str | None:
        if dataset.needs_root:
            return "skipped: it needs its folder; see `merbench data check`"
        with tempfile.TemporaryDirectory() as folder:
            found, again = read_clips(dataset, Path(folder)), read_clips(dataset, Path(folder))
            check_clips(dataset, found)
            demand(found == again, "two readings give different clips")
            demand(len({clip.group for clip in found}) > 1, "all clips are of one group")
            pickle.dumps(found)
            for clip in found[:2]:
                waveform, rate = watch(functools.partial(decoding.decode_clip, dataset, clip))
                same = np.array_equal(waveform, decoding.decode_clip(dataset, clip)[0])
                demand(same, f"clip {clip.id} decodes differently twice")
                if dataset.has_true_stems:
                    stems, stem_rate = dataset.true_stems(clip)
                    total = np.sum([stems[s] for s in sorted(stems)], axis=0)
                    demand(
                        stem_rate == rate and np.allclose(total, waveform, atol=1e-3),
                        f"the stems of clip {clip.id} do not sum to it",
                    )
        return None

    yield "says what is missing from an empty folder", missing
    yield "checks an empty folder", findings
    yield "yields sound clips", clips
