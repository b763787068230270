"""A problem at one dtype: its arrays rounded, its functions compiled, ready for the driver."""

import functools

import numpy as np

from gumbench.families import family
from gumbench.kernels import driver, jit, noise, philox

PILOT_ITEMS = 1 << 22
SCALE_ESTIMATES = 256


def _missing_value_at(index, theta, data, out):
    out[:] = out.dtype.type(np.nan)


def _missing_gradient(x, theta, data, out):
    out[:] = out.dtype.type(np.nan)


def _missing_direct(x, theta, data, out):
    out[:] = out.dtype.type(np.nan)


class Bound:
    """What a problem is to a cell: θ and data rounded to `dtype`, then exact.

    Attributes: problem, dtype ("float32" or "float64"), real (its NumPy type), theta
    (parameters,), data, natural (rows, columns). `at("float64")` is the same rounded problem in
    double precision, in which exact gradients and tables are computed.
    """

    def __init__(self, problem, dtype, theta=None, data=None):
        self.problem = problem
        self.family = family(problem.family)
        self.dtype = dtype
        self.real = np.dtype(dtype).type
        self.theta = np.ascontiguousarray(problem.theta if theta is None else theta, self.real)
        self.data = np.ascontiguousarray(problem.data if data is None else data, self.real)
        self.natural = np.empty(self.family.natural_shape(problem.shape), self.real)
        forward = problem.link[0] if problem.link else self.family.forward
        self._compiled("forward", forward)(self.theta, self.data, self.natural)
        self.family.check(problem, self.natural)

    def at(self, dtype):
        """The same rounded numbers in another dtype."""
        return self if dtype == self.dtype else Bound(self.problem, dtype, self.theta, self.data)

    def _compiled(self, role, function):
        return jit.compiled(role, function, self.dtype)

    @functools.cached_property
    def functions(self):
        """Compiled functions by role, with stand-ins for those the problem has not."""
        problem = self.problem
        plain = {
            "value": problem.value,
            "value_at": problem.value_at or _missing_value_at,
            "gradient": problem.gradient or _missing_gradient,
            "direct": problem.direct or _missing_direct,
            "forward": problem.link[0] if problem.link else self.family.forward,
            "pullback": problem.link[1] if problem.link else self.family.pullback,
        }
        return {role: self._compiled(role, function) for role, function in plain.items()}

    def value(self, x):
        """f at x (variables, categories, n): (n,)."""
        out = np.empty(x.shape[2], self.real)
        x = np.ascontiguousarray(x, self.real)
        self.functions["value"](x, self.theta, self.data, out)
        return out

    def value_at(self, index):
        """f at draws (variables, n): (n,)."""
        if self.problem.value_at is None:
            return self.value(self.one_hot(index))
        out = np.empty(index.shape[1], self.real)
        index = np.ascontiguousarray(index, np.int32)
        self.functions["value_at"](index, self.theta, self.data, out)
        return out

    def direct(self, x):
        """∂f/∂θ at fixed x: (parameters, n)."""
        out = np.empty((self.theta.size, x.shape[2]), self.real)
        x = np.ascontiguousarray(x, self.real)
        self.functions["direct"](x, self.theta, self.data, out)
        return out

    def one_hot(self, index):
        """One-hot vectors (variables, categories, n) of draws (variables, n)."""
        categories = np.arange(self.problem.shape[1])
        return (index[:, None, :] == categories[None, :, None]).astype(self.real)

    def pullback(self, gradient):
        """A gradient (rows, columns) in natural parameters as one in θ (parameters,)."""
        out = np.empty((self.theta.size, 1), self.real)
        gradient = np.ascontiguousarray(gradient[:, :, None], self.real)
        self.functions["pullback"](gradient, self.theta, self.data, out)
        return out[:, 0]

    def noise(self, seed, purpose, first, count, draw=0):
        """Noise (variables, categories, count) of estimates first, first + 1, ... of batch 0."""
        out = np.empty((*self.problem.shape, count), self.real)
        key = np.array(philox.key(seed), np.uint32)
        request = self.noise_request(draw, purpose)
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
        random = next(self.pilot(0, SCALE_ESTIMATES))
        f = self.family.value(self, self.family.sample(self, random)).astype(np.float64)
        return np.abs(self.pullback(self.family.score_scale(self))) * np.sqrt((f**2).mean())

    @functools.cached_property
    def rare_scale(self):
        """(parameters,) what a draw can add to f times its score, however rare it is."""
        ones = np.ones(self.natural.shape)
        return np.abs(self.pullback(ones)) * self.family.largest_value(self)

    def noise_request(self, draw, purpose=None):
        """The row of `Inputs.requests` for one array of the family's noise."""
        kind, usual = self.family.NOISE
        purpose = usual if purpose is None else purpose
        return np.array([kind, draw, purpose, philox.low_bits(purpose)], np.int64)


class Program:
    """An estimator on a bound problem, as the compiled drivers take it.

    temperatures: those of a pass; prepared: (temperatures, n) what the estimator prepared.
    purpose: that of the noise; None is the family's usual one.
    """

    def __init__(self, bound, estimator, temperatures, inner_samples, seed, purpose, prepared):
        problem = bound.problem
        uses_direct = problem.direct is not None and "score_direct" not in estimator.needs
        if problem.direct_is_score and not estimator.path:
            uses_direct = False
        draws = estimator.noise(inner_samples or 1)
        self.dtype = bound.dtype
        kernel = jit.compiled("kernel", estimator.kernel, bound.dtype)
        functions = bound.functions
        self.functions = [kernel, *(functions[role] for role in driver.FUNCTIONS[1:])]
        self.elements = max(problem.shape[0] * problem.shape[1], bound.natural.size) * max(draws, 1)
        self.inputs = driver.Inputs(
            np.array(philox.key(seed), np.uint32),
            problem.shape[0],
            problem.shape[1],
            bound.natural,
            bound.theta,
            bound.data,
            problem.value_at is not None,
            problem.link is not None,
            uses_direct,
            bound.real(problem.feedback),
            estimator.draw_evaluations(inner_samples or 1) if problem.feedback else 0,
            np.array([bound.noise_request(k, purpose) for k in range(draws)], np.int64).reshape(
                -1, 4
            ),
            np.array(temperatures, bound.real),
            np.ascontiguousarray(prepared, bound.real),
        )

    def add_moments(self, grouping, first_batch, start, count, block, sums):
        """Run the parallel driver (see kernels.driver.moments)."""
        driver.moments(self.dtype)(
            *self.functions, self.inputs, grouping, first_batch, start, count, block, sums
        )

    def collect(self, batch, start, count):
        """Estimates of a batch from `start` at the first temperature: (count, parameters)."""
        out = np.empty((count, self.inputs.theta.size), self.inputs.theta.dtype)
        driver.collect(self.dtype)(*self.functions, self.inputs, batch, start, out)
        return out


def make_program(bound, estimator, temperatures, inner_samples, seed, purpose=None):
    """An estimator on a bound problem with what it prepares for each temperature."""
    prepared = estimator.prepare(bound, seed, {}) if estimator.prepare else np.zeros(1)
    prepared = np.tile(prepared, (len(temperatures), 1))
    return Program(bound, estimator, temperatures, inner_samples, seed, purpose, prepared)
