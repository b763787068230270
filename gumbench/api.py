"""Functions of the package for use in Python; `gumbench` imports them when they are first used."""

import contextlib
import dataclasses
import math
from typing import Any

import numba
import numpy as np

from gumbench import machine, registry, trial
from gumbench.errors import InputError
from gumbench.families.bound import Bound, make_program
from gumbench.kernels import driver, noise, philox, simplex
from gumbench.kernels.sampling import draw_rows
from gumbench.truth import exact_gradient as truth_of
from gumbench.types import Estimator, Problem

TRUTH_ESTIMATES = 262_144
LARGEST_LOGIT = 1e30


def gumbel(size, *, loc=0.0, scale=1.0, seed, first=0, dtype="float32", threads=None):
    """Gumbel noise, exact in both tails, the same on any machine and number of threads.

    size : int or tuple; the last axis is the element, the leading axes number the estimate, so
        that a longer last axis or a later `first` extends the same noise
    loc, scale : location and scale of the law
    seed : 0 to 2^64 - 1
    first : number of the first estimate
    dtype : "float32" (32 random bits) or "float64" (64)
    threads : at most the machine's cores; None for all

    Returns an array of that size and dtype. Raises InputError for what is out of range.
    The algorithm: -log(-log u) with u from Philox4x32-10 (Salmon et al. 2011).
    """
    shape = _shape(size)
    elements, rows = shape[-1], math.prod(shape[:-1])
    _check_range("scale", scale, 0.0, math.inf, open_low=True)
    _check_range("loc", loc, -math.inf, math.inf)
    _check_whole("first", first, 0, philox.LIMITS["index"] - rows)
    if elements > philox.LIMITS["element"]:
        raise InputError(f"size = {size}: the last axis may have at most 2^34 elements")
    out = np.empty((rows, elements), _dtype(dtype))
    key = _key(seed)
    with _threads(threads):
        noise.gumbel_rows(dtype)(noise.fill_array(dtype), key, first, loc, scale, out)
    return out.reshape(shape)


