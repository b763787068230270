"""`gumbench diff`: two runs cell by cell, and a gate for a build."""

import json
import math
import sys
from typing import Annotated

import typer

from gumbench.cli import amounts, complete, screen
from gumbench.errors import InputError

EXAMPLE = "Example: gumbench diff results/before results/after --fail-above 10%"


def diff(
    before: Annotated[
        str,
        typer.Argument(
            metavar="BEFORE", help="Folder of the first run.", autocompletion=complete.runs
        ),
    ],
    after: Annotated[
        str,
        typer.Argument(
            metavar="AFTER", help="Folder of the second run.", autocompletion=complete.runs
        ),
    ],
    fail_above: Annotated[
        str | None,
        typer.Option(
            metavar="PERCENT",
            help="Exit 1 if a variance grew by more (10%), or a cell is gone, or a bias is new.",
        ),
    ] = None,
    surely: Annotated[
        bool,
        typer.Option(
            "--surely",
            help="With --fail-above: only if the whole 95 % interval of the growth is above it.",
        ),
    ] = False,
    where: Annotated[
        list[str] | None,
        typer.Option(
            metavar="CONDITION",
            help="Only rows with column=value; globs, and 'dimension>4' in quotes; repeatable.",
        ),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the changes as JSON, errors on stderr.")
    ] = False,
    debug: Annotated[
        bool, typer.Option("--debug", help="Show the Python traceback of an error.")
    ] = False,
):
    """Compare two runs cell by cell: variances, what is gone, biases that appeared.

    With --fail-above it is a gate: status 1, and every reason on stderr.
    """
    from gumbench.runs import folders

    limit = None if fail_above is None else amounts.percent(fail_above, "fail-above")
    if surely and limit is None:
        raise InputError("--surely is about the limit of a gate: add --fail-above 10%")
    first, second = folders.load(before), folders.load(after)
    difference = second.diff(first, where=where or [])
    failures = () if limit is None else difference.failures(limit, surely)
    for failure in failures:
        screen.errors().print(failure, markup=False)
    try:
        _print(difference, before, after, limit, failures, as_json)
    except OSError:
        # The gate's own status, whatever becomes of its words.
        screen.drop(sys.stdout)
        raise typer.Exit(1 if failures else 2) from None
    raise typer.Exit(1 if failures else 0)


def _print(difference, before, after, limit, failures, as_json):
    from gumbench.report import summary

    if as_json:
        screen.write(
            json.dumps(_plain(difference, limit, failures), indent=1, allow_nan=False) + "\n"
        )
    else:
        for note in difference.notes:
            screen.say(note)
        screen.show(summary.of_diff(difference, before, after))
        if limit is not None and not failures:
            screen.sentence(difference.sentence(limit))


def _plain(difference, limit, failures):
    return {
        "passed": None if limit is None else not failures,
        "failures": list(failures),
        "changes": [_plain_change(c) for c in difference.changes],
        "absent": [{"name": a.name, "why": a.why, "nearest": a.nearest} for a in difference.absent],
        "new": list(difference.new),
    }


def _plain_change(change):
    names = ("problem", "dimension", "part", "settings", "estimator", "temperature")
    ends = {"ratio": change.ratio.value, "low": change.ratio.low, "high": change.ratio.high}
    return {
        **{name: change.row[name] for name in (*names, "inner_samples", "dtype")},
        **{key: end if math.isfinite(end) else None for key, end in ends.items()},
        "variance": change.row["variance"],
        "new_bias_p": change.new_bias,
    }
