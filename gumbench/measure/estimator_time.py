"""Nanoseconds of one estimate: each estimator alone, at one temperature, on one thread.

Estimators of a problem and dimension are timed in turns, their moments included, draws being made
in the fastest way, as anybody would who needs no noise in common. What they prepare
for a θ is timed apart; where it is all that there is to an estimate (`exact`), it is its time.
"""

import dataclasses
import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numba
import numpy as np

from gumbench import diagnostics, machine, registry
from gumbench.engine import forecast as forecasting
from gumbench.engine import resolve
from gumbench.engine.bound_estimator import (
    NO_DRAWS,
    BoundEstimator,
    Preparation,
    bind_estimator,
    draw_source,
    prepared,
)
from gumbench.engine.bound_problem import BoundProblem
from gumbench.engine.forecast import Forecast
from gumbench.engine.moments import Grouping, Silent
from gumbench.kernels.compiler.jit import Task
from gumbench.kernels.compiler.threads import limited
from gumbench.kernels.loops import records
from gumbench.measure import variance
from gumbench.stats import timing
from gumbench.types import Cell, Record

PREPARED_TIMES = 3


def cell(timed: Cell) -> Cell | None:
    """What is timed for a cell of the grid: seed, counts and which temperature do not matter."""
    if timed.skipped:
        return None
    return dataclasses.replace(
        timed,
        temperature=None if timed.temperature is None else 1.0,
        seed=0,
        estimates=0,
        truth_estimates=0,
        options=(),
    )


def pass_key(cell: Cell) -> str:
    """Equal for cells that are timed in turns."""
    return json.dumps([cell.problem, cell.dimension, cell.problem_settings, cell.dtype])


def tasks(cells: Sequence[Cell]) -> Iterator[Task]:
    """What a pass compiles, as jit.Tasks."""
    for c in cells:
        yield from variance.tasks([c], fastest_draws=True)


def measure(cells: Sequence[Cell], monitor: Any = None) -> list[Record]:
    """Records of cells that share a problem."""
    monitor = monitor or Silent()
    with limited(1):
        timed = [_timed(c) for c in cells]
        works = {c.key: work for c, (_, work) in zip(cells, timed, strict=True)}
        # On one thread nobody waits for more work: with pauses a round took a fifth longer.
        rounds = timing.in_turns(works, monitor.progress, pause=0.0)
    return [
        _record(c, rounds[c.key], seconds) for c, (seconds, _) in zip(cells, timed, strict=True)
    ]


def _timed(cell: Cell) -> tuple[float, tuple[Callable[..., None], int]]:
    """Seconds of preparing; work of `units` estimates with their moments, and the least of them."""
    bound = variance.bound_problem(cell)
    estimator = registry.estimators(cell.estimator)[bound.problem.family]
    settings = estimator.all_settings(cell.estimator_settings)
    grouping = Grouping(bound, np.zeros(bound.theta.size))
    options = cell.inner_samples, 0, None, settings
    temperature = cell.temperature
    bound_estimator = bind_estimator(
        bound, estimator, [temperature or 1.0], *options, fastest_draws=True
    )
    source = draw_source(estimator, bound.family, fastest=True)
    preparation = Preparation(bound, settings, temperature, cell.inner_samples, 0)

    def prepare(times: int) -> None:
        for _ in range(times):
            if not estimator.prepare_is_free:
                prepared(estimator, preparation)
            source.table(bound)

    if estimator.deterministic and estimator.prepare:
        return 0.0, (prepare, 1)
    seconds = 0.0
    if estimator.prepare or source is not NO_DRAWS:
        seconds = min(timing.clocked(prepare, 1) for _ in range(PREPARED_TIMES))
    return seconds, _work(bound, bound_estimator, grouping)


def _work(
    bound: BoundProblem, bound_estimator: BoundEstimator, grouping: Grouping
) -> tuple[Callable[..., None], int]:
    sums = records.no_sums(1, 1, bound.theta.size, grouping.rows)
    block = bound_estimator.block
    return lambda units: bound_estimator.add_moments(
        grouping.driver, 0, 0, units, block, sums
    ), block


def _record(cell: Cell, rounds: Sequence[float], prepare_seconds: float) -> Record:
    problem, estimator = resolve.of_cell(cell)
    elements = problem.shape[0] * problem.shape[1]
    python = not problem.compiled or estimator.compute is not None
    return Record(
        key=cell.key,
        measurement=cell.measurement,
        cell=cell,
        status="done",
        result={
            "kind": "estimator",
            "family": problem.family,
            "elements": elements,
            "settings": cell.settings_text(),
            "threads": 1,
            "threading_layer": numba.threading_layer(),
            "vector_bits": machine.vector_bits(),
        },
        notes=(("python",) if python else ()) + diagnostics.of_rounds(rounds),
        clock={"rounds": rounds, "prepare_seconds": prepare_seconds},
    )


def forecast(cells: Sequence[Cell], threads: int) -> Forecast:
    """The forecast.Forecast of a pass."""
    pilots = []
    for c in cells:
        options = (c.temperature or 1.0,), c.inner_samples, c.estimator_settings
        bound = variance.bound_problem(c)
        pilots.append(forecasting.pilot(bound, c.estimator, *options, fastest_draws=True))
    return forecasting.estimator_time(pilots)
