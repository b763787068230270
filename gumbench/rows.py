"""Choosing rows and columns of a table."""

import fnmatch
import operator
import re

from gumbench import tables
from gumbench.errors import InputError, unknown

OPERATORS = {
    "=": operator.eq,
    "!=": operator.ne,
    "<=": operator.le,
    ">=": operator.ge,
    "<": operator.lt,
    ">": operator.gt,
}
CONDITION = re.compile(r"^\s*(\w+)\s*(!=|<=|>=|=|<|>)\s*(.*?)\s*$")
DIFFERS_IN_TEMPERATURE = (
    *("problem", "dimension", "part", "settings", "estimator", "inner_samples", "dtype", "seed"),
)


def known_columns(table):
    """Names of the columns of a table."""
    return [column.name for column in tables.table(table).COLUMNS]


def columns(table, wanted):
    """Columns of a table by name or glob, in the order asked for; all of them for none.

    Raises InputError for one that matches nothing.
    """
    known = known_columns(table)
    found: list[str] = []
    for pattern in wanted:
        matched = fnmatch.filter(known, pattern)
        if not matched:
            raise unknown("column", pattern, known, "gumbench export --help")
        found += [name for name in matched if name not in found]
    return found or known


def condition(table, text):
    """`column=value` (or != < <= > >=) as a test of a row; a word may be a glob.

    Raises InputError for what is no condition, and for columns that are not there.
    """
    match = CONDITION.match(text)
    if not match or not match[3]:
        raise InputError(f"--where {text!r}: give column=value, with one of {' '.join(OPERATORS)}")
    name, symbol, value = match.groups()
    if name not in known_columns(table):
        raise unknown("column", name, known_columns(table), "gumbench export --help")
    (kind,) = (c.dtype for c in tables.table(table).COLUMNS if c.name == name)
    compare = OPERATORS[symbol]
    if kind in ("string", "boolean"):
        if symbol not in ("=", "!="):
            raise InputError(f"--where {text!r}: {name} is a word; compare it with = or !=")
        return lambda row: (
            row[name] is not None
            and compare(fnmatch.fnmatch(str(row[name]).lower(), value.lower()), True)
        )
    try:
        number = float(value)
    except ValueError:
        raise InputError(f"--where {text!r}: {name} is a number, {value!r} is none") from None
    return lambda row: row[name] is not None and compare(row[name], number)


def where(table, rows, conditions):
    """The rows for which all conditions hold. Raises InputError where none is left."""
    tests = [condition(table, text) for text in conditions]
    kept = [row for row in rows if all(test(row) for test in tests)]
    if rows and not kept:
        raise InputError(f"no row has {' and '.join(conditions)}")
    return kept


def best_temperatures(rows):
    """Of rows that differ only in temperature, the one of least mean squared error."""
    best: dict[tuple, dict] = {}
    for row in rows:
        key = tuple(row[name] for name in DIFFERS_IN_TEMPERATURE)
        before = best.get(key)
        if before is None or (row["mse"] is not None and row["mse"] < (before["mse"] or 0.0)):
            best[key] = row
    return list(best.values())
