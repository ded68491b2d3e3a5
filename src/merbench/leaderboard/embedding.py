"""A run's clips laid out on a plane by their features: t-SNE, of what the store still has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from merbench.benchmark.names import NONE, settings_text
from merbench.components import FeatureKind
from merbench.leaderboard.results import Results, Row, clips_of
from merbench.steps.assembling import open_rows
from merbench.tasks import Task

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from merbench.steps.store import Store

    Array = NDArray[np.float64]

__all__ = ["CLIPS", "VIEWS", "Layout", "layouts", "tsne"]

CLIPS = 2_000
"""Clips laid out at most; of more, so many are drawn, the same each time."""
VIEWS = 4
"""Layouts of one run at most."""
FEWEST = 8
"""Clips below which there is nothing to lay out."""

_COMPONENTS = 50
_PERPLEXITY = 30.0
_BLOCK = 4_096


@dataclass(frozen=True)
class Layout:
    """Clips on a plane on which those of like features lie together.

    Parameters
    ----------
    dataset, separator, features
        Names of what was laid out.
    points
        Shape (n, 2). Near points are alike; how far far ones are apart means nothing.
    classes
        Shape (n,): each clip's likeliest class, as a position in `names`.
    names
        Names of all classes.
    n_clips
        Clips that the run tested.
    alike
        Share of the n clips whose nearest neighbour on the plane is of their class.
    chance
        Share to be expected if the classes were dealt out anew.
    """

    dataset: str
    separator: str
    features: str
    points: Array
    classes: NDArray[np.intp]
    names: tuple[str, ...]
    n_clips: int
    alike: float
    chance: float


def layouts(content: Results, store: Store) -> list[Layout]:
    """Lay out the tested clips of a run's tables of classes, once for each table of features.

    Tables are found by the keys that the manifest holds; one that is no longer in the store is left
    out, as are augmented clips and models that take several features at once.
    """
    entries = {entry["id"]: entry for entry in content.manifest.get("cells", ())}
    listed = {
        (data["data_hash"], data["task"]): data["clips"]["id"]
        for data in content.manifest.get("datasets", ())
    }
    found: list[Layout] = []
    points: dict[tuple[str, bytes], Array] = {}
    seen = set()
    for row in content.rows:
        entry = entries.get(str(row["cell"]), {})
        tables: list[str] = entry.get("tables") or []
        task = Task(row["task"])
        if task is Task.VA or len(tables) != 1 or (row.get("augmentation") or NONE) != NONE:
            continue
        table, ids = tables[0], listed.get((entry["data_hash"], row["task"]), [])
        if (row["table"], table) in seen or not store.has(table):
            continue
        seen.add((row["table"], table))
        known = _labelled(content, row, task, ids)
        if known is None:
            continue
        rows, classes, names = known
        chosen = _spread(len(rows))
        drawn = table, rows[chosen].tobytes()
        if drawn not in points:
            features = _features(store, table, rows[chosen], len(ids))
            if features is None:
                continue
            points[drawn] = tsne(features)
        found.append(_layout(row, points[drawn], classes[chosen], names, len(rows)))
        if len(found) == VIEWS:
            break
    return found


def _labelled(
    content: Results, row: Row, task: Task, ids: list[str]
) -> tuple[NDArray[np.intp], NDArray[np.intp], tuple[str, ...]] | None:
    """Return the positions of a row's tested clips in its table, their classes, and all names."""
    import numpy as np

    clips = clips_of(task, content.predictions_of(row))
    if clips is None or clips.truth is None or len(clips.clip) < FEWEST:
        return None
    position = {clip: i for i, clip in enumerate(ids)}
    if not position.keys() >= set(clips.clip):
        return None
    rows = np.array([position[clip] for clip in clips.clip])
    order = np.argsort(rows)  # as the table lies on disk
    return rows[order], clips.truth.argmax(axis=1)[order], clips.columns


def _spread(n: int) -> NDArray[np.intp]:
    """Return the positions of at most `CLIPS` of n clips, ascending."""
    import numpy as np

    return np.sort(np.random.default_rng(0).permutation(n)[:CLIPS])


