"""`gumbench list`: the names there are."""

from enum import StrEnum
from typing import Annotated

import typer

EXAMPLE = "Example: gumbench list estimators"


class Kind(StrEnum):
    """What can be listed."""

    ESTIMATORS = "estimators"
    PROBLEMS = "problems"
    SAMPLERS = "samplers"
    PRESETS = "presets"
    RUNS = "runs"


def list_names(
    kind: Annotated[
        str | None, typer.Argument(metavar="KIND", help=f"One of {', '.join(Kind)}.")
    ] = None,
    applies_to: Annotated[
        str | None,
        typer.Option(
            "--for",
            metavar="NAME",
            help="Only estimators that run on this problem, or problems this estimator runs on.",
        ),
    ] = None,
):
    """List estimators, problems, samplers, presets, or the runs in results/.

    Without an argument it says how many there are of each.
    """
    from gumbench.cli import screen
    from gumbench.errors import InputError, unknown
    from gumbench.report.text_table import Column, Table

    if kind is None and applies_to is not None:
        kind = Kind.ESTIMATORS
    if kind is not None and kind not in list(Kind):
        raise unknown("kind", kind, list(Kind), "gumbench list --help")
    if applies_to is not None and kind not in (Kind.ESTIMATORS, Kind.PROBLEMS):
        raise InputError(f"--for goes with estimators and problems, not with {kind}")
    columns, rows = {
        None: _kinds,
        Kind.ESTIMATORS: _estimators,
        Kind.PROBLEMS: _problems,
        Kind.SAMPLERS: _samplers,
        Kind.PRESETS: _presets,
        Kind.RUNS: _runs,
    }[Kind(kind) if kind else None]()
    groups = rows if isinstance(rows, dict) else {"": rows}
    if applies_to is not None:
        names = _matching(kind, applies_to)
        groups = {h: [row for row in group if row[0] in names] for h, group in groups.items()}
    rows = _below_headings(groups) if len(groups) > 1 else groups[""]
    shown = tuple(Column(name, keep=9 - i, wrap=i > 0) for i, name in enumerate(columns))
    screen.show(Table((), shown, tuple(rows)))


def _matching(kind, name):
    """Estimators that apply to a problem, or problems that an estimator applies to."""
    from gumbench import registry
    from gumbench.engine import applicability, resolve

    other = "problems" if kind == Kind.ESTIMATORS else "estimators"
    name = registry.one(other, name)
    estimators = registry.names("estimators") if kind == Kind.ESTIMATORS else [name]
    problems = registry.names("problems") if kind == Kind.PROBLEMS else [name]
    return {
        estimator if kind == Kind.ESTIMATORS else problem.name
        for problem in map(resolve.problem, problems)
        for estimator in estimators
        if not applicability.why_not(registry.estimators(estimator).get(problem.family), problem)
    }


def _kinds():
    from pathlib import Path

    from gumbench import registry
    from gumbench.spec import schema

    counts = {kind: len(registry.names(kind)) for kind in ("estimators", "problems", "samplers")}
    counts["presets"] = len(schema.preset_names())
    counts["runs"] = len(list(Path("results").glob("*/manifest.json")))
    examples = {
        "estimators": "gumbench list estimators --for categorical-vae",
        "problems": "gumbench list problems --for pathwise",
        "samplers": "gumbench explain gumbel-max",
        "presets": "gumbench sweep smoke",
        "runs": "gumbench compare",
    }
    rows = [(kind, f"{counts[kind]}", examples[kind]) for kind in Kind]
    return ("kind", "how many", "an example"), rows


def _runs():
    from pathlib import Path

    from gumbench.cli import screen
    from gumbench.errors import InputError
    from gumbench.runs.store import Folder

    rows = []
    for path in sorted(Path("results").glob("*/manifest.json")):
        folder = Folder(path.parent)
        try:
            manifest, records = folder.manifest(), folder.records()
        except InputError as error:
            screen.say(error)
            continue
        done = sum(record.status in ("done", "skipped") for record in records.values())
        seed = str(manifest.seed)
        rows.append(
            (
                str(path.parent),
                f"{done} of {len(manifest.cells)}",
                seed,
                ", ".join(manifest.subjects()),
            )
        )
    return ("name", "cells done", "seed", "problems"), rows


def _estimators():
    """Grouped by method, each group below its tag."""
    from gumbench import registry
    from gumbench.types import METHODS

    groups: dict[str, list] = {f"@{method}": [] for method in METHODS} | {"your own": []}
    for name in registry.names("estimators"):
        by_family = registry.estimators(name)
        first = next(iter(by_family.values()))
        aliases = dict.fromkeys(a for e in by_family.values() for a in e.aliases)
        heading = f"@{first.methods[0]}" if first.methods else "your own"
        groups[heading].append(
            (
                name,
                ", ".join(by_family),
                "unbiased" if first.unbiased else "biased",
                "∇f" if "gradient" in first.needs else "f",
                ", ".join(aliases),
            )
        )
    return ("name", "family", "mean", "needs", "also called"), groups


def _below_headings(groups):
    """Rows of all groups, each below a row that names it."""
    for heading, rows in groups.items():
        if rows:
            width = len(rows[0]) - 1
            yield (heading, *[""] * width)
            yield from ((f"  {row[0]}", *row[1:]) for row in rows)


def _problems():
    from gumbench import registry

    rows = []
    for name in registry.names("problems"):
        maker = registry.problem_maker(name)
        sizes = ", ".join(map(str, maker.dimensions))
        rows.append((name, maker.family, f"{maker.symbol} = {sizes}", maker.summary.split("\n")[0]))
    return ("name", "family", "dimension", "what it is"), rows


def _samplers():
    from gumbench import registry

    samplers = map(registry.sampler, registry.names("samplers"))
    rows = [
        (s.name, f"{s.resolution} bits", s.summary.split("\n")[0], ", ".join(s.aliases))
        for s in samplers
    ]
    return ("name", "resolution", "what it is", "also called"), rows


def _presets():
    from gumbench.spec import schema

    rows = []
    for name in schema.preset_names():
        first = (schema.PRESETS / f"{name}.toml").read_text().split("\n")[0]
        rows.append((name, first.lstrip("# ")))
    return ("name", "what it runs"), rows
