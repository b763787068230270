"""One file a table: its columns, and the rows of a record.

A row is a pure function of its own journal line.
"""

import hashlib
import importlib
import pkgutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from gumbench.report.formats import csv
from gumbench.types import Record

Row = dict[str, Any]


@dataclass(frozen=True)
class Column:
    """A column of a table. clock: what a clock measured, not reproducible."""

    name: str
    dtype: str
    meaning: str
    unit: str = ""
    clock: bool = False


def names() -> list[str]:
    """Names of the tables."""
    return sorted(m.name for m in pkgutil.iter_modules(__path__))


def table(name: str) -> ModuleType:
    """The module of a table: MEASUREMENTS, whose records it takes, COLUMNS and rows(record)."""
    return importlib.import_module(f"{__name__}.{name}")


def rows(name: str, records: Iterable[Record]) -> list[Row]:
    """The rows of a table, as dicts in the order of its columns."""
    module = table(name)
    empty = {column.name: None for column in module.COLUMNS}
    return [
        {**empty, **row}
        for record in records
        if record.measurement in module.MEASUREMENTS
        for row in module.rows(record)
    ]


def csv_text(name: str, rows: Sequence[Row], clock: bool = True) -> str:
    """A table as CSV; floats read back as the same number. clock=False: what is reproducible."""
    return csv.text(rows, [c.name for c in table(name).COLUMNS if clock or not c.clock])


def sha256(name: str, rows: Sequence[Row]) -> str:
    """Hash of the reproducible columns."""
    return hashlib.sha256(csv_text(name, rows, clock=False).encode()).hexdigest()


def frame(name: str, rows: Sequence[Row], wide: bool = False) -> Any:
    """A table as a pandas DataFrame with the declared dtypes. wide: settings in a column each."""
    import pandas

    columns = table(name).COLUMNS
    data = pandas.DataFrame(rows, columns=[c.name for c in columns])
    data = data.astype({c.name: c.dtype for c in columns})
    if not wide or "settings" not in data:
        return data
    pairs = [dict(p.partition("=")[::2] for p in (s or "").split()) for s in data.pop("settings")]
    for key in dict.fromkeys(key for row in pairs for key in row):
        texts = pandas.Series([row.get(key) for row in pairs], dtype="string")
        numbers = pandas.to_numeric(texts, errors="coerce")
        whole = bool((numbers.isna() == texts.isna()).all())
        data[f"setting.{key}"] = numbers.astype("Float64") if whole else texts
    return data