def concrete(logits, temperature, draws, *, seed, dtype="float32"):
    """Draws of the Concrete distribution, softmax((θ + G)/τ): (draws, categories), on the simplex.

    logits : (categories,) finite or -inf
    temperature : τ above 0
    draws : how many; draw number i uses the noise of estimate i
    seed : 0 to 2^64 - 1

    Raises InputError for what is out of range (Maddison et al. 2017; Jang et al. 2017).
    """
    logits = np.asarray(logits, np.float64)
    if logits.ndim != 1 or logits.size == 0:
        raise InputError(f"logits have shape {logits.shape}; give (categories,)")
    if np.isnan(logits).any() or np.isposinf(logits).any() or np.isneginf(logits).all():
        raise InputError("logits hold NaN or +inf, or are all -inf; give finite numbers or -inf")
    _check_range("temperature", temperature, 0.0, math.inf, open_low=True)
    _check_whole("draws", draws, 1, philox.LIMITS["index"])
    real = _dtype(dtype).type
    block = -(-draws // driver.CHUNK) * driver.CHUNK
    gumbels = np.empty((1, logits.size, block), real)
    request = np.array([noise.GUMBEL, 0, philox.NOISE, philox.LOW_BITS], np.int64)
    noise.fill_array(dtype)(request, _key(seed), 0, 0, gumbels[0])
    out = np.empty_like(gumbels)
    simplex.relax_array(dtype)(logits[None].astype(real), gumbels, real(temperature), out)
    return np.ascontiguousarray(out[0, :, :draws].T)


def categorical(
    logits, draws=None, *, seed, first=0, sampler="gumbel-max", temperature=1.0, threads=None
):
    """Draw category indices from softmax(logits / temperature), the same on any machine.

    logits : (categories,) or (rows, categories), finite or -inf; float64 stays float64, other
        floats are taken as float32, integers as float64
    draws : draws of each row, or None for one without an axis of its own
    seed : 0 to 2^64 - 1
    first : number of the first draw; draw d of row r has number first + r × draws + d
    sampler : name or alias; the numbers differ between samplers, the law does not
    temperature : τ above 0, or a list of them that share their noise
    threads : at most the machine's cores; None for all

    Returns int64, with the shape (temperatures, rows, draws) less the axes not given. Raises
    InputError for what is out of range, and says how much memory is needed where that is short.
    """
    ((name, _),) = registry.select("samplers", [sampler])
    table, by_row = _logits(logits), np.ndim(logits) == 2
    temperatures = _temperatures(temperature, table.dtype)
    count = 1 if draws is None else draws
    _check_whole("draws", count, 1, philox.LIMITS["index"])
    _check_whole("first", first, 0, philox.LIMITS["index"] - table.shape[0] * count)
    key = _key(seed)
    shape = (temperatures.size, table.shape[0], count)
    _check_memory(f"draws = {count} of {table.shape[0]} rows", 8 * math.prod(shape))
    with _threads(threads):
        out = draw_rows(registry.sampler(name), table, temperatures, key, first, count)
    out = out if draws is not None else out[:, :, 0]
    out = out if by_row else out[:, 0]
    return out if np.ndim(temperature) else out[0]


def _logits(logits):
    """Logits as a contiguous table (rows, categories) of floats."""
    try:
        table = np.asarray(logits)
        kind = np.float64 if table.dtype.kind in "iub" or table.dtype == np.float64 else np.float32
        if table.dtype.kind not in "iubf":
            raise ValueError
    except ValueError:
        raise InputError("logits are no array of numbers; give (rows, categories)") from None
    if table.ndim not in (1, 2) or 0 in table.shape:
        raise InputError(
            f"logits have shape {table.shape}; give (categories,) or (rows, categories)"
        )
    table = np.require(np.atleast_2d(table), kind, ["C", "W"])
    bad = np.isnan(table) | np.isposinf(table)
    if bad.any():
        row, category = np.argwhere(bad)[0]
        raise InputError(
            f"logits[{row}, {category}] is {table[row, category]}; give finite numbers or -inf"
        )
    if (closed := np.isneginf(table).all(axis=1)).any():
        raise InputError(f"every logit of row {closed.argmax()} is -inf; leave one category open")
    large = np.abs(np.where(np.isneginf(table), 0, table)).max()
    if large > LARGEST_LOGIT:
        raise InputError(f"a logit is {large:g} in size; give at most {LARGEST_LOGIT:g}")
    return table


def _temperatures(temperature, dtype):
    values = np.atleast_1d(np.asarray(temperature, object))
    if values.ndim != 1 or not values.size:
        raise InputError(f"temperature = {temperature!r}: give one above 0, or a list of them")
    for value in values:
        _check_range("temperature", value, 1e-6, 1e6)
    return np.array(values, dtype)


def _check_memory(what, needed):
    memory = machine.memory()
    if memory and needed > memory:
        raise InputError(
            f"{what} need {needed / 2**30:,.0f} GiB of memory; this machine has {memory >> 30}: "
            "draw fewer at a time, with `first`"
        )


def exact_gradient(
    problem, *, dtype="float64", seed=0, truth_estimates=TRUTH_ESTIMATES, trust=False
):
    """The gradient of a problem, exact where it can be: a Truth, its gradient shaped like θ.

    problem : a Problem, or the name of one
    truth_estimates, seed : of the long run that estimates it where there is no exact form;
        then the Truth's `error` is the standard error of each component
    trust : do not try a user's own problem before running it
    """
    return truth_of(_bound(problem, dtype, trust), seed, truth_estimates)


def estimate(
    problem,
    estimator,
    count,
    *,
    temperature=None,
    inner_samples=None,
    seed=0,
    dtype="float32",
    trust=False,
):
    """Raw estimates of a gradient: (count, parameters), those a sweep's first batch starts with.

    problem : a Problem, or the name of one
    estimator : name or alias, or an Estimator
    temperature : for estimators that take one
    inner_samples : samples inside one estimate, for estimators that have them
    trust : do not try a user's own code before running it

    Raises InputError for unknown names and pairs that do not apply.
    """
    bound = _bound(problem, dtype, trust)
    if isinstance(estimator, Estimator):
        name = estimator.name or "the estimator"
        by_family = {estimator.family: dataclasses.replace(estimator, name=name)}
    else:
        name = registry.one("estimators", estimator)
        by_family = registry.estimators(name)
    found: Any = by_family.get(bound.problem.family)
    if reason := registry.why_not(found, bound.problem):
        raise InputError(f"{name} does not apply to {bound.problem.name}: {reason}")
    _check_whole("count", count, 1, philox.LIMITS["index"])
    if found.takes_temperature:
        if temperature is None:
            raise InputError(f"{name} takes a temperature: give temperature=")
        _check_range("temperature", temperature, 1e-6, 1e6)
    if found.inner_samples:
        least, default = found.inner_samples
        inner_samples = default if inner_samples is None else inner_samples
        _check_whole("inner_samples", inner_samples, least, philox.LIMITS["draw"])
    _key(seed)
    if registry.is_own("estimators", name) and not trust:
        trial.check_estimator(found, bound.problem)
    program = make_program(bound, found, [temperature or 1.0], inner_samples, seed)
    return program.collect(0, 0, count)


def _bound(problem, dtype, trust):
    _dtype(dtype)
    if isinstance(problem, str):
        name = registry.one("problems", problem)
        problem = registry.make_problem(name)
    if not isinstance(problem, Problem):
        raise InputError(f"problem = {problem!r:.60}: give the name of a problem, or a Problem")
    if not problem.name:
        problem = dataclasses.replace(problem, name="the problem")
    if not trust and registry.is_own("problems", problem.name):
        trial.check(problem)
    return Bound(problem, dtype)


def _shape(size):
    shape = (size,) if np.ndim(size) == 0 else tuple(size)
    for length in shape:
        _check_whole("size", length, 0, philox.LIMITS["index"])
    return tuple(int(length) for length in shape)


def _dtype(dtype):
    if dtype not in ("float32", "float64"):
        raise InputError(f"dtype = {dtype!r}: give 'float32' or 'float64'")
    return np.dtype(dtype)


def _key(seed):
    _check_whole("seed", seed, 0, (1 << 64) - 1)
    return np.array(philox.key(int(seed)), np.uint32)


def _check_whole(name, value, least, most):
    if isinstance(value, bool) or not isinstance(value, int | np.integer):
        raise InputError(f"{name} = {value!r}: give a whole number")
    if not least <= value <= most:
        raise InputError(f"{name} = {value}: give {least} to {most}")


def _check_range(name, value, low, high, open_low=False):
    try:
        inside = math.isfinite(value) and low <= value <= high and (value > low or not open_low)
    except TypeError:
        raise InputError(f"{name} = {value!r}: give a number") from None
    if not inside:
        wanted = f"above {low:g}" if open_low else f"{low:g} to {high:g}"
        raise InputError(f"{name} = {value}: give a finite number, {wanted}")


@contextlib.contextmanager
def _threads(threads):
    """Use so many threads inside a with block."""
    if threads is not None:
        _check_whole("threads", threads, 1, machine.cores())
    before = numba.get_num_threads()
    numba.set_num_threads(threads or before)
    try:
        yield
    finally:
        numba.set_num_threads(before)
