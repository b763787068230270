"""One file a measurement: `measure(cells, monitor)` turns the cells of a pass into records.

A measurement depends neither on where nor after what it runs, and writes into no other's records.
Beside `measure` its module has `forecast(cells, threads)`, a forecast.Forecast, and may have
`tasks(cells)`, what it compiles, `cell(cell)`, what it makes of a cell of the grid or None, and
`pass_key(cell)`, equal for cells that go together.
"""

import importlib
import pkgutil
from collections.abc import Iterator, Sequence
from types import ModuleType
from typing import Any

from gumbench.engine.forecast import Forecast
from gumbench.errors import unknown
from gumbench.kernels.compiler.jit import Task
from gumbench.types import Cell


def names() -> list[str]:
    """Names of the measurements."""
    return sorted(m.name for m in pkgutil.iter_modules(__path__))


def measurement(name: str) -> ModuleType:
    """The module of a measurement."""
    if name not in names():
        raise unknown("measurement", name, names())
    return importlib.import_module(f"{__name__}.{name}")


def cells(variance_cells: Sequence[Cell]) -> list[Cell]:
    """What the measurements make of the cells of a grid: each once, by measurement."""
    kept: dict = {}
    for cell in variance_cells:
        asked = getattr(measurement(cell.measurement), "cell", lambda c: c)(cell)
        if asked is not None:
            kept.setdefault(asked.key, asked)
    order = list(dict.fromkeys(cell.measurement for cell in variance_cells))
    return sorted(kept.values(), key=lambda cell: order.index(cell.measurement))


def passes(cells: Sequence[Cell]) -> list[tuple[Cell, ...]]:
    """Groups of cells that are measured together, in order of the first of each."""
    groups: dict = {}
    for cell in cells:
        key = getattr(measurement(cell.measurement), "pass_key", Cell.pass_key)
        groups.setdefault((cell.measurement, key(cell)), []).append(cell)
    return [tuple(group) for group in groups.values()]


def tasks(passes: Sequence[Sequence[Cell]]) -> Iterator[Task]:
    """What passes compile, as jit.Tasks; the last first, for samplers take the longest."""
    for cells in reversed(passes):
        yield from getattr(measurement(cells[0].measurement), "tasks", lambda _: ())(cells)


def _forecast(cells: Sequence[Cell], threads: int) -> Any:
    try:
        return measurement(cells[0].measurement).forecast(cells, threads)
    except Exception:  # what fails here fails again in its own cell, and is recorded there
        return Forecast(0.0)


def forecasts(passes: Sequence[Sequence[Cell]], threads: int) -> tuple[list[float], float]:
    """Seconds of each pass, and of all of them those in which truths are found."""
    seconds, truths, seen = [], 0.0, set()
    for cells in passes:
        forecast = _forecast(cells, threads)
        place = cells[0].problem, cells[0].dimension, cells[0].problem_settings
        truth = 0.0 if place in seen else forecast.truth
        seen.add(place)
        seconds.append(forecast.seconds + truth)
        truths += truth
    return seconds, truths
