"""A problem at one dtype: its arrays rounded, its functions compiled."""

import functools
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from gumbench.distributions import family
from gumbench.engine.python import Callbacks, Calls
from gumbench.kernels.compiler import jit
from gumbench.kernels.compiler.jit import Task
from gumbench.kernels.compiler.roles import LINK, ROLES
from gumbench.kernels.loops import callback, missing, records
from gumbench.kernels.random import noise, philox
from gumbench.types import Estimator, Problem

Points = Float[np.ndarray, "variables categories n"]
Draws = Int[np.ndarray, "variables n"]
Values = Float[np.ndarray, " n"]
InTheta = Float[np.ndarray, " parameters"]
ManyInTheta = Float[np.ndarray, "parameters n"]

PILOT_ITEMS = 1 << 22
SCALE_ESTIMATES = 256


# What a pass calls of a problem; `forward` is called once, when it is bound.
PASS_ROLES = records.Functions._fields[3:]


def _function(problem: Problem, role: str) -> Callable[..., Any]:
    """The function of a role before it is compiled, or what stands in for it."""
    function = problem.function(role)
    if function is None:
        return getattr(family(problem.family), role) if role in LINK else getattr(missing, role)
    return function if problem.compiled else getattr(callback, role)


def compiled_for(
    problem: Problem,
    estimator: Estimator,
    dtype: str,
    draw: Callable[..., Any],
    loops: Sequence[Callable[..., Any]],
) -> Iterator[Task]:
    """What is compiled to run an estimator, as jit.Tasks, the longest first.

    draw : that of a DrawSource; loops : drivers that run it
    """
    for build in (*loops, noise.fill_array):
        yield jit.Task(build, (dtype,))
    if not estimator.compute:
        yield jit.Task(jit.compiled, ("draw", draw, dtype))
        yield jit.Task(jit.compiled, ("kernel", estimator.kernel, dtype))
    for role in ("forward", *PASS_ROLES):
        yield jit.Task(jit.compiled, (role, _function(problem, role), dtype))
    if not problem.truth:
        yield jit.Task(jit.compiled, ("value_at", _function(problem, "value_at"), "float64"))


