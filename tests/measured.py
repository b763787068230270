"""The tool's own measurement of one cell, and p-values of what it found."""

import dataclasses
import functools
import math

import numpy as np
from scipy import special

from gumbench import registry
from gumbench.engine.bound_problem import BoundProblem
from gumbench.engine.exact import reference_gradient
from gumbench.engine.moments import Silent
from gumbench.measure.variance import _measure_together
from gumbench.types import BATCHES, Cell, Problem

ESTIMATES = 65_536
LEVEL = 1e-3
DEGREES = BATCHES - 1


def table_value(x, theta, data, out):
    for b in range(out.size):
        place = 0
        for v in range(x.shape[0]):
            drawn = 0
            for c in range(x.shape[1]):
                if x[v, c, b] > 0.5:
                    drawn = c
            place = place * x.shape[1] + drawn
        out[b] = data[place]


def table_value_at(category, theta, data, out):
    categories = theta.size // category.shape[0]
    for b in range(out.size):
        place = 0
        for v in range(category.shape[0]):
            place = place * categories + category[v, b]
        out[b] = data[place]


def table_problem(instance, skew):
    random = np.random.default_rng(instance)
    return Problem(
        family="categorical",
        theta=skew * random.standard_normal(9),
        parts={"logits": 9},
        shape=(3, 3),
        value=table_value,
        value_at=table_value_at,
        data=random.standard_normal(27),
        name="table",
        settings={"instance": instance, "skew": skew},
    )


@functools.lru_cache(maxsize=8)
def bind(problem, dimension=1, settings=(), dtype="float32"):
    if problem == "table":
        return BoundProblem(table_problem(**dict(settings)), dtype)
    return BoundProblem(registry.make_problem(problem, dimension, settings), dtype)


def a_cell(bound, estimator, seed, estimates, inner=None, temperature=None):
    problem = bound.problem
    return Cell(
        measurement="variance",
        problem=problem.name,
        dimension=problem.dimension,
        problem_settings=tuple(sorted(problem.settings.items())),
        estimator=estimator,
        estimator_settings=(),
        temperature=temperature,
        inner_samples=inner,
        dtype=bound.dtype,
        seed=seed,
        estimates=estimates,
        truth_estimates=BATCHES,
        options=(("components", True),),
        digest="",
    )


def measured(bound, estimator, seed, estimates, inner=None, temperature=None, truth=None):
    """What the tool finds for each part, against `truth` or the exact gradient."""
    found = registry.estimators(estimator)[bound.problem.family]
    if found.inner_samples:
        inner = inner or found.inner_samples[1]
    cell = a_cell(bound, estimator, seed, estimates, inner, temperature)
    truth = truth or reference_gradient(bound, 0, BATCHES)
    (record,) = _measure_together([cell], bound, found, truth, Silent())
    assert record.status == "done"
    return {name: dataclasses.asdict(part) for name, part in record.parts.items()}


def first_part(bound, *args, **kwargs):
    return next(iter(measured(bound, *args, **kwargs).values()))


def numbers(array):
    return [float(x) for x in array]


def variance_p(found, variance):
    """Two-sided p of a measured variance: log ratio over its jackknife error, t distributed."""
    t = math.log(found["variance"] / variance) / found["relative_error"]
    return 2 * float(special.stdtr(DEGREES, -abs(t)))


def mean_ps(found, mean):
    """Two-sided normal p of every component's mean."""
    components = found["components"]
    errors = np.array(components["standard_error"])
    z = np.abs(np.array(components["mean"]) - mean) / errors
    return 2 * special.ndtr(-z)


def sidak(ps):
    """The smallest p, corrected for how many there are."""
    ps = np.concatenate([np.atleast_1d(p) for p in ps])
    return float(-np.expm1(ps.size * np.log1p(-min(ps.min(), 1 - 1e-16))))


def covers(found, variance):
    return found["variance_low"] <= variance <= found["variance_high"]
