"""One file a measurement: `measure(cells, monitor)` turns the cells of a pass into records.

A measurement depends neither on where nor after what it runs.
"""

import importlib
import pkgutil

from gumbench.errors import unknown


def names():
    """Names of the measurements."""
    return sorted(m.name for m in pkgutil.iter_modules(__path__))


def measurement(name):
    """The module of a measurement."""
    if name not in names():
        raise unknown("measurement", name, names())
    return importlib.import_module(f"{__name__}.{name}")
