"""`merbench cache`: what the store holds, and taking out what nobody needs."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from merbench.cli import display
from merbench.errors import MerbenchError
from merbench.wording import size

if TYPE_CHECKING:
    from merbench.steps.inventory import Inventory

app = typer.Typer(
    name="cache",
    help="The store of finished work: how large it is, and what may go.",
    invoke_without_command=True,
)

_BY = ("stage", "dataset", "plugin")


@app.callback()
def show_cache(
    context: typer.Context,
    run: Path | None = typer.Option(None, "--run", metavar="RUN", help="Only what this run uses."),
    as_json: bool = typer.Option(False, "--json", help="Print JSON."),
) -> None:
    """Show how much the store holds, by stage, dataset and plugin.

    Everything in it can be computed again, at the price of time.

    [bold]Examples[/bold]

      merbench cache

      merbench cache --run runs/demo/first --json

      merbench cache prune --unreferenced --dry-run
    """
    if context.invoked_subcommand is not None:
        if run is not None or as_json:
            raise MerbenchError(
                f"options of `merbench cache {context.invoked_subcommand}` stand behind its name"
            )
        return
    from merbench.home import store_folder
    from merbench.steps.inventory import Inventory

    folder = store_folder()
    inventory = Inventory.of(folder)
    keys = None if run is None else inventory.used_by(run).all_keys
    tables = {by: inventory.sizes(by, keys) for by in _BY}
    count = sum(n for n, _ in tables["stage"].values())
    total = sum(amount for _, amount in tables["stage"].values())
    if as_json:
        document: dict[str, Any] = {"store": str(folder), "artifacts": count, "bytes": total}
        if run is not None:
            document["run"] = str(run)
        for by, found in tables.items():
            document[f"by_{by}"] = [
                {by: name, "artifacts": n, "bytes": amount} for name, (n, amount) in found.items()
            ]
        document["runs"] = _runs(inventory)
        display.print_json(document)
        return
    for by, found in tables.items():
        rows = [[name, f"{n:,}", size(amount / 1e6)] for name, (n, amount) in found.items()]
        if rows:
            display.print_table((by, "artifacts", "size"), rows, right=("artifacts", "size"))
    whose = "" if run is None else f" that {run} uses"
    display.say(f"{count:,} artifacts{whose}, {size(total / 1e6)}, in {folder}")
    if run is None:
        runs = _runs(inventory)
        rows = [[r["folder"], r["state"], size(r["bytes"] / 1e6)] for r in runs]
        if rows:
            display.print_table(("run", "state", "uses"), rows, right=("uses",))


def _runs(inventory: Inventory) -> list[dict[str, Any]]:
    now = time.time()
    found = []
    for use in inventory.uses:
        if use.keys is None:
            continue
        used = inventory.sizes("stage", use.all_keys).values()
        state = "gone" if not use.stands() else "finished" if use.run else "stopped"
        found.append(
            {
                "folder": use.folder,
                "host": use.host,
                "state": "running" if use.alive(now) else state,
                "artifacts": sum(n for n, _ in used),
                "bytes": sum(amount for _, amount in used),
            }
        )
    return found


@app.command("prune")
def prune(
    older_than: str | None = typer.Option(
        None,
        "--older-than",
        metavar="AGE",
        help="What was made, and last used by a run, longer ago: 12h, 30d, 2w.",
    ),
    runs: list[Path] | None = typer.Option(
        None, "--run", metavar="RUN", help="What this run uses and no other; may be repeated."
    ),
    keep_runs: list[Path] | None = typer.Option(
        None, "--keep-run", metavar="RUN", help="Keep what this run uses; may be repeated."
    ),
    unreferenced: bool = typer.Option(
        False, "--unreferenced", help="What no run uses whose folder still holds it."
    ),
    dry_run: bool = typer.Option(False, "--dry-run", help="Take nothing out; say what would be."),
    as_json: bool = typer.Option(False, "--json", help="Print JSON."),
) -> None:
    """Take artifacts out of the store.

    Several options narrow each other. What a running command uses stays, whatever is asked for.
    With `--keep-run` alone goes all that these runs do not use.

    [bold]Examples[/bold]

      merbench cache prune --older-than 30d --dry-run

      merbench cache prune --run runs/demo/first

      merbench cache prune --unreferenced --older-than 2w
    """
    from merbench.home import store_folder
    from merbench.steps.inventory import Wanted, age_in_seconds, prune_store
    from merbench.steps.store import Store

    if older_than is None and not runs and not keep_runs and not unreferenced:
        raise MerbenchError(
            "say what may go: --older-than AGE, --run RUN, --keep-run RUN or --unreferenced"
        )
    wanted = Wanted(
        None if older_than is None else age_in_seconds(older_than),
        tuple(runs or ()),
        tuple(keep_runs or ()),
        unreferenced,
    )
    store = Store(store_folder())
    if not dry_run:
        store.prepare()
    taken = prune_store(store, wanted, time.time(), dry=dry_run)
    total = sum(artifact.bytes for artifact in taken)
    if as_json:
        by_stage: dict[str, int] = {}
        for artifact in taken:
            by_stage[artifact.stage] = by_stage.get(artifact.stage, 0) + 1
        display.print_json(
            {
                "dry_run": dry_run,
                "artifacts": len(taken),
                "bytes": total,
                "by_stage": by_stage,
                "keys": [artifact.key for artifact in taken],
            }
        )
        return
    done = "would be taken out" if dry_run else "taken out"
    display.say(f"{len(taken):,} artifacts, {size(total / 1e6)}, {done}")
