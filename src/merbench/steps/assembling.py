"""Joining the stems of all clips into one table that a model can read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from merbench.components import Component, FeatureKind
from merbench.errors import PluginError
from merbench.steps.array_files import appending
from merbench.steps.artifact_keys import artifact_key
from merbench.steps.step import Step
from merbench.steps.store import Artifact, Store

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_ROWS_AT_ONCE = 256

# --- from arrays to a table a model can read ---------------------------------------------------


@dataclass(frozen=True)
class Assemble(Step):
    """Join the stems of every clip into one table, a row a clip, in the dataset's order."""

    stage: ClassVar[str] = "assemble"
    key: str
    needs: tuple[str, ...]
    clip_ids: tuple[str, ...]
    stems: tuple[str, ...]
    kind: FeatureKind
    label: str
    made_by: tuple[Component, ...] = ()

    @property
    def title(self) -> str:
        return f"table of {self.label}"

    @property
    def plugins(self) -> tuple[Component, ...]:
        return self.made_by

    def run(self, store: Store) -> None:
        import numpy as np

        lengths, rates = [], []
        with store.writing(self.key, {"kind": self.kind.value}) as folder:
            with appending(folder / "rows.npy") as append:
                first = None
                for position in range(len(self.needs)):
                    artifact = store.get(self.needs[position])
                    rows = self._rows(artifact, position)
                    first = first or rows.shape[1:]
                    self._compare(position, rows.shape[1:], first)
                    append(rows)
                    lengths.append(len(rows))
                    rates.append(artifact.info.get("frame_rate"))
            if self.kind in (FeatureKind.SEQUENCE, FeatureKind.WAVEFORM):
                np.save(folder / "lengths.npy", np.asarray(lengths, dtype=np.int64))
            if None not in rates:
                np.save(folder / "rates.npy", np.asarray(rates, dtype=np.float64))

    def _rows(self, artifact: Artifact, position: int) -> NDArray[np.float32]:
        """Join one clip's stems: one row, or, where clips differ in length, one a time step."""
        import numpy as np

        stems = [artifact.arrays[stem] for stem in self.stems]
        shapes = {stem.shape for stem in stems}
        if len(shapes) != 1:
            raise PluginError(
                f"clip {self.clip_ids[position]} of {self.label}: its stems gave arrays of "
                f"different shapes {sorted(shapes)}; correct the feature extractor"
            )
        match self.kind:
            case FeatureKind.VECTOR:
                return np.concatenate(stems)[np.newaxis]
            case FeatureKind.IMAGE:
                return np.stack(stems)[np.newaxis]
            case FeatureKind.SEQUENCE:
                return np.concatenate(stems, axis=1)
            case FeatureKind.WAVEFORM:
                return np.stack(stems, axis=1)

    def _compare(self, position: int, shape: tuple[int, ...], first: tuple[int, ...]) -> None:
        if shape != first:
            raise PluginError(
                f"clip {self.clip_ids[position]} of {self.label} has features of shape {shape} "
                f"where the first clip has {first}; correct the feature extractor"
            )


def joined_key(tables: Sequence[str]) -> str:
    """Key of the table that joins some tables of vectors, in this order."""
    return artifact_key("join", of=list(tables))


@dataclass(frozen=True)
class JoinTables(Step):
    """Join tables of vectors into one, a clip's vectors behind each other."""

    stage: ClassVar[str] = "assemble"
    key: str
    needs: tuple[str, ...]
    label: str

    @property
    def title(self) -> str:
        return f"table of {self.label}"

    @property
    def plugins(self) -> tuple[Component, ...]:
        return ()

    def run(self, store: Store) -> None:
        import numpy as np

        tables = [store.get(key, mapped=True).arrays["rows"] for key in self.needs]
        with (
            store.writing(self.key, {"kind": FeatureKind.VECTOR.value}) as folder,
            appending(folder / "rows.npy") as append,
        ):
            for start in range(0, len(tables[0]), _ROWS_AT_ONCE):
                chosen = slice(start, start + _ROWS_AT_ONCE)
                append(np.concatenate([table[chosen] for table in tables], axis=1))


