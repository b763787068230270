"""The Problem and Estimator that names and cells of a grid stand for."""

from typing import Any

from gumbench import registry
from gumbench.engine.direct import with_direct_decided
from gumbench.types import Cell, Estimator, Problem


def problem(name: str, dimension: int | None = None, settings: Any = ()) -> Problem:
    """A problem of the registry, with `direct_is_score` decided (see engine.direct)."""
    return with_direct_decided(registry.make_problem(name, dimension, settings))


def of_cell(cell: Cell) -> tuple[Problem, Estimator]:
    """The problem and the estimator of a cell."""
    place = cell.problem, cell.dimension, cell.problem_settings
    resolved = problem(*place)
    return resolved, registry.estimators(cell.estimator)[resolved.family]
