"""Functions for Python about gradients; `gumbench` imports them when they are first used."""

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np
from jaxtyping import Float

from gumbench import limits, registry
from gumbench.engine import applicability, resolve, validate
from gumbench.engine.bound_estimator import bind_estimator
from gumbench.engine.bound_problem import BoundProblem
from gumbench.engine.direct import with_direct_decided
from gumbench.engine.exact import reference_gradient
from gumbench.errors import InputError
from gumbench.kernels.random import philox
from gumbench.settings import checked
from gumbench.spec import schema
from gumbench.types import Estimator, Problem, Truth

TRUTH_ESTIMATES = 262_144


@limits.default_errstate
def exact_gradient(
    problem: Problem | str,
    *,
    dtype: Any = "float64",
    seed: int = 0,
    truth_estimates: int = TRUTH_ESTIMATES,
    trust: bool = False,
) -> Truth:
    """The gradient of a problem, exact where it can be.

    Parameters
    ----------
    problem
        a Problem, or the name of one
    dtype
        "float32" or "float64", to which θ and the constants of f are rounded
    truth_estimates, seed
        of the long run that estimates it where there is no exact form; then the Truth's `error` is
        the standard error of each component
    trust
        do not try a user's own problem before running it

    Returns
    -------
    Truth
        Its `gradient` is shaped like θ.
    """
    seed = limits.whole("seed", seed, *limits.SEEDS)
    least, most = schema.FEWEST_ESTIMATES, 1 << 53
    estimates = limits.whole("truth_estimates", truth_estimates, least, most)
    return reference_gradient(_bound(problem, dtype, trust), seed, estimates)


@limits.default_errstate
def estimate(
    problem: Problem | str,
    estimator: Estimator | str,
    count: int,
    *,
    temperature: Any = None,
    inner_samples: int | None = None,
    settings: Mapping[str, Any] | None = None,
    seed: int = 0,
    dtype: Any = "float32",
    trust: bool = False,
) -> Float[np.ndarray, "count parameters"]:
    """Raw estimates of a gradient, those a sweep's first batch starts with.

    Parameters
    ----------
    problem
        a Problem, or the name of one
    estimator
        name or alias, or an Estimator
    count
        how many
    temperature
        for estimators that take one
    inner_samples
        samples inside one estimate, for estimators that have them
    settings
        of the estimator, by name
    seed
        0 to 2^64 - 1
    dtype
        "float32" or "float64"
    trust
        do not try a user's own code before running it

    Returns
    -------
    numpy.ndarray
        (count, parameters).

    Raises
    ------
    InputError
        For unknown names and settings, and pairs that do not apply.
    """
    bound = _bound(problem, dtype, trust)
    if isinstance(estimator, Estimator):
        name = estimator.name or "the estimator"
        by_family = {estimator.family: dataclasses.replace(estimator, name=name)}
    else:
        name = registry.one("estimators", estimator)
        by_family = registry.estimators(name)
    declared: Any = by_family.get(bound.problem.family)
    if reason := applicability.why_not(declared, bound.problem):
        raise InputError(f"{name} does not apply to {bound.problem.name}: {reason}")
    count = limits.whole("count", count, 1, philox.LIMITS["estimate"])
    if declared.takes_temperature:
        if temperature is None:
            raise InputError(f"{name} takes a temperature: give temperature=")
        temperature = limits.real("temperature", temperature, *limits.TEMPERATURES)
    if declared.inner_samples:
        usual = declared.inner_samples.usual(bound.problem)
        inner_samples = usual if inner_samples is None else inner_samples
        inner_samples = limits.whole("inner_samples", inner_samples, 1, philox.LIMITS["draw"])
        if reason := declared.inner_samples.why_not(inner_samples, bound.problem):
            raise InputError(f"inner_samples = {inner_samples}: {name} needs {reason}")
    seed = limits.whole("seed", seed, *limits.SEEDS)
    settings = checked(name, limits.plain(settings or {}), declared.settings)
    if registry.is_external("estimators", name) and not trust:
        validate.check_estimator(declared, bound.problem, settings)
    bound_estimator = bind_estimator(
        bound, declared, [temperature or 1.0], inner_samples, seed, settings=settings
    )
    return bound_estimator.collect(0, 0, count)


@limits.default_errstate
def make_problem(
    name: str, dimension: int | None = None, settings: Mapping[str, Any] | None = None
) -> Problem:
    """A problem by its name or FILE.py:NAME.

    Parameters
    ----------
    dimension
        Its first by default.
    settings
        By name; those left out have their defaults.

    Returns
    -------
    Problem
        Its `direct_is_score` is decided.

    Raises
    ------
    InputError
        For what there is not, and for what it does not allow.
    """
    name = registry.one("problems", name)
    maker = registry.problem_maker(name)
    if dimension is not None:
        dimension = limits.whole(f"dimension of {name}", dimension, maker.least, maker.most)
    settings = checked(name, limits.plain(settings or {}), maker.settings)
    return resolve.problem(name, dimension, settings)


def _bound(problem: Any, dtype: Any, trust: bool) -> BoundProblem:
    dtype = limits.dtype(dtype)
    if isinstance(problem, str):
        problem = make_problem(problem)
    if not isinstance(problem, Problem):
        raise InputError(f"problem = {problem!r:.60}: give the name of a problem, or a Problem")
    if not problem.name:
        problem = dataclasses.replace(problem, name="the problem")
    problem = with_direct_decided(problem)
    if not trust and registry.is_external("problems", problem.name):
        validate.check(problem)
    return BoundProblem(problem, dtype)
