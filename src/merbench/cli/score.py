"""`merbench score`."""

from __future__ import annotations

from pathlib import Path

import typer

from merbench.cli import display
from merbench.tasks import Task


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command()(score)


def score(
    predictions_file: Path = typer.Argument(
        ..., metavar="PREDICTIONS", help="CSV, TSV or Parquet, one row a clip.", show_default=False
    ),
    id: str = typer.Option("song_id", "--id", help="Column that names the clip."),
    truth: str = typer.Option(
        "gt", "--truth", help="Prefix of the true columns, or a column of true classes."
    ),
    predictions: str = typer.Option(
        ..., "--predictions", help="Prefixes of the systems' columns, separated by commas."
    ),
    task: Task = typer.Option(Task.VA, "--task", help="What the columns are."),
    fixed_std: float | None = typer.Option(
        None,
        "--fixed-std",
        help="Standard deviation of every label, where the file has means only.",
        show_default=False,
    ),
    as_json: bool = typer.Option(False, "--json", help="Print JSON."),
) -> None:
    """Score predictions made anywhere with the evaluator that benchmarks use.

    Columns are PREFIX_valence_mean, PREFIX_arousal_mean, PREFIX_valence_std, PREFIX_arousal_std;
    for the task quadrant PREFIX_Q1 to PREFIX_Q4; for the task classes PREFIX_CLASS, whatever the
    classes are: the true columns name them. Quadrants and classes may also be one column that holds
    each clip's class: name it with --truth, and a system's with --predictions. Labels that are
    means alone take --fixed-std: each is then a distribution of that width, and so is each
    prediction without deviations of its own.

    [bold]Examples[/bold]

      merbench score predictions.csv --id song_id --predictions mixed,sep --json

      merbench score means.csv --predictions mine --fixed-std 0.1

      merbench score quadrants.csv --task quadrant --predictions mine

      merbench score emopia.csv --task quadrant --truth label --predictions mine

      merbench score moods.csv --task classes --predictions mine
    """
    from merbench.scoring.score_file import score_file
    from merbench.scoring.score_rows import comparison_rows, system_rows

    result = score_file(
        predictions_file,
        id=id,
        truth=truth,
        predictions=predictions,
        task=task,
        fixed_std=fixed_std,
    )
    for warning in result["warnings"]:
        display.warn(warning)
    if as_json:
        display.print_json(result)
        return
    systems, pairs = system_rows(result), comparison_rows(result)
    for rows, needed in ((systems, 3), (pairs, 2)):
        if rows:
            columns = list(rows[0])
            display.print_table(
                columns,
                [[str(row[column]) for column in columns] for row in rows],
                right=columns[1:],
                # Of the comparisons' p the corrected one, which stands last, goes last.
                spare=columns[needed:] if rows is systems else columns[needed:-1],
                elsewhere="--json",
            )