def _features(store: Store, key: str, rows: NDArray[np.intp], n_clips: int) -> Any:
    """Return the features of some clips, a row each.

    Of what has an axis of time, its mean and deviation over time are taken. None for waveforms,
    which nothing here sums up, and for a table of another number of clips.
    """
    import numpy as np

    artifact = store.get(key, mapped=True)
    kind = FeatureKind(artifact.info["kind"])
    counted = artifact.arrays.get("lengths", artifact.arrays["rows"])
    if kind is FeatureKind.WAVEFORM or len(counted) != n_clips:
        return None
    if kind is FeatureKind.VECTOR:
        return _Rows(artifact.arrays["rows"], rows)
    time = 0 if kind is FeatureKind.SEQUENCE else -1
    clips = open_rows(store, key, rows.tolist())
    return np.stack([_over_time(np.moveaxis(clip, time, 0)) for clip in clips])


def _over_time(clip: Any) -> Array:
    """Return mean and deviation over the first axis, one after the other."""
    import numpy as np

    steps = np.asarray(clip, dtype=np.float64)
    # What never changes has a deviation of rounding errors, which would be made much of.
    deviation = np.where((steps == steps[0]).all(axis=0), 0, steps.std(axis=0))
    return np.concatenate([steps.mean(axis=0).ravel(), deviation.ravel()])


class _Rows:
    """Some rows of a table on disk, of which only the columns asked for are read."""

    def __init__(self, table: Any, rows: NDArray[np.intp]) -> None:
        self.table, self.rows = table, rows
        self.shape = (len(rows), table.shape[1])

    def __getitem__(self, columns: tuple[slice, slice]) -> Any:
        return self.table[:, columns[1]][self.rows]


def tsne(features: Any) -> Array:
    """Lay clips out on a plane by t-SNE (van der Maaten and Hinton, JMLR 9, 2008).

    Features are standardised and brought to at most 50 principal components; perplexity is 30, or
    less of few clips. The same features give the same points.

    Parameters
    ----------
    features
        Array-like of shape (n, d), read a few columns at a time.

    Returns
    -------
    ndarray
        Shape (n, 2).
    """
    import numpy as np
    from sklearn.manifold import TSNE
    from threadpoolctl import threadpool_limits

    # With more threads sums come in another order each time.
    with threadpool_limits(limits=1):
        components = _principal_components(features)
        start = components[:, :2] / max(float(components[:, 0].std()), 1e-12) * 1e-4
        if start.shape[1] < 2:
            start = np.pad(start, ((0, 0), (0, 1)))
        layout = TSNE(
            perplexity=min(_PERPLEXITY, (len(components) - 1) / 3),
            init=start.astype(np.float32),
            random_state=0,
        )
        return np.asarray(layout.fit_transform(components), dtype=np.float64)


def _principal_components(features: Any) -> Array:
    """Return principal components of standardised features, the first one first.

    From the clips' scalar products, added up over blocks of columns, so that it takes no more
    memory for 264,180 features.
    """
    import numpy as np
    from scipy.linalg import eigh

    n, d = features.shape
    products = np.zeros((n, n))
    for start in range(0, d, _BLOCK):
        block = np.asarray(features[:, start : start + _BLOCK], dtype=np.float64)
        block = block - block.mean(axis=0)
        spread = block.std(axis=0)
        block /= np.where(spread > 0, spread, np.inf)
        products += block @ block.T
    k = min(_COMPONENTS, n, d)
    values, vectors = eigh(products, subset_by_index=[n - k, n - 1])
    vectors = vectors[:, ::-1]
    # Which way an axis points is left open by the decomposition.
    vectors = vectors * np.sign(vectors[np.abs(vectors).argmax(axis=0), np.arange(k)])
    return np.asarray(vectors * np.sqrt(np.maximum(values[::-1], 0)))


def _layout(
    row: Row, points: Array, classes: NDArray[np.intp], names: tuple[str, ...], n_clips: int
) -> Layout:
    import numpy as np
    from scipy.spatial import cKDTree

    nearest = np.asarray(cKDTree(points).query(points, k=2)[1])
    # Where points coincide, either of the two may be the clip itself.
    other = np.where(nearest[:, 1] == np.arange(len(points)), nearest[:, 0], nearest[:, 1])
    counts = np.bincount(classes)
    n = len(classes)
    return Layout(
        dataset=str(row["dataset"]),
        separator=str(row["separator"]),
        features=str(row["features"]) + _settings(row),
        points=points,
        classes=classes,
        names=names,
        n_clips=n_clips,
        alike=float((classes[other] == classes).mean()),
        chance=float((counts * (counts - 1)).sum() / (n * (n - 1))),
    )


def _settings(row: Row) -> str:
    """Return the parameters of the features, as a name shows them."""
    return settings_text((row.get("parameters") or {}).get("features") or {})
