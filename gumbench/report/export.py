"""Any table of a run in any format: which rows and columns, and for a paper which cells."""

from collections.abc import Iterable, Sequence

from gumbench import text
from gumbench.errors import InputError, unknown
from gumbench.report import formats, publication, query, tables
from gumbench.report.tables import Row
from gumbench.report.text_table import Column, Table
from gumbench.types import Record


def export(
    records: Iterable[Record],
    table: str = "variance",
    style: str = "csv",
    *,
    columns: Sequence[str] = (),
    conditions: Sequence[str] = (),
    best_temperature: bool = False,
    down: str | None = None,
    across: str | None = None,
) -> str:
    """A table of some records as text.

    table : name of a table; style : name of a format (see report.formats)
    columns : names or globs; by default all of them in formats of rows, and elsewhere those a
        paper prints
    conditions : `column=value` texts, all of which must hold
    best_temperature : one temperature of each estimator, the best one as in `compare`
    down, across : columns whose values become lines and columns, in Markdown and LaTeX; `columns`
        then names the one in the cells

    Raises InputError for names that are not there and where nothing is left.
    """
    if style not in formats.names():
        raise unknown("format", style, formats.names(), "gumbench export --help")
    if table not in tables.names():
        raise unknown("table", table, tables.names(), "gumbench export --help")
    there = tables.rows(table, records)
    if not there:
        raise InputError(f"this run has no {table}: {_how_to_have(table, records)}")
    kept = query.where(table, there, conditions)
    if best_temperature and table == "throughput":
        raise InputError("--best-temperature goes with the tables variance and components")
    if best_temperature:
        best = publication.best_temperatures(records, conditions)
        kept = [row for row in kept if (row["cell"], row["part"]) in best]
    chosen = query.columns(table, columns)
    write = formats.module(style)
    if write.TAKES == "table":
        return write.text(_for_a_paper(table, kept, chosen if columns else None, down, across))
    if down or across:
        raise InputError(f"--down and --across go with markdown and latex, not with {style}")
    return write.text(kept, chosen)


def _how_to_have(table: str, records: Iterable[Record]) -> str:
    ways = {
        "components": "sweep with --components",
        "throughput": "sweep without --no-throughput",
    }
    others = [name for name in tables.names() if tables.rows(name, records)]
    return ways.get(table) or f"it has --table {' and '.join(others) or 'nothing'}"


def _for_a_paper(
    table: str, kept: list[Row], chosen: Sequence[str] | None, down: str | None, across: str | None
) -> Table:
    if down or across:
        if table != "variance":
            raise InputError(f"--down and --across are for the table variance, not for {table}")
        if not (down and across):
            raise InputError("--down needs --across beside it, and --across needs --down")
        if chosen and len(chosen) > 1:
            raise InputError(f"--columns names the one in the cells: give one, not {len(chosen)}")
        done = _done(kept)
        return publication.pivot(done, down, across, *(chosen or ()))
    if table == "variance" and chosen is None:
        return publication.table(_done(kept))
    chosen = chosen or SHORT.get(table) or query.known_columns(table)
    numeric = [any(isinstance(row[c], int | float) for row in kept) for c in chosen]
    shown = (Column(c.replace("_", " "), n) for c, n in zip(chosen, numeric, strict=True))
    return Table((), tuple(shown), tuple(tuple(text.value(r[c]) for c in chosen) for r in kept))


def _done(kept: list[Row]) -> list[Row]:
    done = [row for row in kept if row["status"] == "done"]
    if not done:
        raise InputError("no row is done: there is nothing to print")
    return done


SHORT = {
    "throughput": (
        *("kind", "name", "problem", "dimension", "rows", "draws", "nanoseconds_per_draw"),
        *("nanoseconds_per_element", "fraction_of_roof", "check_p"),
    )
}
