"""A problem at one dtype: its arrays rounded, its functions compiled."""

import functools

import numpy as np

from gumbench.distributions import family
from gumbench.engine.python import Callbacks, Calls
from gumbench.kernels.compiler import jit
from gumbench.kernels.loops import callback, driver, records
from gumbench.kernels.random import noise, philox

PILOT_ITEMS = 1 << 22
SCALE_ESTIMATES = 256


def _missing_value_at(index, theta, data, out):
    out[:] = out.dtype.type(np.nan)


def _missing_gradient(x, theta, data, out):
    out[:] = out.dtype.type(np.nan)


def _missing_direct(x, theta, data, out):
    out[:] = out.dtype.type(np.nan)


LINKED = ("forward", "pullback")
ROLES = records.Functions._fields[3:]
MISSING = {
    "value_at": _missing_value_at,
    "gradient": _missing_gradient,
    "direct": _missing_direct,
}


def _plain(problem, role):
    """The function of a role before it is compiled, or its stand-in."""
    linked = role in LINKED
    if linked and not problem.link:
        return getattr(family(problem.family), role)
    given = problem.link[role == "pullback"] if linked else getattr(problem, role)
    if given is None:
        return MISSING[role]
    return given if problem.compiled else getattr(callback, role)


def compiled_for(problem, estimator, dtype, draw):
    """What is compiled for the moments of an estimator, as jit.Tasks, the longest first.

    draw : that of a DrawSource
    """
    for build in (driver.batch_moments, noise.fill_array, driver.moments):
        yield jit.Task(build, (dtype,))
    if not estimator.compute:
        yield jit.Task(jit.compiled, ("draw", draw, dtype))
        yield jit.Task(jit.compiled, ("kernel", estimator.kernel, dtype))
    for role in ("forward", *ROLES):
        yield jit.Task(jit.compiled, (role, _plain(problem, role), dtype))
    if not problem.truth:
        yield jit.Task(jit.compiled, ("value_at", _plain(problem, "value_at"), "float64"))


