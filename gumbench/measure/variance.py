"""Bias and variance of estimators against the exact gradient."""

import dataclasses
import functools
import math
import time
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from jaxtyping import Float

from gumbench import diagnostics, registry
from gumbench.distributions import family
from gumbench.engine import forecast as forecasting
from gumbench.engine import rare, resolve
from gumbench.engine.bound_estimator import BoundEstimator, bind_estimator, draw_source
from gumbench.engine.bound_problem import BoundProblem, compiled_for
from gumbench.engine.exact import reference_gradient
from gumbench.engine.exact_moments import MOST_POINTS, ExactMoments, exact_moments, points
from gumbench.engine.forecast import Forecast
from gumbench.engine.moments import Grouping, Moments, Silent, accumulate
from gumbench.kernels.compiler.jit import Task
from gumbench.kernels.loops import driver
from gumbench.stats.bias import BRANCHES, MISSED_EVENTS, BiasTest, bias_size, bias_test, testable
from gumbench.stats.intervals import effective_estimates, variance_interval
from gumbench.types import BATCHES, Cell, Estimator, PartResult, Problem, Record, Sizes, Truth

ITEMS_OF_MEANS = 1 << 24
MOST_COMPONENTS = 4096
# Units in the last place that the terms of an estimate may be off by.
ROUNDINGS = 4.0
# Of the gradient: estimates below it are 0, but for the rounding of sums around a shift.
NOTHING = 1e-6


