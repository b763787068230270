"""One file a format: how rows, or a Table for people, become text.

A module of rows has TAKES = "rows" and text(rows, columns); one of a Table has TAKES = "table" and
text(table).
"""

import importlib
import pkgutil
from types import ModuleType


def names() -> list[str]:
    """Names of the formats."""
    return sorted(m.name for m in pkgutil.iter_modules(__path__))


def module(name: str) -> ModuleType:
    """The module of a format."""
    return importlib.import_module(f"{__name__}.{name}")
