"""How long a pass will take, from a short pilot of it: a forecast before the work.

Compiled estimators are run for some milliseconds. Functions in plain Python are timed at two
numbers of rows, and then counted: f itself may take longer than all the rest.
"""

import dataclasses
import functools
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gumbench import registry
from gumbench.engine import applicability, rare
from gumbench.engine.bound_estimator import BoundEstimator, Preparation, bind_estimator
from gumbench.engine.bound_problem import BoundProblem
from gumbench.engine.exact_moments import MOST_NODES_IN_ALL, MOST_POINTS, points
from gumbench.engine.moments import Grouping
from gumbench.engine.python import Calls, Noise
from gumbench.kernels.loops import driver, records
from gumbench.stats import timing
from gumbench.types import BATCHES, Cell, Estimator, Sizes

PILOT_SECONDS = 3e-3
# A pass beside its numbers: the journal, the disk, the record.
SECONDS_A_PASS = 0.01
# NumPy's part of listing an outcome, for each of its variables.
SECONDS_LISTED = 6e-8
# A pilot that takes longer than a slice of a busy processor is timed once.
REPEATS, LONG_PILOT = 2, 0.05
FEW_ROWS, SOME_ROWS, MANY_ROWS = 16, 64, 1024


@dataclass(frozen=True)
class Forecast:
    """Seconds of a pass, and of them those in which the truth is found."""

    seconds: float
    truth: float = 0.0


@dataclass(frozen=True)
class Affine:
    """Seconds of a call for so many rows: fixed + row · rows."""

    fixed: float
    row: float

    def __call__(self, rows: float) -> float:
        """Seconds."""
        return self.fixed + self.row * rows


def affine(call: Callable[[int], Any]) -> Affine:
    """The Affine of call(rows), which is run a few times."""
    call(FEW_ROWS)
    seconds = {rows: _least(call, rows) for rows in (FEW_ROWS, SOME_ROWS)}
    most = SOME_ROWS
    if seconds[SOME_ROWS] < PILOT_SECONDS:
        most, seconds[MANY_ROWS] = MANY_ROWS, _least(call, MANY_ROWS)
    row = max(0.0, (seconds[most] - seconds[FEW_ROWS]) / (most - FEW_ROWS))
    return Affine(max(0.0, seconds[FEW_ROWS] - FEW_ROWS * row), row)


def _least(work: Callable[..., None], units: int) -> float:
    """Seconds of `work(units)`, the least of a few where it is short: the machine is shared."""
    took = timing.clocked(work, units)
    repeated = REPEATS if took < LONG_PILOT else 0
    return min([took, *(timing.clocked(work, units) for _ in range(repeated))])


class Prices:
    """Seconds of the functions of a bound problem, by rows."""

    def __init__(self, bound: BoundProblem) -> None:
        random = bound.noise(0, None, 0, MANY_ROWS)
        x = bound.family.inside(bound, random)
        self.value = affine(lambda rows: bound.value(x[..., :rows]))
        self.gradient = self.direct = Affine(0.0, 0.0)
        if bound.problem.gradient:
            self.gradient = affine(lambda rows: bound.gradient(x[..., :rows]))
        if bound.problem.direct:
            self.direct = affine(lambda rows: bound.direct(x[..., :rows]))


class Unpriced:
    """A bound problem whose f is 0 and costs nothing, for what prepares: its calls are counted."""

    def __init__(self, bound: BoundProblem) -> None:
        self._bound, self.calls = bound, Calls()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._bound, name)

    def at(self, dtype: str) -> "Unpriced":
        """The same."""
        return self

    def value(self, x: np.ndarray) -> np.ndarray:
        """0, counted."""
        self.calls.values += x.shape[2]
        return np.zeros(x.shape[2])

    def value_at(self, category: np.ndarray) -> np.ndarray:
        """0, counted."""
        self.calls.values += category.shape[1]
        return np.zeros(category.shape[1])

    def gradient(self, x: np.ndarray) -> np.ndarray:
        """0, counted."""
        self.calls.gradients += x.shape[2]
        return np.zeros(x.shape)

    def direct(self, x: np.ndarray) -> np.ndarray:
        """0."""
        return np.zeros((self.theta.size, x.shape[2]))


@dataclass(frozen=True)
class Pilot:
    """An estimator on a bound problem: seconds of preparing it, and of an estimate on one thread.

    block : estimates made at once; parallel : whether threads share the work
    """

    prepare: float
    estimate: float
    block: int
    parallel: bool


@functools.lru_cache(maxsize=256)
def pilot(
    bound: BoundProblem,
    name: str,
    temperatures: tuple[float, ...],
    inner_samples: int | None,
    settings: Any,
    fastest_draws: bool = False,
) -> Pilot:
    """The Pilot of the estimator of a name, with a tuple of temperatures and pairs of settings."""
    estimator, price = registry.estimators(name)[bound.problem.family], prices(bound)
    unpriced = Unpriced(bound)
    seconds = 0.0
    table = None
    if estimator.prepare:
        began = time.perf_counter()
        values = estimator.all_settings(settings)
        temperature = temperatures[0] if estimator.takes_temperature else None
        table = estimator.prepare(Preparation(unpriced, values, temperature, inner_samples, 0))
        calls = unpriced.calls
        seconds = time.perf_counter() - began + price.value.row * calls.values
        seconds += price.gradient.row * calls.gradients
        seconds *= len(temperatures) if estimator.takes_temperature else 1
    if estimator.deterministic:
        return Pilot(seconds, 0.0, 1, False)
    if estimator.prepare:
        estimator = dataclasses.replace(estimator, prepare=lambda preparation: table)
    bound_estimator = bind_estimator(
        bound,
        estimator,
        temperatures,
        inner_samples,
        0,
        settings=settings,
        fastest_draws=fastest_draws,
    )
    if estimator.compute:
        each = affine(
            lambda rows: bound_estimator._estimates(Noise(bound, 0, 0, 0, rows), temperatures[0])
        )
        return Pilot(
            seconds,
            each(bound_estimator.block) / bound_estimator.block,
            bound_estimator.block,
            False,
        )
    if not bound.problem.compiled:
        cost = estimator.cost(Sizes(inner_samples or 1, *bound.problem.shape))
        block = bound_estimator.block
        a_block = cost.values * price.value(block) + cost.gradients * price.gradient(block)
        a_block += price.direct(block) if bound_estimator.inputs.direct else 0.0
        return Pilot(seconds, a_block / block * len(temperatures), block, False)
    return Pilot(seconds, _timed(bound_estimator), bound_estimator.block, True)


