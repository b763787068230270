"""Functions of the package for use in Python; `gumbench` imports them when they are first used."""

import contextlib
import dataclasses
import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from gumbench import limits, machine, registry
from gumbench.engine import applicability, resolve, validate
from gumbench.engine.bound_estimator import bind_estimator
from gumbench.engine.bound_problem import BoundProblem
from gumbench.engine.direct import with_direct_decided
from gumbench.engine.exact import reference_gradient
from gumbench.errors import InputError
from gumbench.kernels.compiler.threads import limited
from gumbench.kernels.loops.concrete import draw_into as draw_concrete
from gumbench.kernels.loops.sampling import WrongLogitError, draw_rows, first_wrong
from gumbench.kernels.random import noise, philox
from gumbench.settings import checked
from gumbench.spec import schema
from gumbench.types import Estimator, Problem, Truth

TRUTH_ESTIMATES = 262_144


@limits.default_errstate
def gumbel(
    size: Any,
    *,
    loc: float = 0.0,
    scale: float = 1.0,
    seed: int,
    first: int = 0,
    dtype: Any = "float32",
    threads: int | None = None,
    out: Any = None,
) -> Float[np.ndarray, "..."]:
    """Gumbel noise, exact in both tails, the same on any machine and number of threads.

    Parameters
    ----------
    size
        int or tuple, () for one number; the last axis is the element, the leading axes number the
        estimate, so that a longer last axis or a later `first` extends the same noise
    loc, scale
        location and scale of the law, at most 1e30 in size
    seed
        0 to 2^64 - 1
    first
        number of the first estimate
    dtype
        "float32" (32 random bits) or "float64" (64)
    threads
        at most the machine's cores; None for all
    out
        a contiguous array of that size and dtype to be filled, instead of a new one

    Returns
    -------
    numpy.ndarray
        -log(-log u) of that size and dtype, u from Philox4x32-10.

    Raises
    ------
    InputError
        For what is out of range.

    References
    ----------
    Gumbel 1954; Salmon et al. 2011, "Parallel Random Numbers: As Easy as 1, 2, 3"
    """
    shape = limits.shape(size, philox.LIMITS["estimate"])
    elements, rows = shape[-1] if shape else 1, math.prod(shape[:-1])
    scale = limits.real("scale", scale, limits.SMALLEST_SCALE, limits.LARGEST)
    loc = limits.real("loc", loc, -limits.LARGEST, limits.LARGEST)
    first = limits.whole("first", first, 0, philox.LIMITS["estimate"] - rows)
    if elements > philox.LIMITS["element"]:
        raise InputError(f"size = {size}: the last axis may have at most 2^34 elements")
    dtype, key = limits.dtype(dtype), _key(seed)
    _check_memory(f"size = {size}", math.prod(shape) * np.dtype(dtype).itemsize)
    result = np.empty(shape, dtype) if out is None else limits.out(out, shape, dtype)
    with _threads(threads):
        noise.fill_gumbels(key, first, loc, scale, result.reshape(rows, elements))
    return result[()] if out is None else result


@limits.default_errstate
def concrete(
    logits: Any,
    temperature: Any,
    draws: int,
    *,
    seed: int,
    first: int = 0,
    dtype: Any = "float32",
    threads: int | None = None,
    out: Any = None,
) -> Float[np.ndarray, "draws categories"]:
    """Draws of the Concrete distribution, softmax((θ + G)/τ), on the simplex.

    Parameters
    ----------
    logits
        (categories,) finite or -inf, at most 1e30 in size
    temperature
        τ, 1e-6 to 1e6
    draws
        how many; draw number i uses the noise of estimate i
    seed
        0 to 2^64 - 1
    first
        number of the first draw
    dtype
        "float32" or "float64"
    threads
        at most the machine's cores; None for all
    out
        a contiguous array (draws, categories) of that dtype to be filled, instead of a new one

    Returns
    -------
    numpy.ndarray
        (draws, categories).

    Raises
    ------
    InputError
        For what is out of range.

    References
    ----------
    Maddison et al. 2017; Jang et al. 2017
    """
    table = limits.table(logits, axes=(1,))
    if (wrong := first_wrong(table[None])) >= 0:
        raise limits.wrong_logit(table, 0, wrong)
    temperature = limits.real("temperature", temperature, *limits.TEMPERATURES)
    draws = limits.whole("draws", draws, 1, philox.LIMITS["estimate"])
    first = limits.whole("first", first, 0, philox.LIMITS["estimate"] - draws)
    dtype, key = limits.dtype(dtype), _key(seed)
    real = np.dtype(dtype).type
    _check_memory(f"draws = {draws}", draws * table.size * np.dtype(dtype).itemsize)
    shape = draws, table.size
    result = np.empty(shape, dtype) if out is None else limits.out(out, shape, dtype)
    with _threads(threads):
        draw_concrete(table[None].astype(real), real(temperature), key, first, result)
    return result


