"""Comma-separated values; floats read back as the same number."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

TAKES = "rows"


def text(rows: Iterable[Mapping[str, Any]], columns: Sequence[str]) -> str:
    """Some columns of rows; what is not known is empty."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    for row in rows:
        writer.writerow(["" if row[c] is None else row[c] for c in columns])
    return out.getvalue()
