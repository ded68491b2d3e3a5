"""Whether all that stands in a leaderboard's folder follows from its submissions' predictions."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from merbench.bounds import parquet_table
from merbench.errors import MerbenchError, data_fault
from merbench.leaderboard import published_folder as folders
from merbench.leaderboard import sources
from merbench.leaderboard.building import build_board
from merbench.leaderboard.citation import citation
from merbench.leaderboard.files import Files
from merbench.leaderboard.submission import NAMES, file_hash, name_of
from merbench.pages import site
from merbench.plugins import discovery
from merbench.plugins.registry import Registry
from merbench.runs import record
from merbench.runs.ceiling import ceilings
from merbench.runs.labels import rows_of_dataset, withheld
from merbench.runs.parameter_text import read_parameters
from merbench.runs.record import FOLDS, MANIFEST, PREDICTIONS, RunRecord, write_parquet
from merbench.runs.row_columns import HUMAN_CEILING, PEOPLE, SYSTEM, bare_name, system_name
from merbench.verification.claims import claim_differences
from merbench.verification.own_labels import labels_from_copy, with_labels
from merbench.verification.run_check import recorded_differences
from merbench.verification.score_check import close, csv_differences

if TYPE_CHECKING:
    from merbench.components import Clip

Copies = Mapping[str, Sequence["Clip"]]
"""By data set: the clips of the reader's own copy."""


@dataclass
class Verdict:
    """What verification found.

    Parameters
    ----------
    differences
        What is not as it must be, a sentence each.
    unverified
        What could not be verified for want of the labels, a sentence each.
    files
        What must stand in the folder; None where the submissions themselves are wrong.
    """

    differences: list[str] = field(default_factory=list)
    unverified: list[str] = field(default_factory=list)
    files: Files | None = None


def verify_board(
    folder: Path,
    copies: Copies | None = None,
    *,
    pages: bool = True,
    registry: Registry | None = None,
) -> Verdict:
    """Recompute everything in a leaderboard's folder from its submissions' predictions.

    Parameters
    ----------
    folder
        The leaderboard's.
    copies
        Clips of the reader's own copies of data whose labels are not in the submissions.
    pages
        Whether to hold the pages against the tables, which takes as long as writing them.
    registry
        Plugins that say themselves what a submission says of them; by default those installed.

    Raises
    ------
    MerbenchError
        The folder is no leaderboard's.
    """
    folders.check_folder(folder)
    registry = discovery.load_plugins([]) if registry is None else registry
    verdict = Verdict()
    runs: list[RunRecord] = []
    for path in folders.submission_folders(folder):
        run = verify_submission(path, copies or {}, verdict, registry)
        if run is not None:
            runs.append(run)
    identities = [run.manifest["run"] for run in runs]
    if len({identity[:8] for identity in identities}) < len(set(identities)):
        verdict.differences.append(
            f"{folders.SUBMISSIONS}: the ids of two runs begin with the same eight letters"
        )
    if len(set(identities)) < len(runs):
        verdict.differences.append(f"{folders.SUBMISSIONS}: a run was submitted twice")
    if verdict.differences:
        return verdict  # what follows from wrong submissions is of no interest
    try:
        composed = folders.compose_published(folder, runs)
    except (MerbenchError, LookupError, TypeError, ValueError) as error:
        verdict.differences.append(f"no tables follow from the submissions: {error}")
        return verdict
    verdict.files = composed
    verdict.differences += _file_differences(folder, composed)
    if pages and not verdict.differences:
        verdict.differences += _page_differences(folder, composed)
    return verdict


def verify_submission(
    path: Path,
    copies: Copies,
    verdict: Verdict,
    registry: Registry | None = None,
    called: str = "",
) -> RunRecord | None:
    """Verify one submission; None where it cannot be read.

    Whatever is wrong with it, the others are verified as well.

    Parameters
    ----------
    path
        Its folder.
    copies
        Clips of the reader's own copies.
    verdict
        Takes what is found.
    registry
        The plugins that are installed; by default they are looked for.
    called
        The name that the folder is to have; by default the one it has.
    """
    where = f"{folders.SUBMISSIONS}/{path.name}"
    found: list[str] = []
    run: RunRecord | None = None
    try:
        run = _readable(path, found)
        if run is not None:
            _verify_read(
                run, path, copies, found, verdict.unverified, registry, called or path.name
            )
    except MerbenchError as error:
        found.append(str(error))
    except Exception as error:  # there is no telling what files of strangers bring about
        found.append(f"it is no submission ({data_fault(error)})")
    verdict.differences += [f"{where}: {sentence}" for sentence in found]
    return run


