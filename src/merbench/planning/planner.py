"""From a benchmark to its cells, and from cells to the steps that are still to do."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Sequence

from merbench import devices
from merbench.benchmark.names import AXES, axis_of, is_named
from merbench.benchmark.resolving import Benchmark
from merbench.bounds import MOST_FITS
from merbench.components.base import answers_kept
from merbench.digests import remembered
from merbench.errors import MerbenchError
from merbench.planning.cell_list import candidates
from merbench.planning.datasets import leaking, load_dataset
from merbench.planning.plan import Plan
from merbench.planning.step_list import StepList
from merbench.steps.store import Store


def make_plan(
    benchmark: Benchmark,
    store: Store,
    only: Sequence[str] = (),
    again: Collection[tuple[str, int]] | None = None,
    *,
    elsewhere: bool = False,
    unsplit_too: bool = False,
) -> Plan:
    """Expand a benchmark into cells and tasks.

    Parameters
    ----------
    benchmark
        From `spec.resolve`.
    store
        Looked into for what is already done.
    only
        `axis=name` filters; a cell is kept where it matches all of them. The name is that of a
        component, alone or with its parameters as tables show it.
    again
        Cell ids and folds to fit again, whether or not the store has them, and no others. All
        where not given, unless the store has them.
    elsewhere
        Whether the device is one of other machines, which is looked for there.
    unsplit_too
        Whether cells are made of a dataset, too, that the protocol cannot split: none can run.

    Raises
    ------
    MerbenchError
        A dataset cannot be read or split, a filter names no axis, or the device is not there.
    """
    benchmark = _on_a_device(benchmark, elsewhere)
    with remembered(store.folder), answers_kept():
        return _made(benchmark, store, only, again, unsplit_too=unsplit_too)


def _made(
    benchmark: Benchmark,
    store: Store,
    only: Sequence[str],
    again: Collection[tuple[str, int]] | None,
    *,
    unsplit_too: bool,
) -> Plan:
    plan = Plan(benchmark)
    filters = [_filter(text) for text in only]
    chosen = {cell for cell, _ in again or ()}
    wanted = [name for axis, name in filters if axis == "dataset"]
    for rooted in benchmark.datasets:
        # What no cell is left of need not be there.
        if all(is_named(name, *[rooted.dataset.title] * 2) for name in wanted):
            data = load_dataset(rooted, benchmark.protocol, unsplit_too=unsplit_too)
            plan.datasets += [data, *([] if data.unsplit else leaking(data, benchmark))]
    for data in plan.datasets:
        for cell in candidates(data, benchmark, plan.skipped):
            if again is not None and cell.id not in chosen:
                continue
            if all(
                is_named(name, cell.names[axis], cell.full_names[axis]) for axis, name in filters
            ):
                plan.cells.append(cell)
    if filters and not plan.cells:
        raise MerbenchError(f"--only {' --only '.join(only)} leaves no cell; see `merbench plan`")
    fits = sum(len(cell.data.splits) for cell in plan.cells)
    if fits > MOST_FITS:
        raise MerbenchError(
            f"{len(plan.cells):,} cells of up to {max(len(d.splits) for d in plan.datasets):,} "
            f"folds are {fits:,} fits; {MOST_FITS:,} are the most: lower `folds`, or keep fewer "
            "cells with --only"
        )
    StepList(plan, store, again).add_all()
    return plan


def _on_a_device(benchmark: Benchmark, elsewhere: bool) -> Benchmark:
    """Return the benchmark with the device that `auto` means; what is recorded is what was used."""
    spec, document = benchmark.spec, benchmark.document
    if elsewhere:
        if spec.device == devices.AUTO:
            raise document.error(
                ("device",), "device: auto is for this machine; name the cluster's, such as cuda"
            )
        return benchmark
    try:
        device = devices.present(spec.device)
    except MerbenchError as error:
        raise document.error(("device",), str(error)) from None
    return dataclasses.replace(benchmark, spec=spec.model_copy(update={"device": device}))


def _filter(text: str) -> tuple[str, str]:
    given, sign, name = text.partition("=")
    axis = axis_of(given)
    if not sign or axis is None:
        raise MerbenchError(
            f"--only {text}: write AXIS=NAME, where AXIS is {', '.join(AXES[:-1])} or {AXES[-1]}"
        )
    return axis, name