class Bound:
    """What a problem is to a cell: θ and data rounded to `dtype`, then exact.

    Attributes: problem, dtype ("float32" or "float64"), real (its NumPy type), theta
    (parameters,), data, natural (rows, columns), calls. `at("float64")` is the same rounded problem
    in double precision, in which exact gradients and tables are computed; it counts its calls here.

    checked: compile the problem's functions with checks of every index, slower.
    """

    def __init__(self, problem, dtype, theta=None, data=None, checked=False, calls=None):
        self.problem = problem
        self.checked = checked
        self.calls = calls or Calls()
        self.family = family(problem.family)
        self.dtype = dtype
        self.real = np.dtype(dtype).type
        # A copy: the address of θ tells a plain problem's callbacks whose they are.
        self.theta = np.array(problem.theta if theta is None else theta, self.real)
        self.data = np.ascontiguousarray(problem.data if data is None else data, self.real)
        self.link_data = self.data
        if problem.link_data is not None:
            self.link_data = np.ascontiguousarray(problem.link_data, self.real)
        self.callbacks = None if problem.compiled else Callbacks(problem, self.theta)
        if self.callbacks:
            callback.register(self.callbacks, self.theta)
        self.natural = self._empty(*self.family.parameter_shape(problem.shape))
        self._run("forward", self.natural)
        self.family.check(problem, self.natural)

    def at(self, dtype):
        """The same rounded numbers in another dtype."""
        if dtype == self.dtype:
            return self
        return Bound(self.problem, dtype, self.theta, self.data, calls=self.calls)

    def compiled(self, role):
        """The compiled function of a role, or a stand-in where the problem has none."""
        build = jit.checked if self.checked else jit.compiled
        return build(role, _plain(self.problem, role), self.dtype)

    @functools.cached_property
    def functions(self):
        """Compiled functions by role, with stand-ins for those the problem has not."""
        return {role: self.compiled(role) for role in ROLES}

    def raise_failure(self):
        """Raise the error of a function in plain Python that compiled code has called."""
        if self.callbacks:
            self.callbacks.raise_failure()

    def _run(self, role, *arrays):
        """Call a function of the problem; the last array is filled."""
        data = self.link_data if role in LINKED else self.data
        arrays = (*arrays[:-1], self.theta, data, arrays[-1])
        self.compiled(role)(*arrays)
        self.raise_failure()
        return arrays[-1]

    def value(self, x):
        """f at x (variables, categories, n): (n,)."""
        self.calls.values += x.shape[2]
        return self._run("value", np.ascontiguousarray(x, self.real), self._empty(x.shape[2]))

    def _empty(self, *shape):
        return np.full(shape, np.nan, self.real)

    def gradient(self, x):
        """∂f/∂x at x (variables, categories, n), like x."""
        x = np.ascontiguousarray(x, self.real)
        self.calls.gradients += x.shape[2]
        return self._run("gradient", x, self._empty(*x.shape))

    def value_at(self, index):
        """f at draws (variables, n): (n,)."""
        if self.problem.value_at is None:
            return self.value(self.one_hot(index))
        index = np.ascontiguousarray(index, np.int32)
        self.calls.values += index.shape[1]
        return self._run("value_at", index, self._empty(index.shape[1]))

    def direct(self, x):
        """∂f/∂θ at fixed x: (parameters, n)."""
        x = np.ascontiguousarray(x, self.real)
        return self._run("direct", x, self._empty(self.theta.size, x.shape[2]))

    def one_hot(self, index):
        """One-hot vectors (variables, categories, n) of draws (variables, n)."""
        categories = np.arange(self.problem.shape[1])
        return (index[:, None, :] == categories[None, :, None]).astype(self.real)

    def pullback(self, gradient):
        """A gradient (rows, columns) in natural parameters as one in θ (parameters,)."""
        return self.pullback_block(gradient[:, :, None])[:, 0]

    def pullback_block(self, gradient):
        """Gradients (rows, columns, n) in natural parameters as (parameters, n)."""
        gradient = np.ascontiguousarray(gradient, self.real)
        return self._run("pullback", gradient, self._empty(self.theta.size, gradient.shape[2]))

    def noise(self, seed, purpose, first, count, draw=0):
        """The distribution's noise (variables, categories, n) of estimates first, ... of batch 0.

        purpose : of philox, None for the usual one
        """
        wanted = self.family.NOISE
        request = noise.request(wanted.kind, noise.purpose_of(wanted, purpose), draw)
        return self.fill(request, seed, first, count)

    def fill(self, request, seed, first, count, per="category"):
        """The same (..., count) for a row of `Inputs.requests`, or of `variable_requests`."""
        variables, categories = self.problem.shape
        shape = (variables, categories) if per == "category" else (variables,)
        out = np.empty((*shape, count), self.real)
        key = np.array(philox.key(seed), np.uint32)
        noise.fill_array(self.dtype)(request, key, first, 0, out.reshape(-1, count))
        return out

    def pilot(self, seed, count):
        """The noise of a pilot's estimates, in chunks (variables, categories, n)."""
        chunk = max(1, PILOT_ITEMS // (self.problem.shape[0] * self.problem.shape[1]))
        for first in range(0, count, chunk):
            yield self.noise(seed, philox.PILOT, first, min(chunk, count - first))

    @functools.cached_property
    def rounding_scale(self):
        """(parameters,) how large an estimate is before its terms cancel: that of f times a score.

        Rounding errors of unbiased estimates are a few units in the last place of it.
        """
        size = np.sqrt((self._pilot_values**2).mean())
        return np.abs(self.pullback(self.family.score_scale(self))) * size

    @functools.cached_property
    def value_ratio(self):
        """How many times larger f is than its standard deviation, inf for a constant f."""
        f = self._pilot_values
        with np.errstate(invalid="ignore", over="ignore"):
            spread = f.std()
            return float(np.abs(f).mean() / spread) if spread else np.inf

    @functools.cached_property
    def _pilot_values(self):
        """f at some draws of the pilot, in float64."""
        random = next(self.pilot(0, SCALE_ESTIMATES))
        return self.family.value(self, self.family.sample(self, random)).astype(np.float64)

    @functools.cached_property
    def rare_scale(self):
        """(parameters,) what a draw can add to f times its score, however rare it is."""
        ones = np.ones(self.natural.shape)
        return np.abs(self.pullback(ones)) * self.family.largest_value(self)