def measure(cells: Sequence[Cell], monitor: Any = None) -> list[Record]:
    """Records of cells that differ only in temperature; they share their noise."""
    monitor = monitor or Silent()
    cell = cells[0]
    bound = bound_problem(cell)
    estimator = registry.estimators(cell.estimator)[bound.problem.family]
    monitor.stage("finding the truth")
    truth = reference_gradient(bound, cell.seed, cell.truth_estimates)
    monitor.stage("")
    most = max(1, ITEMS_OF_MEANS // (BATCHES * bound.theta.size))
    records = []
    for first in range(0, len(cells), most):
        together = cells[first : first + most]
        records += _measure_together(together, bound, estimator, truth, monitor)
    return records


def tasks(cells: Sequence[Cell], fastest_draws: bool = False) -> Iterator[Task]:
    """What a pass compiles, as jit.Tasks."""
    problem, estimator = resolve.of_cell(cells[0])
    draw = draw_source(estimator, family(problem.family), fastest_draws).draw
    loops = driver.batch_moments, driver.moments
    yield from compiled_for(problem, estimator, cells[0].dtype, draw, loops)
    if points(estimator, problem, cells[0].inner_samples) <= _most_points(cells[0]):
        yield from compiled_for(problem, estimator, "float64", draw, [driver.collect])


def bound_problem(cell: Cell) -> BoundProblem:
    """The problem of a cell, bound to its dtype: the same object for the same problem."""
    problem, _ = resolve.of_cell(cell)
    return _bound(problem, cell.dtype)


@functools.lru_cache(maxsize=16)
def _bound(problem: Problem, dtype: str) -> BoundProblem:
    return BoundProblem(problem, dtype)


def _measure_together(
    cells: Sequence[Cell], bound: BoundProblem, estimator: Estimator, truth: Truth, monitor: Any
) -> list[Record]:
    cell = cells[0]
    grouping = Grouping(bound, truth.gradient)
    temperatures = [c.temperature or 1.0 for c in cells]
    options = cell.inner_samples, cell.seed, None, cell.estimator_settings
    bound_estimator = bind_estimator(bound, estimator, temperatures, *options)
    started = time.perf_counter()
    name = " ".join(c.key for c in cells)
    moments = accumulate(bound_estimator, grouping, cell.estimates // BATCHES, monitor, name)
    cost = estimator.cost(Sizes(cell.inner_samples or 1, *bound.problem.shape))
    draws = int(cost.values) if cost.at_draws else bound_estimator.noise_arrays
    race = rare.race(estimator, cell.inner_samples)
    missing = unseen(bound_estimator, estimator, race, draws, truth, grouping, moments)
    monitor.stage("summing exact moments")
    exact = [_exact(c, bound, estimator, truth.gradient) for c in cells]
    monitor.stage("")
    seconds = time.perf_counter() - started
    clock = {"pass_seconds": seconds / len(cells)}
    return [
        dataclasses.replace(
            _record(
                c, bound_estimator, estimator, truth, grouping, moments.at(t), missing[t], exact[t]
            ),
            clock=clock,
        )
        for t, c in enumerate(cells)
    ]


def unseen(
    bound_estimator: BoundEstimator,
    estimator: Estimator,
    race: int | None,
    draws: int,
    truth: Truth,
    grouping: Grouping,
    moments: Moments,
) -> list[dict[str, Any]]:
    """What outcomes that were hardly ever drawn may add: part -> Unseen, of each temperature."""
    bound, count = bound_estimator.bound, len(bound_estimator.temperatures)
    if race is None or not bound.family.DISCRETE or estimator.deterministic:
        return [{}] * count
    parts = {name: part for name, (part, _, _) in grouping.parts.items()}
    found = []
    for t in range(count):
        gradient = truth.gradient
        if truth.source == "none":
            gradient = moments.at(t).batch_means.mean(axis=0) + grouping.shift
        rounding = [_rounding(bound, gradient, part) ** 2 for part in parts.values()]
        options = gradient, parts.values(), rounding, draws, moments.count * BATCHES
        found.append(dict(zip(parts, rare.unseen(bound_estimator, t, race, *options), strict=True)))
    return found


def _exact(
    cell: Cell, bound: BoundProblem, estimator: Estimator, center: Float[np.ndarray, " parameters"]
) -> ExactMoments | None:
    """The exact moments of a cell, where they are asked for or take less than its estimates."""
    options = cell.inner_samples, cell.seed, dict(cell.estimator_settings), _most_points(cell)
    return exact_moments(bound, estimator, cell.temperature or 1.0, *options, center)


def _most_points(cell: Cell) -> int:
    return MOST_POINTS if dict(cell.options).get("exact") else cell.estimates


def _rounding(
    bound: BoundProblem, gradient: Float[np.ndarray, " parameters"], part: slice
) -> float:
    """How far rounding may move an estimate: a few units in the last place of f times a score."""
    size = np.abs(gradient[part]) + bound.rounding_scale[part]
    return ROUNDINGS * float(np.finfo(bound.real).eps) * float(np.linalg.norm(size))


def _record(
    cell: Cell,
    bound_estimator: BoundEstimator,
    estimator: Estimator,
    truth: Truth,
    grouping: Grouping,
    moments: Moments,
    missing: Any,
    exact: ExactMoments | None,
) -> Record:
    bound = bound_estimator.bound
    bad = np.flatnonzero(moments.not_finite >= 0)
    parts, message = {}, ""
    if bad.size:
        number = moments.not_finite[bad[0]]
        message = (
            f"estimates that are not finite in {bad.size} of {BATCHES} batches, the first number "
            f"{number} of batch {bad[0]}"
        )
    else:
        cost = estimator.cost(Sizes(cell.inner_samples or 1, *bound.problem.shape))
        context = bound, cost.at_draws, truth, grouping, moments
        components = dict(cell.options).get("components", False)
        may_be_silent = cell.temperature is not None or not (estimator.path or missing)
        parts = {
            name: part_result(
                *context,
                name,
                missing.get(name),
                silent=may_be_silent and _is_silent(context, name),
                components=components,
                exact=exact,
            )
            for name in grouping.parts
        }
    record = Record(
        key=cell.key,
        measurement=cell.measurement,
        cell=cell,
        status="diverged" if bad.size else "done",
        result=_costs(cell, bound_estimator, estimator),
        message=message,
        parts=parts,
    )
    python = () if bound.problem.compiled and estimator.compute is None else ("python",)
    return dataclasses.replace(record, notes=python + diagnostics.codes(record))


def _is_silent(context: Any, name: str) -> bool:
    """Whether all estimates of a part were 0, and its gradient is not."""
    _, _, truth, grouping, moments = context
    part = grouping.parts[name][0]
    nothing = NOTHING * np.linalg.norm(truth.gradient[part])
    means = moments.batch_means[:, part] + grouping.shift[part]
    squares = moments.m2[part] / (moments.count * BATCHES)
    return bool(nothing > 0 and np.abs(means).max() <= nothing and squares.max() <= nothing**2)


def _costs(cell: Cell, bound_estimator: BoundEstimator, estimator: Estimator) -> dict[str, Any]:
    bound = bound_estimator.bound
    shape = bound.problem.shape
    cost = estimator.cost(Sizes(cell.inner_samples or 1, *shape))
    return {
        "family": bound.problem.family,
        "unbiased": estimator.unbiased,
        "oracle": estimator.is_oracle(cell.estimator_settings),
        "deterministic": estimator.deterministic,
        "settings": cell.settings_text(),
        "part_sizes": dict(bound.problem.parts),
        "evaluations": float(cost.values),
        "gradient_evaluations": float(cost.gradients),
        "prepare_evaluations": bound_estimator.prepare_calls.values,
        "prepare_gradient_evaluations": bound_estimator.prepare_calls.gradients,
        "value_ratio": None if estimator.deterministic else _finite(bound.value_ratio),
    }


def _finite(x: float) -> float | None:
    """A float for JSON, None for what is not a number."""
    x = float(x)
    return x if math.isfinite(x) else None


def part_result(
    bound: BoundProblem,
    at_draws: bool,
    truth: Truth,
    grouping: Grouping,
    moments: Moments,
    name: str,
    missing: Any = None,
    *,
    silent: bool = False,
    components: bool = False,
    exact: ExactMoments | None = None,
) -> PartResult:
    """The PartResult of some moments.

    at_draws : whether f is seen at draws alone; missing : an Unseen, or None; exact : what is
        known without estimates
    """
    part = grouping.parts[name][0]
    n = moments.count * BATCHES
    gradient = truth.gradient[part]
    differences = moments.batch_means[:, part] + (grouping.shift[part] - gradient)
    component_variance = moments.m2[part] / (n - 1)
    variance = float(component_variance.sum())
    index = list(grouping.parts).index(name)
    within: Any = moments.batch_m2[:, index] / (moments.count - 1) if moments.count > 1 else []
    low, high, relative = variance_interval(variance, within)
    if not len(within) and variance == 0.0:
        low = high = relative = 0.0
    error = truth.error[part] if truth.error is not None else np.zeros(gradient.size)
    rounding = _rounding(bound, truth.gradient, part)
    facts = {
        "truth": truth.source,
        "truth_norm": _finite(np.sqrt((gradient**2).sum())),
        "truth_error": _finite(np.sqrt((error**2).sum())),
        "truth_square_error": 0.0 if truth.square_error is None else truth.square_error[index],
        "truth_rounding": rounding * np.finfo(np.float64).eps / np.finfo(bound.real).eps,
        "variance": variance,
        "variance_low": _finite(low),
        "variance_high": None if silent else _finite(rare.widened(variance, high, missing)),
        "relative_error": _finite(relative),
        "rounding": rounding,
        "unseen": missing,
        "silent": silent,
        "batch_count": moments.count,
        "batch_variances": tuple(map(float, within)),
        **_of_batches(differences + gradient, gradient),
    }
    if exact is not None:
        facts |= exact.of_part(part, truth.gradient)
        if truth.source in ("none", "estimated"):
            facts["exact_bias_norm"] = None
    if truth.source == "none":
        return PartResult(**facts)
    missed = _missed(bound, at_draws, part, n)
    bias = bias_size(differences, variance / n, float((error**2).sum()), float(missed.max()))
    test = _bias_test(bound, truth, grouping, moments, name, relative, component_variance, missed)
    facts |= {
        "bias_norm": bias.norm,
        "bias_low": bias.low,
        "bias_high": bias.high,
        "bias_z": _finite(test.z),
        "bias_p": test.p,
        "bias_groups": test.groups,
        "mse": variance + max(0.0, bias.square),
    }
    if silent:
        facts |= {"bias_low": 0.0, "bias_high": None, "bias_z": 0.0, "bias_p": 1.0, "mse": None}
    if components:
        keep = slice(0, MOST_COMPONENTS)
        facts["components"] = {
            "truth": gradient[keep].tolist(),
            "mean": (gradient + differences.mean(axis=0))[keep].tolist(),
            "standard_error": np.sqrt(component_variance / n)[keep].tolist(),
            "variance": component_variance[keep].tolist(),
        }
    return PartResult(**facts)


def _of_batches(
    means: Float[np.ndarray, "batches part"], gradient: Float[np.ndarray, " part"]
) -> dict[str, Any]:
    """Length of the mean of all batches, and products of each batch's (see shares)."""
    mean = means.mean(axis=0)
    return {
        "mean_norm": float(np.linalg.norm(mean)),
        "batch_truth": tuple((means @ gradient).tolist()),
        "batch_mean": tuple((means @ mean).tolist()),
        "batch_square": tuple(np.einsum("bp,bp->b", means, means).tolist()),
    }


def _missed(
    bound: BoundProblem, at_draws: bool, part: slice, estimates: int
) -> Float[np.ndarray, " part"]:
    """What draws too rare to have happened could add to the mean of each component."""
    if not at_draws or not np.isfinite(bound.rare_scale).all():
        return np.zeros(part.stop - part.start)
    return MISSED_EVENTS / estimates * bound.rare_scale[part]


def _bias_test(
    bound: BoundProblem,
    truth: Truth,
    grouping: Grouping,
    moments: Moments,
    name: str,
    relative: float,
    component_variance: Float[np.ndarray, " part"],
    missed: Float[np.ndarray, " part"],
) -> BiasTest:
    """The groups of every level whose sums are close enough to normal, tested together."""
    part, groups, rows_of = grouping.parts[name]
    n = moments.count * BATCHES
    effective = effective_estimates(relative if math.isfinite(relative) else 1.0, n)
    gradient = truth.gradient[part]
    center = grouping.shift[part] - gradient
    size = np.abs(gradient) + bound.rounding_scale[part]
    rounding = ROUNDINGS * float(np.finfo(bound.real).eps)
    columns = []
    for number, count in enumerate(groups.sizes):
        group, sign = groups.leaf // BRANCHES**number, groups.sign
        if number == 0 and groups.single:
            group, sign = np.arange(count), np.ones(count)
            variance, mean = component_variance, moments.batch_means[:, part].mean(axis=0)
            error = np.zeros(count) if truth.error is None else truth.error[part]
        else:
            rows = rows_of[number]
            variance, mean = moments.row_m2[rows] / (n - 1), moments.row_means[:, rows].mean(axis=0)
            error = np.zeros(count) if truth.row_error is None else truth.row_error[rows]
        difference = mean + np.bincount(group, sign * center, count)
        length = np.sqrt(variance + (difference + np.bincount(group, sign * gradient, count)) ** 2)
        tolerance = np.zeros(count)
        np.maximum.at(tolerance, group, missed)
        tolerance += rounding * (np.bincount(group, size, count) + length)
        columns.append((difference, variance, tolerance, error))
    difference, variance, tolerance, error = (
        np.concatenate(column) for column in zip(*columns, strict=True)
    )
    use = testable(variance, float(component_variance.sum()), effective)
    return bias_test(difference[use], variance[use], n, effective, tolerance[use], error[use])


def forecast(cells: Sequence[Cell], threads: int) -> Forecast:
    """The forecast.Forecast of a pass."""
    cell = cells[0]
    bound = bound_problem(cell)
    estimator = registry.estimators(cell.estimator)[bound.problem.family]
    return forecasting.variance(cells, bound, estimator, threads)
