"""JSON: a list with an object for each row."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

TAKES = "rows"


def text(rows: Iterable[Mapping[str, Any]], columns: Sequence[str]) -> str:
    """Some columns of rows; what is not known is null."""
    return json.dumps([{c: row[c] for c in columns} for row in rows], indent=1) + "\n"