def _timed(bound_estimator: BoundEstimator) -> float:
    """Seconds of an estimate and its moments at all temperatures, on one thread."""
    bound, block = bound_estimator.bound, bound_estimator.block
    grouping = Grouping(bound, np.zeros(bound.theta.size))
    sums = records.no_sums(1, len(bound_estimator.temperatures), bound.theta.size, grouping.rows)

    def work(count: int) -> None:
        bound_estimator.add_moments(grouping.driver, 0, 0, count, block, sums)

    work(block)
    count = block
    while (seconds := _least(work, count)) < PILOT_SECONDS and count < block << 10:
        count *= 4
    return seconds / count


def variance(
    cells: Sequence[Cell], bound: BoundProblem, estimator: Estimator, threads: int
) -> Forecast:
    """The Forecast of a pass that measures variance; its `truth` is found once for its problem."""
    cell = cells[0]
    temperatures = tuple(c.temperature or 1.0 for c in cells)
    options = cell.inner_samples, cell.estimator_settings
    piloted = pilot(bound, cell.estimator, temperatures, *options)
    seconds = piloted.prepare + _estimates(piloted, cell.estimates, threads)
    if not estimator.deterministic:
        seconds += _unseen(piloted, bound, estimator, cell)
        seconds += _exact(piloted, bound, estimator, cell)
    return Forecast(SECONDS_A_PASS + seconds, _truth(bound, cell.truth_estimates, threads))


def _estimates(piloted: Pilot, count: int, threads: int) -> float:
    """Seconds of so many estimates, in whole blocks of each batch."""
    each = -(-count // BATCHES)
    block = driver.block_for(piloted.block, each)
    total = -(-each // block) * block * BATCHES
    return total * piloted.estimate / (threads if piloted.parallel else 1)


def _exact(piloted: Pilot, bound: BoundProblem, estimator: Estimator, cell: Cell) -> float:
    """Seconds of exact moments: estimates at all points, one thread, float64."""
    most = MOST_POINTS if dict(cell.options).get("exact") else cell.estimates
    count = points(estimator, bound.problem, cell.inner_samples)
    if count > most:
        return 0.0
    return (count if bound.family.DISCRETE else min(most, MOST_NODES_IN_ALL)) * piloted.estimate


def _unseen(piloted: Pilot, bound: BoundProblem, estimator: Estimator, cell: Cell) -> float:
    """Seconds of estimates at outcomes that are hardly ever drawn."""
    if not bound.family.DISCRETE or rare.race(estimator, cell.inner_samples) is None:
        return 0.0
    arrays = 1 if estimator.compute else len(estimator.noise(cell.inner_samples or 1))
    probability = bound.family.probabilities(bound.dist_params)
    outcomes = rare.outcomes(bound.problem, probability, arrays, arrays, cell.estimates)
    if outcomes is None:
        return 0.0
    count = outcomes.probability.size
    return count * rare.pilots(count, arrays * probability.size, cell.estimates) * piloted.estimate


@functools.lru_cache(maxsize=4)
def prices(bound: BoundProblem) -> Prices:
    """The Prices of a bound problem."""
    return Prices(bound)


@functools.lru_cache(maxsize=4)
def _truth(bound: BoundProblem, truth_estimates: int, threads: int) -> float:
    """Seconds in which the gradient is found that estimates are held against."""
    problem, price = bound.problem, prices(bound)
    if problem.truth is not None or bound.family.TRUTH_ESTIMATOR is None:
        return 0.0
    if bound.family.enumerable(problem):
        variables, categories = problem.shape
        each = 2 * price.value.row + variables * SECONDS_LISTED
        if problem.direct is not None and not problem.direct_is_score:
            each += 2 * price.direct.row
        return categories**variables * each
    name = bound.family.TRUTH_ESTIMATOR
    if applicability.why_not(registry.estimators(name)[problem.family], problem):
        return 0.0
    piloted = pilot(bound, name, (1.0,), None, ())
    return _estimates(piloted, truth_estimates, threads)


def estimator_time(pilots: Sequence[Pilot]) -> Forecast:
    """The Forecast of a pass that times estimators in turns, from their Pilots."""
    pieces = [max(p.estimate * p.block, p.prepare if p.block == 1 else 0.0) for p in pilots]
    rounds = [max(timing.MARGIN * timing.SECONDS_A_ROUND, piece) for piece in pieces]
    count = timing.rounds_of(sum(rounds), len(pieces))
    calibrating = sum(2 * r + 2 * piece for r, piece in zip(rounds, pieces, strict=True))
    preparing = sum(4 * p.prepare for p in pilots if p.block > 1)
    return Forecast(SECONDS_A_PASS + count * sum(rounds) + calibrating + preparing)