@limits.default_errstate
def categorical(
    logits: Any,
    draws: int | None = None,
    *,
    seed: int,
    first: int = 0,
    sampler: str = "gumbel-max",
    temperature: Any = 1.0,
    threads: int | None = None,
    out: Any = None,
) -> Int[np.ndarray, "..."]:
    """Draw category indices from softmax(logits / temperature), the same on any machine.

    Parameters
    ----------
    logits
        (categories,) or (rows, categories), finite or -inf, at most 1e30 in size; float64 stays
        float64, other floats are taken as float32, integers as float64
    draws
        draws of each row, or None for one without an axis of its own
    seed
        0 to 2^64 - 1
    first
        number of the first draw; draw d of row r has number first + r × draws + d
    sampler
        name or alias; the numbers differ between samplers, the law does not
    temperature
        τ, 1e-6 to 1e6, or a list of them that share their noise
    threads
        at most the machine's cores; None for all
    out
        a contiguous int64 array of the result's shape to be filled, instead of a new one

    Returns
    -------
    numpy.ndarray
        int64, with the shape (temperatures, rows, draws) less the axes not given.

    Raises
    ------
    InputError
        For what is out of range, and for more memory than there is.
    """
    name = registry.one("samplers", sampler)
    table = given = limits.table(logits)
    table = np.atleast_2d(table)
    temperatures = limits.temperatures(temperature).astype(table.dtype)
    count = 1 if draws is None else limits.whole("draws", draws, 1, philox.LIMITS["estimate"])
    first = limits.whole("first", first, 0, philox.LIMITS["estimate"] - table.shape[0] * count)
    key = _key(seed)
    axes = temperatures.size, table.shape[0], count
    _check_memory(f"draws = {count} of {table.shape[0]} rows", 8 * math.prod(axes), name)
    named = np.ndim(temperature) > 0, given.ndim == 2, draws is not None
    shape = tuple(size for size, wanted in zip(axes, named, strict=True) if wanted)
    result = np.empty(shape, np.int64) if out is None else limits.out(out, shape, "int64")
    drawn = result.reshape(axes)
    try:
        with _threads(threads):
            draw_rows(registry.sampler(name), table, temperatures, key, first, drawn)
    except WrongLogitError as error:
        raise limits.wrong_logit(given, *error.place) from None
    return result[()] if out is None else result


def _check_memory(what: str, needed: float, sampler: str | None = None) -> None:
    memory = machine.memory()
    if memory and needed > memory:
        streams = f" of sampler={sampler!r}" if sampler else ""
        raise InputError(
            f"{what} needs {needed / 2**30:,.0f} GiB of memory; this machine has {memory >> 30}: "
            f"ask for fewer at a time, with `first`{streams}"
        )


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


def _key(seed: int) -> np.ndarray:
    return np.array(philox.key(limits.whole("seed", seed, *limits.SEEDS)), np.uint32)


@contextlib.contextmanager
def _threads(threads: int | None) -> Iterator[None]:
    """Use so many threads inside a with block."""
    if threads is not None:
        threads = limits.whole("threads", threads, 1, machine.cores())
    with limited(threads):
        yield