def _readable(path: Path, found: list[str]) -> RunRecord | None:
    """Read a submission; None where a file of it is missing."""
    links = [entry for entry in (path, *path.iterdir()) if entry.is_symlink()]
    if links:
        found.append(f"{links[0].name} is a symbolic link, which belongs in no submission")
        return None
    present = {entry.name for entry in path.iterdir()}
    found += [f"the file {name} does not belong there" for name in sorted(present - NAMES)]
    found += [f"the file {name} is missing" for name in sorted(NAMES - present)]
    return None if NAMES - present else record.read_record(path)


def _verify_read(
    run: RunRecord,
    path: Path,
    copies: Copies,
    found: list[str],
    unverified: list[str],
    registry: Registry | None,
    called: str,
) -> None:
    """Verify a submission that was read; its faults go to `found`."""
    where = f"{folders.SUBMISSIONS}/{path.name}"
    found += _digest_differences(path, run.manifest, called)
    found += claim_differences(
        run.manifest, discovery.load_plugins([]) if registry is None else registry
    )
    unverified += [f"{where}: {line}" for line in _left_out(run)]
    checked = run
    for entry in run.manifest["datasets"]:
        if withheld(entry):
            checked = _with_own_labels(checked, entry, copies, found, unverified, where)
    found += recorded_differences(checked)
    if not found:
        found += _mark_differences(checked)
    if not found:
        found += _unusable(run)


def _unusable(run: RunRecord) -> Iterator[str]:
    """Yield what nobody can recompute, but tables, pages and credits could not be made of."""
    for key in ("hardware", "packages"):
        if not isinstance(run.manifest.get(key, {}), Mapping):
            yield f"{MANIFEST}: its {key} are no mapping"
            return
    cells = [(run.manifest["run"], cell["id"]) for cell in run.manifest["cells"]]
    try:
        sources.dataset_sources([run])
        sources.plugin_rows([run])
        sources.system_parts([run], cells)
        sources.submissions([run])
        citation([run])
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        yield (
            f"{MANIFEST}: what it says of data sets, plugins and sources is not what a run says "
            f"({data_fault(error)})"
        )


def _digest_differences(path: Path, manifest: Mapping[str, Any], called: str) -> Iterator[str]:
    if called != name_of(manifest):
        yield f"its folder must be called {name_of(manifest)}"
    for name in (FOLDS, PREDICTIONS):
        if manifest["files"][name] != file_hash(path / name):
            yield f"{name} is not the file whose SHA-256 {MANIFEST} has"


def _left_out(run: RunRecord) -> Iterator[str]:
    """Yield whose predictions were left out, so that nobody can compute their scores anew."""
    cells = set(run.manifest.get("predictions_withheld", ()))
    folds = run.folds[run.folds["cell"].isin(cells)] if cells else run.folds.iloc[:0]
    for row in folds.drop_duplicates("cell").to_dict("records"):
        system = system_name(row | {"parameters": read_parameters(row["parameters"])})
        yield (
            f"KL, metrics and mark of {system} on {row['dataset']} are taken as stored, "
            "for its predictions repeat labels that may not be republished, and were left out"
        )


def _with_own_labels(
    run: RunRecord,
    entry: Mapping[str, Any],
    copies: Copies,
    differences: list[str],
    unverified: list[str],
    where: str,
) -> RunRecord:
    """Return a run with the labels from the reader's copy, where there is one."""
    from merbench.digests import file_digest

    rows = rows_of_dataset(run, entry)
    people = run.folds["cell"][run.folds["role"] == PEOPLE]
    scored = rows & ~run.predictions["cell"].isin(set(people)).to_numpy()
    if entry["name"] not in copies:
        unverified.append(
            f"{where}: KL, metrics and marks of {int(scored.sum())} rows of {entry['name']} are "
            "taken as stored, for its labels may not be republished: give your own copy with "
            f"--root {bare_name(entry['name'])}=PATH"
        )
        return run
    own = [(c.id, c.label, file_digest(c.audio)) for c in copies[entry["name"]]]
    labels, found = labels_from_copy(entry, own)
    differences += found
    if found:
        return run
    differences += _people_differences(run, entry, copies[entry["name"]])
    return with_labels(run, entry, labels)


