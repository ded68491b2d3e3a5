"""The steps that cells need and the store does not have."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

from merbench import devices
from merbench.components import Component, FeatureExtractor, Model, Split
from merbench.components.base import components_in, once
from merbench.errors import MerbenchError
from merbench.identity import canonical, digest
from merbench.planning.cell import Cell, originals
from merbench.planning.plan import STAGES, Plan
from merbench.plugins import readiness
from merbench.steps.artifact_keys import CommonParts, artifact_key, written
from merbench.steps.assembling import Assemble, JoinTables, joined_key
from merbench.steps.decoding import stem_components
from merbench.steps.extracting import Extract, extraction_key, published_key, stems_of
from merbench.steps.fitting import Fit
from merbench.steps.measuring import SeparatedClips, StemLevels
from merbench.steps.separating import Separate, files_of, stems_key
from merbench.steps.store import Store

# --- tasks ---------------------------------------------------------------------------------------


@dataclass
class StepList:
    """Adds to a plan what its cells need and the store does not have."""

    plan: Plan
    store: Store
    again: Collection[tuple[str, int]] | None = None
    _known: dict[str, bool] = field(default_factory=dict)
    _keys: dict[tuple[Any, ...], list[str]] = field(default_factory=dict)
    _reasons: dict[int, str] = field(default_factory=dict)
    _alike: dict[type[Component], bool] = field(default_factory=dict)
    _tables: dict[tuple[int, ...], str] = field(default_factory=dict)
    _models: dict[int, tuple[str, str]] = field(default_factory=dict)
    _folds: dict[tuple[Any, ...], list[_Fold]] = field(default_factory=dict)
    _noted: set[str] = field(default_factory=set)

    def add_all(self) -> None:
        for cell in self.plan.cells:
            try:
                self._add(cell)
                continue
            except MerbenchError as error:
                fault = str(error)
            except OSError as error:
                fault = f"{error.filename} cannot be read ({error.strerror}); restore the file"
            except Exception as error:
                fault = f"{type(error).__name__}: {error}"
            # What a plugin says of itself is clearer than what came of its not being ready.
            self.plan.unready[cell.id] = self._reason(cell) or fault
        self.plan.tasks = dict(
            sorted(self.plan.tasks.items(), key=lambda item: STAGES.index(item[1].stage))
        )

    def _add(self, cell: Cell) -> None:
        parts = tuple(self._table_key(cell, *given) for given in _inputs(cell))
        tables = (joined_key(parts),) if cell.joins_features else parts
        fits = self._fits(cell, tables)
        wanted = [fit for fit in fits if self._wanted(cell, fit)]
        # Nobody need be ready for what is done: to be asked may take a plugin seconds.
        reason = self._reason(cell) if wanted or cell.data.unsplit else ""
        if reason:
            raise MerbenchError(reason)
        self.plan.tables[cell.id] = tables
        self.plan.fits[cell.id] = [fit.key for fit in fits]
        self._note_uses(cell, parts)
        for fit in wanted:
            self.plan.tasks.setdefault(fit.key, fit)
        if wanted:
            self._add_tables(cell, parts, tables)
        self._measure(cell)

    def _note_uses(self, cell: Cell, parts: tuple[str, ...]) -> None:
        """Note the keys of what a cell follows from; what stands behind a table, once a table."""
        used = self.plan.uses.setdefault(cell.data.name, set())
        used.update(self.plan.tables[cell.id], self.plan.fits[cell.id])
        for (feature, originals_only), part in zip(_inputs(cell), parts, strict=True):
            if part in used and part in self._noted:
                continue
            self._noted.add(part)
            used.add(part)
            used.update(self._extractions(cell, feature, originals_only))
            if cell.separator is not None and not feature.needs_published:
                used.update(self._separations(cell, originals_only))

    def _reason(self, cell: Cell) -> str:
        """Say why a cell cannot be computed here, or nothing."""
        if cell.data.unsplit:
            return cell.data.unsplit
        components = (*cell.augmentations, cell.separator, *cell.features, cell.model)
        return next(filter(None, (self._unready(c) for c in components if c)), "")

    def _unready(self, component: Component) -> str:
        """Say why a component cannot work here; asked once of each, for it may try a download.

        A component that wraps others can do no more than they. Those of one class that asks for
        nothing but packages can all work, or none can.
        """
        kind = type(component)
        if kind not in self._alike:
            self._alike[kind] = kind.ready is Component.ready and not kind.has_weights()
        asked = id(kind if self._alike[kind] else component)
        if asked not in self._reasons:
            self._reasons[asked] = ""
            try:
                readiness.ready(component)
            except MerbenchError as error:
                self._reasons[asked] = str(error)
        wrapped = (inner for _, value in component for inner in components_in(value))
        return self._reasons[asked] or next(filter(None, map(self._unready, wrapped)), "")

    def _missing(self, key: str, stage: str) -> bool:
        """Tell whether an artifact is to be made; counts each one once."""
        if key not in self._known:
            self._known[key] = self.store.has(key)
            self.plan.cached[stage] += self._known[key]
        return not self._known[key]

    def _fits(self, cell: Cell, tables: tuple[str, ...]) -> list[Fit]:
        parts = {
            "task": cell.data.task.value,
            "tables": tables,
            "n_clips": 0 if tables else len(cell.data.clips),
            **({"scaled": True} if cell.scaled else {}),
            **({"prepared": digest(_labels_of_all(cell))} if cell.prepared else {}),
        }
        model, fingerprint = self._model(cell.model)
        members = [model, *written(parts)]
        return [_fit(cell, fold, tables, fingerprint, members) for fold in self._folds_of(cell)]

    def _model(self, model: Model) -> tuple[str, str]:
        """Return what stands of a model in keys, as `written`, and its fingerprint's digest."""
        if id(model) not in self._models:
            fingerprint = model.fingerprint()
            (member,) = written({"model": fingerprint})
            self._models[id(model)] = member, digest(fingerprint)
        return self._models[id(model)]

    def _add_tables(self, cell: Cell, parts: tuple[str, ...], tables: tuple[str, ...]) -> None:
        """Add what a cell's tables need: `parts`, a table a feature, joined or as they are."""
        joined = tables[0] if cell.joins_features else None
        if joined and not self._missing(joined, "assemble"):
            return
        for (feature, originals_only), part in zip(_inputs(cell), parts, strict=True):
            self._table(cell, feature, originals_only, part)
        if joined:
            label = f"{cell.names['separator']} x {cell.names['features']}"
            self.plan.tasks[joined] = JoinTables(joined, parts, label)

    def _wanted(self, cell: Cell, fit: Fit) -> bool:
        if self.again is not None:
            return (cell.id, fit.fold) in self.again
        return self._missing(fit.key, "fit")

    def _table(self, cell: Cell, feature: FeatureExtractor, originals_only: bool, key: str) -> None:
        if not self._missing(key, "assemble") or key in self.plan.tasks:
            return
        data = cell.data
        separator = None if feature.needs_published else cell.separator
        rows = cell.rows_of(originals=originals_only)
        extractions = self._extractions(cell, feature, originals_only)
        separations = self._separations(cell, originals_only) if separator else extractions
        for (clip, copy), separation, extraction in zip(
            rows, separations, extractions, strict=True
        ):
            if not self._missing(extraction, "extract") or extraction in self.plan.tasks:
                continue
            files = files_of(clip, separator, data.audio) if separator else {}
            self.plan.tasks[extraction] = Extract(
                extraction, data.dataset, clip, files, separator, separation, feature, copy,
                cell.device,
            )  # fmt: skip
            if separator and separator.stored and self._missing(separation, "separate"):
                self.plan.tasks[separation] = Separate(
                    separation, data.dataset, clip, files, separator, copy, device=cell.device
                )
        self.plan.tasks[key] = Assemble(
            key,
            tuple(extractions),
            tuple(f"{clip.id} ({copy.title})" if copy else clip.id for clip, copy in rows),
            stems_of(feature, separator),
            feature.kind,
            f"{data.name}: " + " x ".join(c.title for c in (separator, feature) if c),
            (
                *stem_components(data.dataset, separator),
                *(() if originals_only else cell.augmentations),
                feature,
            ),
        )

    def _measure(self, cell: Cell) -> None:
        """Have the stems of a separator's clips measured, once a dataset."""
        data, separator = cell.data, cell.separator
        if separator is None or len(separator.stems) < 2 or cell.augmentations or data.origins:
            return
        # A dataset that is read as several tasks has the same clips each time.
        identities = canonical([once(part, "identity") for part in (data.dataset, separator)])
        memo = (str(data.root), identities, "measure")
        if memo in self._keys:
            return
        tasks = [
            StemLevels.of(
                data.dataset,
                clip,
                files_of(clip, separator, data.audio),
                separator,
                separation,
                device=cell.device,
            )
            for clip, separation in zip(data.clips, self._separations(cell), strict=True)
        ]
        self._keys[memo] = [task.key for task in tasks]
        used = self.plan.uses.setdefault(data.name, set())
        used.update(self._keys[memo], self._separations(cell))
        self.plan.described.append(
            SeparatedClips(data.name, data.clips, separator, tuple(self._keys[memo]))
        )
        for task in tasks:
            if self._missing(task.key, task.stage) and not self._unready(separator):
                self.plan.tasks[task.key] = task
                if separator.stored and self._missing(task.separation, "separate"):
                    self.plan.tasks[task.separation] = Separate(
                        task.separation, data.dataset, task.clip, task.files, separator,
                        device=cell.device,
                    )  # fmt: skip

    def _table_key(self, cell: Cell, feature: FeatureExtractor, originals_only: bool) -> str:
        # The benchmark holds its components, so that none takes another's place in memory.
        parts = (cell.data, cell.separator, feature, *cell.augmentations)
        memo = (int(originals_only), *map(id, parts))
        if memo not in self._tables:
            rows, kind = self._extractions(cell, feature, originals_only), feature.kind.value
            self._tables[memo] = artifact_key(
                "assemble", rows=rows, stems=stems_of(feature, cell.separator), kind=kind
            )
        return self._tables[memo]

    def _folds_of(self, cell: Cell) -> list[_Fold]:
        device = devices.kind(cell.model.device_for(cell.device))
        memo = (id(cell.data), *map(id, cell.augmentations), device)
        if memo not in self._folds:
            self._folds[memo] = [_Fold.of(cell, split, device) for split in cell.data.splits]
        return self._folds[memo]

    def _separations(self, cell: Cell, originals_only: bool = False) -> list[str]:
        data, separator = cell.data, cell.separator
        assert separator is not None
        identities = _identities(cell), once(separator, "identity")
        memo = (id(data), originals_only, *map(canonical, identities))
        if memo not in self._keys:
            self._keys[memo] = [
                stems_key(
                    separator,
                    data.dataset,
                    clip,
                    copy,
                    files_of(clip, separator, data.audio),
                    device=cell.device,
                )
                for clip, copy in cell.rows_of(originals=originals_only)
            ]
        return self._keys[memo]

    def _extractions(
        self, cell: Cell, feature: FeatureExtractor, originals_only: bool
    ) -> list[str]:
        if feature.needs_published:
            return [
                extraction_key(feature, published_key(clip), device=cell.device)
                for clip, _ in cell.rows
            ]
        assert cell.separator is not None
        parts = cell.separator, feature
        identities = _identities(cell), *(once(part, "identity") for part in parts)
        memo = (id(cell.data), originals_only, *map(canonical, identities))
        if memo not in self._keys:
            separations = self._separations(cell, originals_only)
            self._keys[memo] = [
                extraction_key(feature, separation, device=cell.device)
                for separation in separations
            ]
        return self._keys[memo]