class ClipRows:
    """Some clips' rows of a table that may stay on disk.

    Indexing with an integer gives one clip's array; with a slice or integers, a batch of them: one
    array, or a list where clips differ in length.
    """

    def __init__(
        self,
        table: NDArray[Any],
        indices: NDArray[np.int64],
        offsets: NDArray[np.int64] | None = None,
        *,
        transposed: bool = False,
        rates: NDArray[np.float64] | None = None,
    ) -> None:
        self._table = table
        self._indices = indices
        self._offsets = offsets
        self._transposed = transposed
        self._rates = rates

    def __len__(self) -> int:
        return len(self._indices)

    @property
    def shape(self) -> tuple[int, ...]:
        """(clips, ...); a time axis that differs between clips is the longest clip's."""
        if self._offsets is None:
            return (len(self), *self._table.shape[1:])
        starts, stops = self._offsets[self._indices], self._offsets[self._indices + 1]
        longest, width = int((stops - starts).max(initial=0)), self._table.shape[1]
        return (len(self), width, longest) if self._transposed else (len(self), longest, width)

    @property
    def ndim(self) -> int:
        """Number of axes of `shape`."""
        return len(self.shape)

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the values."""
        return self._table.dtype

    @property
    def rates(self) -> NDArray[np.float64] | None:
        """Frames a second of each clip, of a waveform samples a second, shape (clips,).

        They differ where clips differ in sample rate and the extractor leaves each its own. None
        where the feature extractor does not state them.
        """
        return None if self._rates is None else self._rates[self._indices]

    def __getitem__(self, item: Any) -> Any:
        import numpy as np

        chosen = self._indices[item]
        if np.ndim(chosen) == 0:
            return self._row(int(chosen))
        if self._offsets is None:
            return np.asarray(self._table[chosen])
        return [self._row(int(row)) for row in chosen]

    def __iter__(self) -> Iterator[NDArray[Any]]:
        return (self[i] for i in range(len(self)))

    def take(self, rows: Sequence[int]) -> ClipRows:
        """Return some of these clips, still on disk."""
        chosen = self._indices[list(rows)]
        return ClipRows(
            self._table, chosen, self._offsets, transposed=self._transposed, rates=self._rates
        )

    def _row(self, row: int) -> NDArray[Any]:
        import numpy as np

        if self._offsets is None:
            return np.asarray(self._table[row])
        timed = self._table[self._offsets[row] : self._offsets[row + 1]]
        return np.asarray(timed.T if self._transposed else timed)


def open_rows(store: Store, key: str, indices: Sequence[int], *, scaled: bool = False) -> Any:
    """Return rows of a stored table: an array for vectors, else `ClipRows` mapped from disk.

    With `scaled`, vectors have zero mean and unit variance over the whole table, whichever rows
    are asked for: a leak that papers are reproduced with.
    """
    import numpy as np

    artifact = store.get(key, mapped=True)
    kind = FeatureKind(artifact.info["kind"])
    table, chosen = artifact.arrays["rows"], np.asarray(indices, dtype=np.int64)
    if kind is FeatureKind.VECTOR:
        rows = np.asarray(table[chosen])
        if not scaled:
            return rows
        spread = table.std(axis=0, dtype=np.float64)
        spread[spread == 0] = 1
        return ((rows - table.mean(axis=0, dtype=np.float64)) / spread).astype(np.float32)
    rates = artifact.arrays.get("rates")
    if rates is not None:
        rates = np.asarray(rates)
    if kind is FeatureKind.IMAGE:
        return ClipRows(table, chosen, rates=rates)
    offsets = np.concatenate([[0], np.cumsum(artifact.arrays["lengths"])])
    waveform = kind is FeatureKind.WAVEFORM
    return ClipRows(table, chosen, offsets, transposed=waveform, rates=rates)
