"""Choosing rows and columns of a table."""

import fnmatch
import operator
import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from gumbench import registry
from gumbench.errors import InputError, unknown
from gumbench.report import tables
from gumbench.report.tables import Row
from gumbench.text import words

OPERATORS = {
    "=": operator.eq,
    "!=": operator.ne,
    "<=": operator.le,
    ">=": operator.ge,
    "<": operator.lt,
    ">": operator.gt,
}
MOST_SHOWN = 8
CONDITION = re.compile(r"^\s*(\w+)\s*(!=|<=|>=|=|<|>)\s*(.*?)\s*$")


def known_columns(table: str) -> list[str]:
    """Names of the columns of a table."""
    return [column.name for column in tables.table(table).COLUMNS]


def columns(table: str, wanted: Sequence[str]) -> list[str]:
    """Columns of a table by name or glob, in the order asked for; all of them for none.

    Raises InputError for one that matches nothing.
    """
    known = known_columns(table)
    chosen: list[str] = []
    for pattern in wanted:
        matched = [pattern] if pattern in known else fnmatch.filter(known, pattern)
        if not matched:
            raise unknown("column", pattern, known, "gumbench export --help")
        chosen += [name for name in matched if name not in chosen]
    return chosen or known


def _settings(row: Row) -> dict[str, str]:
    """Settings of a row by name, as words."""
    return dict(pair.partition("=")[::2] for pair in (row.get("settings") or "").split())


def condition(table: str, text: str, settings: Iterable[str] = ()) -> Callable[[Row], bool]:
    """`column=value[,value]` (or != < <= > >=) as a test of a row; a word may be a glob.

    settings : names of settings, which are conditions as columns are
    Raises InputError for what is no condition, and for columns that are not there.
    """
    match = CONDITION.match(text)
    values = words(match[3]) if match else []
    if not match or not values:
        raise InputError(f"--where {text!r}: give column=value, with one of {' '.join(OPERATORS)}")
    name, symbol, _ = match.groups()
    if name in settings and name not in known_columns(table):
        tests = [_test_of_setting(text, name, symbol, value) for value in values]
        return _combined(tests, symbol, lambda row: _settings(row).get(name))
    if name not in known_columns(table):
        raise unknown("column", name, known_columns(table), "gumbench export --help")
    if len(values) > 1 and symbol not in ("=", "!="):
        raise InputError(f"--where {text!r}: several values go with = and != alone")
    (kind,) = (c.dtype for c in tables.table(table).COLUMNS if c.name == name)
    if name == "estimator":
        values = [registry.aliases().get(_normalized(value), value) for value in values]
    tests = [_test(text, name, kind, symbol, value) for value in values]
    return _combined(tests, symbol, lambda row: row[name])


def _combined(
    tests: Sequence[Callable[..., bool]], symbol: str, value_of: Callable[[Row], Any]
) -> Callable[[Row], bool]:
    every = all if symbol == "!=" else any

    def holds(row: Row) -> bool:
        value = value_of(row)
        return value is not None and every(test(value) for test in tests)

    return holds


def _test_of_setting(text: str, name: str, symbol: str, value: Any) -> Callable[[Any], bool]:
    """A test of a setting: of a number where the value is one."""
    try:
        number = float(value)
    except ValueError:
        return _test(text, name, "string", symbol, value)
    compare = OPERATORS[symbol]

    def holds(present: Any) -> bool:
        try:
            return compare(float(present), number)
        except ValueError:
            return symbol == "!="

    return holds


def _test(text: str, name: str, kind: str, symbol: str, value: Any) -> Callable[[Any], bool]:
    """A test of what a column holds."""
    compare = OPERATORS[symbol]
    if kind in ("string", "boolean"):
        if symbol not in ("=", "!="):
            raise InputError(f"--where {text!r}: {name} is a word; compare it with = or !=")
        wanted = _normalized(value)
        return lambda present: compare(_is(_normalized(present), wanted), True)
    try:
        number = float(value)
    except ValueError:
        raise InputError(f"--where {text!r}: {name} is a number, {value!r} is none") from None
    return lambda present: compare(present, number)


def _is(value: Any, wanted: str) -> bool:
    """Whether a word is another, or matches it as a glob; brackets in names are themselves."""
    return value == wanted or fnmatch.fnmatch(value, wanted)


def _normalized(value: Any) -> str:
    """A word without what makes no difference."""
    return str(value).lower().replace("_", "-")


def where(table: str, rows: Sequence[Row], conditions: Iterable[str]) -> list[Row]:
    """The rows for which all conditions hold. Raises InputError where none is left."""
    conditions = [conditions] if isinstance(conditions, str) else list(conditions)
    settings = {key for row in rows for key in _settings(row)}
    tests = [condition(table, text, settings) for text in conditions]
    kept = [row for row in rows if all(test(row) for test in tests)]
    if rows and not kept:
        raise InputError(
            f"no row has {' and '.join(conditions)}{_there_are(table, rows, conditions)}"
        )
    return kept


def _there_are(table: str, rows: Sequence[Row], conditions: Iterable[str]) -> str:
    """What the columns of conditions hold, where that are a few words."""
    for text in conditions:
        settings = {key for row in rows for key in _settings(row)}
        if not any(condition(table, text, settings)(row) for row in rows):
            name = re.split("[!<>=]", text.strip())[0].strip()
            seen = ({**_settings(row), **row}.get(name) for row in rows)
            values = list(dict.fromkeys(str(value) for value in seen if value is not None))
            shown = ", ".join(values[:MOST_SHOWN]) + (", ..." if values[MOST_SHOWN:] else "")
            return f": {name} is {shown}" if values else f": {name} is empty"
    return ""
