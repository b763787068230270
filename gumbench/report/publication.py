"""Tables of variance as a paper prints them: an interval in one cell, bias in percent.

What is the same in all rows stands above the table.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from gumbench import text
from gumbench.errors import InputError, unknown
from gumbench.report import ranking, summary, text_table
from gumbench.report.tables import Row
from gumbench.report.text_table import Column, Table
from gumbench.types import Record

# Columns that tell rows apart, with the header of each.
APART = {
    "problem": "problem",
    "dimension": "dimension",
    "settings": "settings",
    "part": "gradient in",
    "dtype": "type",
    "seed": "seed",
    "estimates": "estimates",
    "estimator": "estimator",
    "inner_samples": "K",
    "temperature": "τ",
}
ALWAYS = ("estimator",)
NUMBERS = ("dimension", "seed", "estimates", "inner_samples", "temperature")


def table(rows: Sequence[Row]) -> Table:
    """A Table of rows of variance.csv, done ones; what all have in common is its title."""
    rows = [with_settings_that_differ(row, rows) for row in rows]
    differing = [name for name in APART if name in ALWAYS or _differs(name, rows)]
    columns = [(Column(APART[name], name in NUMBERS), _shown(name)) for name in differing]
    columns += [
        (Column("f", True), lambda r: text.short(r["evaluations"])),
        (Column("∇f", True), lambda r: text.short(r["gradient_evaluations"])),
        (Column("variance (95 %)"), variance),
        (Column("bias, %"), lambda r: summary.bias(r, r["relative_variance"] is not None)),
    ]
    return text_table.table(_title(rows, differing), columns, rows)


def pivot(rows: Sequence[Row], down: str, across: str, value: str = "variance") -> Table:
    """A Table with one line a value of a column `down`, and one column a value of `across`.

    value : column in the cells; "variance" with its interval. Raises InputError for columns that
    tell no rows apart.
    """
    for name in (down, across):
        if name not in APART:
            raise unknown("column to turn", name, list(APART), "gumbench export --help")
    if down == across:
        raise InputError(f"--down {down} --across {across}: give two columns")
    rows = [with_settings_that_differ(row, rows) for row in rows]
    lines = [n for n in APART if n != across and (n == down or _differs(n, rows))]
    lines = [*(n for n in lines if n != down), down]
    cells: dict[tuple, dict] = {}
    for row in rows:
        shown = variance(row) if value == "variance" else text.value(row[value])
        cells.setdefault(tuple(row[n] for n in lines), {})[row[across]] = shown
    heads = list(dict.fromkeys(row[across] for row in rows))
    columns = [(Column(APART[n], n in NUMBERS), _in_key(i, n)) for i, n in enumerate(lines)]
    columns += [
        (Column(f"{APART[across]} = {text.value(h) or 'none'}"), _in_cell(h)) for h in heads
    ]
    title = [*_title(rows, [*lines, across]), f"{value} (95 %)" if value == "variance" else value]
    return text_table.table(title, columns, list(cells.items()))


def _differs(name: str, rows: Sequence[Row]) -> bool:
    """Whether rows differ in a column; an estimator that says all in one estimate has 64."""
    noisy = [row for row in rows if name != "estimates" or row["variance"]]
    return len({row[name] for row in noisy}) > 1


def _in_key(place: int, name: str) -> Callable[[Any], str]:
    return lambda item: _text(name, item[0][place])


def _in_cell(head: Any) -> Callable[[Any], str]:
    return lambda item: item[1].get(head, "")


def variance(row: Row) -> str:
    """A variance with its interval."""
    if row["variance"] == 0 == row["variance_high"]:
        return "0"
    return text.interval(row["variance"], row["variance_low"], row["variance_high"])


def with_settings_that_differ(row: Row, rows: Sequence[Row]) -> Row:
    """The row with those of its settings that are not the same in all rows of its problem."""
    same = [r["settings"] for r in rows if r["problem"] == row["problem"]]
    common = set.intersection(*(set((s or "").split()) for s in same))
    kept = [pair for pair in (row["settings"] or "").split() if pair not in common]
    return {**row, "settings": ", ".join(kept).replace("=", " = ")}


def best_temperatures(records: Iterable[Record], where: Iterable[str]) -> set[tuple[str, str]]:
    """(cell, part) of the rows that have each estimator's best temperature, as `compare` shows."""
    return {
        (candidate.row["cell"], candidate.row["part"])
        for comparison in ranking.compare(records, where=where)
        for candidate in summary.best_temperatures(comparison)
    }


def _shown(name: str) -> Callable[..., Any]:
    return lambda row: _text(name, row[name]) + _mark(name, row)


def _mark(name: str, row: Row) -> str:
    return " (oracle)" if name == "estimator" and row["oracle"] else ""


def _text(name: str, value: Any) -> str:
    return f"{value:,}" if name in ("dimension", "estimates") else text.value(value)


def _title(rows: Sequence[Row], differing: Sequence[str]) -> Iterator[str]:
    same = [n for n in APART if n not in differing and rows and rows[0][n] not in (None, "")]
    if same:
        yield " · ".join(f"{APART[n]} {_text(n, max(r[n] for r in rows))}" for n in same)