class BoundProblem:
    """What a problem is to a cell: θ and data rounded to `dtype`, then exact.

    Attributes: problem, dtype ("float32" or "float64"), real (its NumPy type), theta
    (parameters,), data, dist_params (rows, columns), calls. `at("float64")` is the same rounded
    problem in double precision, in which exact gradients and tables are computed; it counts its
    calls here.

    checked : compile the problem's functions with checks of every index, slower
    """

    def __init__(
        self,
        problem: Problem,
        dtype: str,
        theta: np.ndarray | None = None,
        data: np.ndarray | None = None,
        checked: bool = False,
        calls: Calls | None = None,
    ) -> None:
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
        self.dist_params = self.call("forward")
        self.family.check(problem, self.dist_params)

    def at(self, dtype: str) -> "BoundProblem":
        """The same rounded numbers in another dtype."""
        if dtype == self.dtype:
            return self
        return BoundProblem(self.problem, dtype, self.theta, self.data, calls=self.calls)

    def compiled(self, role: str) -> Callable[..., Any]:
        """The compiled function of a role, or a stand-in where the problem has none."""
        build = jit.checked if self.checked else jit.compiled
        return build(role, _function(self.problem, role), self.dtype)

    @functools.cached_property
    def functions(self) -> dict[str, Callable[..., Any]]:
        """Compiled functions by role, with stand-ins for those the problem has not."""
        return {role: self.compiled(role) for role in PASS_ROLES}

    def raise_failure(self) -> None:
        """Raise the error of a function in plain Python that compiled code has called."""
        if self.callbacks:
            self.callbacks.raise_failure()

    def call(self, role: str, *given: Any) -> np.ndarray:
        """The function of a role at an array with the estimates last, which counts as evaluations.

        Returns what it fills (see kernels.compiler.roles).
        """
        facts, count = ROLES[role], given[0].shape[-1] if given else 0
        if facts.evaluates:
            self.calls.add(facts.evaluates, count)
        kind = np.int32 if facts.given == "category" else self.real
        data = self.link_data if role in LINK else self.data
        out = self.out(role, count)
        arrays = [np.ascontiguousarray(array, kind) for array in given]
        self.compiled(role)(*arrays, self.theta, data, out)
        self.raise_failure()
        return out

    def out(self, role: str, count: int) -> np.ndarray:
        """An array for a function of a role to fill for `count` estimates."""
        problem = self.problem
        sizes = dict(zip(("variables", "categories"), problem.shape, strict=True))
        sizes |= dict(zip(("rows", "columns"), self.family.parameter_shape(problem), strict=True))
        sizes |= {"parameters": self.theta.size, "block": count}
        return np.full([sizes[axis] for axis in ROLES[role].out_axes], np.nan, self.real)

    def value(self, x: Points) -> Values:
        """f at x (variables, categories, n): (n,)."""
        return self.call("value", x)

    def gradient(self, x: Points) -> Points:
        """∂f/∂x at x (variables, categories, n), like x."""
        return self.call("gradient", x)

    def value_at(self, category: Draws) -> Values:
        """f at draws (variables, n): (n,)."""
        if self.problem.value_at is None:
            return self.value(self.one_hot(category))
        return self.call("value_at", category)

    def direct(self, x: Points) -> ManyInTheta:
        """∂f/∂θ at fixed x: (parameters, n)."""
        return self.call("direct", x)

    def one_hot(self, category: Draws) -> Points:
        """One-hot vectors (variables, categories, n) of draws (variables, n)."""
        categories = np.arange(self.problem.shape[1])
        return (category[:, None, :] == categories[None, :, None]).astype(self.real)

    def pullback(self, gradient: Float[np.ndarray, "rows columns"]) -> InTheta:
        """A gradient (rows, columns) in distribution parameters as one in θ (parameters,)."""
        return self.pullback_block(gradient[:, :, None])[:, 0]

    def pullback_block(self, gradient: Float[np.ndarray, "rows columns n"]) -> ManyInTheta:
        """Gradients (rows, columns, n) in distribution parameters as (parameters, n)."""
        return self.call("pullback", gradient)

    def noise(
        self, seed: int, purpose: int | None, first: int, count: int, draw: int = 0
    ) -> np.ndarray:
        """The distribution's noise (variables, categories, n) of estimates first, ... of batch 0.

        purpose : of philox, None for the usual one
        """
        wanted = self.family.NOISE
        request = noise.request(wanted.kind, noise.purpose_of(wanted, purpose), draw)
        return self.fill(request, seed, first, count)

    def fill(
        self, request: np.ndarray, seed: int, first: int, count: int, per: str = "category"
    ) -> np.ndarray:
        """The same (..., count) for a row of `Inputs.requests`, or of `variable_requests`."""
        variables, categories = self.problem.shape
        shape = (variables, categories) if per == "category" else (variables,)
        out = np.empty((*shape, count), self.real)
        key = np.array(philox.key(seed), np.uint32)
        noise.fill_array(self.dtype)(request, key, first, 0, out.reshape(-1, count))
        return out

    def pilot(self, seed: int, count: int) -> Iterator[np.ndarray]:
        """The noise of a pilot's estimates, in chunks (variables, categories, n)."""
        chunk = max(1, PILOT_ITEMS // (self.problem.shape[0] * self.problem.shape[1]))
        for first in range(0, count, chunk):
            yield self.noise(seed, philox.PILOT, first, min(chunk, count - first))

    @functools.cached_property
    def rounding_scale(self) -> InTheta:
        """(parameters,) how large an estimate is before its terms cancel: that of f times a score.

        Rounding errors of unbiased estimates are a few units in the last place of it.
        """
        size = np.sqrt((self._pilot_values**2).mean())
        return np.abs(self.pullback(self.family.score_scale(self))) * size

    @functools.cached_property
    def value_ratio(self) -> float:
        """How many times larger f is than its standard deviation, inf for a constant f."""
        f = self._pilot_values
        with np.errstate(invalid="ignore", over="ignore"):
            deviation = f.std()
            return float(np.abs(f).mean() / deviation) if deviation else np.inf

    @functools.cached_property
    def _pilot_values(self) -> Values:
        """f at some draws of the pilot, in float64."""
        random = next(self.pilot(0, SCALE_ESTIMATES))
        return self.family.value(self, self.family.sample(self, random)).astype(np.float64)

    @functools.cached_property
    def rare_scale(self) -> InTheta:
        """(parameters,) what a draw can add to f times its score, however rare it is."""
        ones = np.ones(self.dist_params.shape)
        return np.abs(self.pullback(ones)) * self.family.largest_value(self)