def _inputs(cell: Cell) -> tuple[tuple[FeatureExtractor, bool], ...]:
    """Return the features of a cell, and of each whether copies have their clips' rows in it."""
    return tuple(zip(cell.features, cell.of_originals, strict=True))


def _identities(cell: Cell) -> list[dict[str, Any]]:
    return [once(augmentation, "identity") for augmentation in cell.augmentations]


@dataclass(frozen=True)
class _Fold:
    """What the fits of one fold share, whatever is fitted: its rows, and what is known of them."""

    split: Split
    train: tuple[int, ...]
    labels: tuple[tuple[float, ...], ...]
    groups: tuple[str, ...]
    copy_of: tuple[int, ...]
    test_ids: tuple[str, ...]
    keys: CommonParts
    """What of it stands in their keys, and on what kind of device they are done."""

    @classmethod
    def of(cls, cell: Cell, split: Split, device: str) -> _Fold:
        clips, train = cell.data.clips, cell.train_rows(split)
        rows = [cell.rows[row] for row in train]
        labels = tuple(clip.label for clip, _ in rows)
        groups, copy_of = tuple(clip.group for clip, _ in rows), originals(rows)
        first = {"copy_of": copy_of, "device": device, "groups": groups, "labels": labels}
        keys = CommonParts("fit", first, {"train": train, "test": split.test})
        test_ids = tuple(clips[i].id for i in split.test)
        return cls(split, train, labels, groups, copy_of, test_ids, keys)


def _fit(
    cell: Cell, fold: _Fold, tables: tuple[str, ...], fingerprint: str, members: Sequence[str]
) -> Fit:
    """Return a fold's fit; `members` is what all folds of the cell have in their keys."""
    seed, split = cell.fold_seed(fold.split.fold), fold.split
    return Fit(
        fold.keys.key([f'"seed":{seed}', *members]),
        cell.model, fingerprint, cell.data.task, seed, cell.device, tables, fold.train,
        split.test, fold.labels, fold.groups, fold.copy_of, fold.test_ids, cell.label, split.fold,
        cell.scaled, _labels_of_all(cell) if cell.prepared else (),
    )  # fmt: skip


def _labels_of_all(cell: Cell) -> tuple[tuple[float, ...], ...]:
    return tuple(clip.label for clip in cell.data.clips)
