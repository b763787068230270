"""`gumbench export`: any table of a run, for a paper or a program."""

from pathlib import Path
from typing import Annotated

import typer

from gumbench.cli import complete, screen
from gumbench.errors import InputError
from gumbench.report import tables
from gumbench.text import words

EXAMPLE = "Example: gumbench export --format latex --where problem=categorical-vae"
# Shown below the options, a paragraph each.
HELP = "\n\n".join(
    [
        *(
            f"Columns of {name}: {', '.join(c.name for c in tables.table(name).COLUMNS)}."
            for name in tables.names()
        ),
        EXAMPLE,
    ]
)


def export(
    run_folder: Annotated[
        str | None,
        typer.Argument(
            metavar="RUN",
            help="Folder of a run.",
            show_default="newest run",
            autocompletion=complete.runs,
        ),
    ] = None,
    table: Annotated[
        str, typer.Option(metavar="TABLE", help="Which table: variance, throughput or components.")
    ] = "variance",
    style: Annotated[
        str,
        typer.Option(
            "--format", metavar="FORMAT", help="Output format: csv, json, markdown or latex."
        ),
    ] = "csv",
    columns: Annotated[
        str | None,
        typer.Option(
            metavar="NAMES", help="Columns to print, separated by commas; globs are allowed: bias*."
        ),
    ] = None,
    where: Annotated[
        list[str] | None,
        typer.Option(
            metavar="CONDITION",
            help="Only rows with column=value; globs, and 'dimension>4' in quotes; repeatable.",
        ),
    ] = None,
    best_temperature: Annotated[
        bool,
        typer.Option(
            "--best-temperature",
            help="Keep each estimator's best temperature, as `gumbench compare` picks it.",
        ),
    ] = False,
    down: Annotated[
        str | None,
        typer.Option(
            metavar="COLUMN",
            help="Pivot (markdown, latex): a line for each value of this column; with --across.",
        ),
    ] = None,
    across: Annotated[
        str | None,
        typer.Option(
            metavar="COLUMN",
            help="Pivot: a column for each value of this column, such as dimension; with --down.",
        ),
    ] = None,
    output: Annotated[
        str | None, typer.Option(metavar="FILE", help="Write to this file instead of the screen.")
    ] = None,
    debug: Annotated[
        bool, typer.Option("--debug", help="Show the Python traceback of an error.")
    ] = False,
):
    """Print a table of a run as CSV, JSON, Markdown or LaTeX."""
    from gumbench.report.export import export as as_text
    from gumbench.runs import folders

    wanted = words(columns) if columns is not None else []
    if columns is not None and not wanted:
        raise InputError("--columns is empty: give names with commas between, or leave it out")
    results = folders.load(run_folder if run_folder is not None else folders.newest())
    text = as_text(
        results.records,
        table,
        style,
        columns=wanted,
        conditions=where or [],
        best_temperature=best_temperature,
        down=down,
        across=across,
    )
    if output is None:
        screen.write(text)
        return
    try:
        Path(output).write_text(text, encoding="utf-8")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InputError(f"cannot write {output!r}: {reason}") from None