def _people_differences(
    run: RunRecord, entry: Mapping[str, Any], clips: Sequence[Clip]
) -> Iterator[str]:
    """Yield where what people reach is not what the ratings in the reader's copy give."""
    import numpy as np

    own = run.folds[(run.folds["role"] == PEOPLE) & (run.folds["data_hash"] == entry["data_hash"])]
    if own.empty:
        return
    reached = ceilings(clips, run.manifest["spec"]["seed"])
    for cell, model in own[["cell", "model"]].drop_duplicates().itertuples(index=False):
        estimate = str(model).removeprefix(f"{HUMAN_CEILING}(").removesuffix(")")
        rows = run.predictions[run.predictions["cell"] == cell]
        if estimate not in reached:
            yield f"cell {cell}: the copy given has no ratings that {model} follows from"
            continue
        by_clip = dict(zip((clip.id for clip in clips), reached[estimate].tolist(), strict=True))
        given = np.asarray([by_clip[clip] for clip in rows["clip"]])
        stored = rows["kl"].to_numpy(float)
        for i in np.flatnonzero(~close(stored, given))[:1]:
            yield (
                f"cell {cell}, clip {rows['clip'].iloc[i]}: KL is stored as {stored[i]:.6g}, the "
                f"ratings give {given[i]:.6g}"
            )


def _mark_differences(run: RunRecord) -> list[str]:
    """Say where a stored mark is not the one that the labels give, where there are labels."""
    stored = run.manifest.get("marks", {})
    hidden = [entry for entry in run.manifest["datasets"] if withheld(entry)]
    cells = [
        cell for e in hidden for cell in run.predictions["cell"][rows_of_dataset(run, e)].unique()
    ]
    unknown = {*cells, *run.manifest.get("predictions_withheld", ())}
    taken = {cell: stored[cell] for cell in sorted(unknown) if cell in stored}
    rows = build_board([RunRecord(run.manifest | {"marks": taken}, run.folds, run.predictions)])
    listed = rows.leaderboard.to_dict("records")
    missing = [
        f"cell {row['cell']}: its mark is missing, which nobody without its labels can compute"
        for row in listed
        if row["role"] == SYSTEM
        and row["status"] == "ok"
        and row["cell"] in unknown
        and row["cell"] not in stored
    ]
    return missing + [
        f"cell {row['cell']}: its mark is stored as {stored[row['cell']]!r}, its predictions give "
        f"{row['mark']!r}"
        for row in listed
        if stored.get(row["cell"], row["mark"]) != row["mark"]
    ]


def _file_differences(folder: Path, composed: Files) -> Iterator[str]:
    """Yield where the files beside the submissions are not what they must be."""
    for name, text in sorted(composed.texts.items()):
        path = folder / name
        yield from csv_differences(name, path.read_bytes() if path.is_file() else None, text)
    yield from _prediction_differences(folder / PREDICTIONS, composed)
    known = {*composed.names, folders.SUBMISSIONS, folders.REPORTED, folders.README, *site.NAMES}
    for path in sorted(folder.iterdir()):
        if path.name not in known:
            yield f"the file {path.name} does not belong there"
    for path in sorted((folder / folders.SUBMISSIONS).iterdir()):
        if not path.is_dir():
            yield f"the file {folders.SUBMISSIONS}/{path.name} does not belong there"


def _page_differences(folder: Path, composed: Files) -> Iterator[str]:
    """Yield where pages are not those that the tables give."""
    anew = "; write the pages anew with `merbench leaderboard pages`"
    with TemporaryDirectory() as scratch:
        for name in composed.names:
            shutil.copyfile(folder / name, Path(scratch) / name)
        right = {path.relative_to(scratch): path for path in site.write(Path(scratch))}
        there = {path.relative_to(folder) for path in site.pages_in(folder)}
        for page in sorted(right.keys() - there):
            yield f"the page {page} is missing{anew}"
        for page in sorted(there - right.keys()):
            yield f"the page {page} does not belong there{anew}"
        for page in sorted(there & right.keys()):
            if (folder / page).read_bytes() != right[page].read_bytes():
                yield f"the page {page} is not what the tables give{anew}"


def _prediction_differences(path: Path, composed: Files) -> Iterator[str]:
    if not path.is_file():
        yield f"{PREDICTIONS} is missing"
        return
    with TemporaryDirectory() as scratch:
        right = Path(scratch) / PREDICTIONS
        write_parquet(list(composed.predictions), right)
        if right.read_bytes() == path.read_bytes():
            return
        # Another release of the library writes other bytes for the same rows.
        try:
            stored, wanted = (parquet_table(each).to_pandas() for each in (path, right))
        except (OSError, ValueError, MerbenchError) as error:
            yield f"{PREDICTIONS} cannot be read ({error})"
            return
    if list(stored.columns) != list(wanted.columns) or len(stored) != len(wanted):
        yield f"{PREDICTIONS} has other rows or columns than the submissions"
        return
    for column in wanted:
        if not stored[column].equals(wanted[column]):
            yield f"{PREDICTIONS}: {column} is not that of the submissions"
