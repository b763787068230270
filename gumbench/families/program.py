"""An estimator on a bound problem, as the compiled drivers take it."""

import dataclasses
import functools
import inspect

import numpy as np

from gumbench.families.plain import Calls, PlainProgram, block_size
from gumbench.kernels import callback, driver, jit, noise, philox, records


class Program:
    """An estimator on a bound problem, as the compiled drivers take it.

    temperatures: those of a pass; prepared: (temperatures, n) what the estimator prepared.
    purpose: that of the noise; None is the family's usual one. block: the most estimates to work
    on at once; no bit of the result of compiled code depends on how many they are. prepare_calls:
    what a method is charged for preparing.
    """

    prepare_calls = Calls()

    def __init__(self, bound, estimator, temperatures, inner_samples, seed, purpose, prepared):
        problem = bound.problem
        uses_direct = problem.direct is not None and "score_direct" not in estimator.needs
        if problem.direct_is_score and not estimator.path:
            uses_direct = False
        draws = estimator.noise(inner_samples or 1)
        name = next(iter(inspect.signature(estimator.kernel).parameters))
        requests = [bound.noise_request(k, purpose, name) for k in range(draws)]
        self.bound = bound
        self.temperatures, self.parameters = temperatures, bound.theta.size
        kernel = jit.compiled("kernel", estimator.kernel, bound.dtype)
        self.kernel = estimator.kernel
        self.functions = records.Functions(noise.fill_array(bound.dtype), kernel, **bound.functions)
        elements = max(problem.shape[0] * problem.shape[1], bound.natural.size)
        self.block = (driver.block_size if problem.compiled else block_size)(elements)
        self.inputs = records.Inputs(
            np.array(philox.key(seed), np.uint32),
            problem.shape[0],
            problem.shape[1],
            bound.natural,
            bound.theta,
            bound.data,
            bound.link_data,
            problem.value_at is not None,
            problem.link is not None,
            uses_direct,
            bound.real(problem.feedback),
            estimator.draw_evaluations(inner_samples or 1) if problem.feedback else 0,
            np.array(requests, np.int64).reshape(-1, 4),
            np.array(temperatures, bound.real),
            np.ascontiguousarray(prepared, bound.real),
        )

    def add_moments(self, grouping, first_batch, start, count, block, sums):
        """Run the parallel driver (see kernels.driver.moments), a block at once."""
        driver.moments(self.bound.dtype)(
            driver.batch_moments(self.bound.dtype),
            *self.functions,
            self.inputs,
            grouping,
            first_batch,
            start,
            count,
            block,
            sums,
        )
        self.bound.raise_failure()

    @property
    def draws(self):
        """How many arrays of noise an estimate has."""
        return self.inputs.requests.shape[0]

    @functools.cached_property
    def _checked(self):
        """The kernel with a check of every index, the calls it makes, and the θ to run it with."""
        calls, theta = CountedCalls(self.bound), self.bound.theta.copy()
        callback.register(calls, theta)
        roles = ("value", "value_at", "gradient", "direct")
        functions = (jit.compiled(r, getattr(callback, r), self.bound.dtype) for r in roles)
        return driver.checked_kernel(self.kernel, tuple(functions)), calls, theta

    def run_checked(self, block):
        """Run the kernel on block number `block` of noise with a check of every index.

        Returns its Calls and the names of arguments it has changed. Raises IndexError.
        """
        run, calls, theta = self._checked
        bound, inputs, size = self.bound, self.inputs._replace(theta=theta), driver.CHUNK
        filled = [bound.fill(request, 0, block * size, size) for request in inputs.requests]
        draws = np.array(filled, bound.real).reshape(-1, *bound.problem.shape, size)
        kept = {"theta": theta, "data": inputs.data, "natural": inputs.natural}
        kept |= {"prepared": inputs.prepared, "its noise": draws}
        before = {name: array.copy() for name, array in kept.items()}
        counted = dataclasses.replace(calls.counts)
        run(
            inputs,
            draws,
            np.zeros((inputs.evaluations, size), bound.real),
            np.empty((*bound.natural.shape, size), bound.real),
            np.zeros((self.parameters if inputs.direct else 0, size), bound.real),
        )
        calls.raise_failure()
        changed = [n for n, a in kept.items() if not np.array_equal(a, before[n], equal_nan=True)]
        return calls.counts.since(counted), changed

    def collect(self, batch, start, count):
        """Estimates of a batch from `start` at the first temperature: (count, parameters)."""
        return self._collect(batch, start, count, np.empty((0, 0, 0), self.bound.real))

    def estimates_of(self, exponentials):
        """Estimates (n, parameters) at the first temperature from given noise.

        exponentials : (arrays of noise, variables, categories, n), of which Gumbels are -log
        """
        *shape, count = exponentials.shape
        given = np.ones((shape[0], shape[1] * shape[2], -(-count // driver.CHUNK) * driver.CHUNK))
        given[:, :, :count] = exponentials.reshape(*given.shape[:2], count)
        if self.inputs.requests[0, 0] == noise.GUMBEL:
            given = -np.log(given)
        return self._collect(0, 0, count, given.astype(self.bound.real))

    def _collect(self, batch, start, count, given):
        out = np.empty((count, self.parameters), self.bound.real)
        driver.collect(self.bound.dtype)(*self.functions, self.inputs, batch, start, given, out)
        self.bound.raise_failure()
        return out


class CountedCalls:
    """The functions of a problem, called by compiled code through Python, and counted."""

    def __init__(self, bound):
        self.bound, self.counts, self.failure = bound, Calls(), None

    def value(self, x, out):
        """f at x (variables, categories, n)."""
        self.counts.values += x.shape[-1]
        self._call("value", x, out)

    def value_at(self, index, out):
        """f at draws (variables, n)."""
        self.counts.values += index.shape[-1]
        self._call("value_at", index, out)

    def gradient(self, x, out):
        """∂f/∂x."""
        self.counts.gradients += x.shape[-1]
        self._call("gradient", x, out)

    def direct(self, x, out):
        """∂f/∂θ at fixed x."""
        self._call("direct", x, out)

    def _call(self, role, x, out):
        try:
            out[:] = getattr(self.bound, role)(x)
        except Exception as error:
            self.failure = self.failure or error
            out[:] = np.nan

    def raise_failure(self):
        """Raise what a function raised since the last time."""
        failure, self.failure = self.failure, None
        if failure is not None:
            raise failure


def make_program(bound, estimator, temperatures, inner_samples, seed, purpose=None, settings=()):
    """An estimator on a bound problem with what it prepares for each temperature.

    settings : pairs, or a mapping; those left out have their defaults
    """
    settings = {**estimator.settings, **dict(settings)}
    if estimator.compute:
        return PlainProgram(bound, estimator, temperatures, inner_samples, seed, settings)
    before = dataclasses.replace(bound.calls)
    prepared = estimator.prepare(bound, seed, settings) if estimator.prepare else np.zeros(1)
    prepared = np.tile(prepared, (len(temperatures), 1))
    program = Program(bound, estimator, temperatures, inner_samples, seed, purpose, prepared)
    if not (estimator.prepare_is_free or estimator.deterministic):
        program.prepare_calls = bound.calls.since(before)
    return program
