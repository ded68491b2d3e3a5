"""Excerpts of a run's clips to listen to: the mix, and the stems its separators make of it.

Off unless a user names the data: whether music may be put on a page is for whoever holds a licence
to say, and nothing here can know it. Files lie beside the page, so that the page stays small.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from merbench import audio
from merbench.errors import MerbenchError
from merbench.leaderboard.results import Row
from merbench.pages.report import AUDIO
from merbench.pages.system import ClipExcerpts
from merbench.planning.cell import Cell
from merbench.planning.planner import make_plan
from merbench.plugins import readiness
from merbench.received_names import inside
from merbench.runs import manifest as manifests
from merbench.runs import trust
from merbench.runs.row_columns import bare_name
from merbench.steps import decoding, separating

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from merbench.components import Clip
    from merbench.steps.store import Store

    Waveform = NDArray[np.float32]

__all__ = ["SECONDS", "ExcerptMaker"]

SECONDS = 15.0
"""Length of an excerpt, from the clip's beginning."""
MIX = "mix"
_PEAK = 0.97
_COMPRESSION = 0.7
_MP3_RATES = (8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000)


class ExcerptMaker:
    """Makes excerpts of the clips of some of a run's datasets.

    Parameters
    ----------
    manifest
        The run's.
    datasets
        Names of the data whose licence allows it.
    folder
        Of the report.
    store
        Where stems are looked for before they are made anew.
    assignments
        `KEY=VALUE` changes of the benchmark file: where the data lie on this machine.
    trusted
        Whether the plugins that the run names may run here.

    Raises
    ------
    MerbenchError
        The run has no such dataset, or it cannot be read, or is not what the run had.
    """

    def __init__(
        self,
        manifest: Mapping[str, Any],
        datasets: Sequence[str],
        folder: Path,
        store: Store,
        assignments: Sequence[str] = (),
        *,
        trusted: bool = False,
    ) -> None:
        known = list(dict.fromkeys(bare_name(data["name"]) for data in manifest["datasets"]))
        unknown = [name for name in datasets if name not in known]
        if unknown:
            raise MerbenchError(
                f"--audio {unknown[0]}: the run has no such dataset; it has {', '.join(known)}"
            )
        self._folder, self._store = folder, store
        self._cells = _cells(manifest, datasets, store, assignments, trusted)
        self._clips: dict[int, dict[str, Clip]] = {}
        self._heard: dict[tuple[str, str, str], ClipExcerpts] = {}
        hashes = {cell.data.data_hash for cell in self._cells.values()}
        for data in manifest["datasets"]:
            if bare_name(data["name"]) in datasets and data["data_hash"] not in hashes:
                raise MerbenchError(
                    f"--audio {data['name']}: the data here are not those of the run (its hash is "
                    f"{data['data_hash'][:12]}); name the folder with "
                    f"--set datasets.{data.get('plugin', data['name'])}.root=PATH"
                )

    def __call__(self, row: Row, clip: str) -> ClipExcerpts | None:
        """Return what of a clip can be heard, as the row's system heard it; None for other data."""
        cell = self._cells.get(str(row["cell"]))
        if cell is None:
            return None
        separator = repr(cell.separator.identity()) if cell.separator else ""
        key = (cell.data.data_hash, separator, clip)
        if key not in self._heard:
            self._heard[key] = self._excerpts(cell, self._clip(cell, clip))
        return self._heard[key]

    def _clip(self, cell: Cell, clip: str) -> Clip:
        clips = self._clips.setdefault(id(cell.data), {c.id: c for c in cell.data.clips})
        return clips[clip]

    def _excerpts(self, cell: Cell, clip: Clip) -> ClipExcerpts:
        import numpy as np

        try:
            mix, rate = decoding.decode_clip(cell.data.dataset, clip)
        except MerbenchError as error:
            return ClipExcerpts((), f"cannot be decoded: {error}")
        found, silence = {MIX: mix}, ""
        if cell.separator is not None and len(cell.separator.stems) > 1:
            stems, silence = self._stems(cell, clip)
            found |= stems
        samples = int(SECONDS * rate)
        cut = {name: waveform[:, :samples] for name, waveform in found.items()}
        # One factor for all of a clip, so that stems keep their share of the mix.
        peak = max(float(np.abs(waveform).max()) for waveform in cut.values())
        factor = min(1.0, _PEAK / peak) if peak else 1.0
        separator = cell.names["separator"]
        sources = []
        for name, waveform in cut.items():
            of = "" if name == MIX else separator
            path = _file(cell.data.name, clip.id, of, name, cell.data.data_hash)
            self._write(inside(self._folder, path.as_posix()), factor * waveform, rate)
            sources.append((name, path.as_posix()))
        return ClipExcerpts(tuple(sources), silence)

    def _stems(self, cell: Cell, clip: Clip) -> tuple[dict[str, Waveform], str]:
        """Return a clip's stems, from the store or made anew, or why there are none."""
        dataset, separator = cell.data.dataset, cell.separator
        assert separator is not None
        try:
            key = separating.separation_key(
                separator, dataset, clip, decoding.decoding_key(dataset, clip), device=cell.device
            )
            if separator.stored and self._store.has(key):
                arrays = self._store.get(key).arrays
                return {stem: arrays[stem] for stem in separator.stems}, ""
            readiness.ready(separator)
            return separating.separate(dataset, clip, separator, device=cell.device)[0], ""
        except Exception as error:  # a plugin's fault is no reason to have no report
            return {}, f"stems of {separator.title} are not to be had: {error}"

    def _write(self, target: Path, waveform: Waveform, rate: int) -> None:
        import soundfile

        if len(waveform) > 2:
            waveform = waveform.mean(axis=0, keepdims=True)
        if rate not in _MP3_RATES:
            waveform, rate = audio.resample(waveform, rate, 44_100), 44_100
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            soundfile.write(
                target, waveform.T, rate, format="MP3", subtype="MPEG_LAYER_III",
                compression_level=_COMPRESSION, bitrate_mode="VARIABLE",
            )  # fmt: skip
        except (OSError, soundfile.LibsndfileError) as error:
            raise MerbenchError(
                f"{target} cannot be written ({error}); name another folder with --out"
            ) from error


def _cells(
    manifest: Mapping[str, Any],
    datasets: Iterable[str],
    store: Store,
    assignments: Sequence[str],
    trusted: bool,
) -> dict[str, Cell]:
    """Return the run's cells of some datasets, resolved anew."""
    document = manifests.document(manifest, "this run")
    for assignment in assignments:
        document.assign(assignment)
    benchmark, _ = trust.resolved(document, "this run", trusted=trusted)
    rooted = tuple(data for data in benchmark.datasets if bare_name(data.dataset.title) in datasets)
    store.prepare()
    return {cell.id: cell for cell in make_plan(replace(benchmark, datasets=rooted), store).cells}


def _file(dataset: str, clip: str, separator: str, stem: str, data_hash: str) -> Path:
    """Name of an excerpt that a person can read and no two excerpts share."""
    words = [word for word in (dataset, clip, separator, stem) if word]
    digest = hashlib.sha256("\n".join([*words, data_hash]).encode()).hexdigest()[:8]
    readable = "-".join(re.sub(r"[^A-Za-z0-9.]+", "-", word).strip("-.") for word in words)
    return Path(AUDIO) / f"{readable[:80]}-{digest}.mp3"
