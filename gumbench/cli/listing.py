"""`gumbench list`: the names there are."""

from enum import StrEnum
from typing import Annotated

import typer

EXAMPLE = "Example: gumbench list estimators"


class Kind(StrEnum):
    """What can be listed."""

    ESTIMATORS = "estimators"
    PROBLEMS = "problems"
    PRESETS = "presets"


def list_names(
    kind: Annotated[str, typer.Argument(metavar="|".join(Kind))] = Kind.ESTIMATORS,
):
    """List estimators with their aliases, problems, or presets."""
    from gumbench.cli import screen
    from gumbench.errors import unknown

    if kind not in list(Kind):
        raise unknown("kind", kind, list(Kind), "gumbench list --help")
    table = screen.table()
    columns, rows = {
        Kind.ESTIMATORS: _estimators,
        Kind.PROBLEMS: _problems,
        Kind.PRESETS: _presets,
    }[Kind(kind)]()
    for column in columns:
        table.add_column(column, overflow="fold", no_wrap=column == "name")
    for row in rows:
        table.add_row(*row)
    screen.output().print(table, highlight=False, markup=False)


def _estimators():
    from gumbench import registry

    rows = []
    for name in registry.names("estimators"):
        by_family = registry.estimators(name)
        first = next(iter(by_family.values()))
        aliases = dict.fromkeys(a for e in by_family.values() for a in e.aliases)
        rows.append(
            (
                name,
                ", ".join(by_family),
                "unbiased" if first.unbiased else "biased",
                "∇f" if "gradient" in first.needs else "f",
                ", ".join(aliases),
            )
        )
    return ("name", "family", "mean", "needs", "also called"), rows


def _problems():
    from gumbench import registry

    rows = []
    for name in registry.names("problems"):
        maker = registry.problem_maker(name)
        sizes = ", ".join(map(str, maker.dimensions))
        rows.append((name, maker.family, f"{maker.symbol} = {sizes}", maker.summary.split("\n")[0]))
    return ("name", "family", "dimension", "what it is"), rows


def _presets():
    from gumbench import config

    rows = []
    for name in config.preset_names():
        first = (config.PRESETS / f"{name}.toml").read_text().split("\n")[0]
        rows.append((name, first.lstrip("# ")))
    return ("name", "what it runs"), rows
