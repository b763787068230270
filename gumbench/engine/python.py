"""Estimators and problems in plain Python, not compiled: arrays with the estimates first."""

import dataclasses
import functools
import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from gumbench.errors import InputError
from gumbench.kernels.loops import driver
from gumbench.kernels.loops.records import Sums
from gumbench.kernels.random import noise, philox
from gumbench.limits import as_numpy
from gumbench.types import Estimator, Problem
from gumbench.user_code.old_names import with_new_name

if TYPE_CHECKING:
    from gumbench.engine.bound_problem import BoundProblem

USER_PURPOSE = 64
MOST_BLOCK = 1024
BLOCK_ITEMS = 1 << 20


def estimates_first(array: np.ndarray) -> np.ndarray:
    """A copy of a block-last array with the estimates on its first axis."""
    return np.array(np.moveaxis(array, -1, 0), order="C")


def estimates_last(array: np.ndarray, real: Any) -> np.ndarray:
    """The opposite, contiguous and of one type."""
    return np.ascontiguousarray(np.moveaxis(array, 0, -1), real)


def as_array(result: Any, shape: tuple[int, ...], real: Any, what: str) -> np.ndarray:
    """What a plain function returned, as an array; raises InputError for another shape."""
    array = np.asarray(as_numpy(result), real)
    if array.shape != shape:
        raise InputError(f"{what} returned an array of shape {array.shape}; give {shape}")
    return array


def block_size(elements: int) -> int:
    """Estimates handed to plain Python at once: many, calls being dear, up to MOST_BLOCK."""
    block = min(MOST_BLOCK, driver.block_size(elements))
    while block < MOST_BLOCK and elements * block < BLOCK_ITEMS:
        block *= 2
    return block


class Callbacks:
    """The functions of a problem in plain Python, as kernels.loops.callback calls them.

    An error cannot pass through compiled code: the first is kept, and `raise_failure` raises it.
    """

    def __init__(self, problem: Problem, theta: np.ndarray) -> None:
        self.problem, self.theta = problem, theta
        self.failure: Exception | None = None

    def raise_failure(self) -> None:
        """Raise what a function raised since the last time."""
        failure, self.failure = self.failure, None
        if failure is not None:
            raise failure

    def call(self, role: str, *arrays: np.ndarray) -> None:
        """The function of a role; arrays have the estimates last, the last one is filled."""
        *given, out = arrays
        function: Any = self.problem.function(role)
        first = [estimates_first(array) for array in given]
        if not given or takes_theta(function):
            first.append(self.theta.copy())
        shape = (out.shape[-1], *out.shape[:-1]) if given else out.shape
        try:
            name = f"{self.problem.name}: {role}"
            filled = as_array(function(*first), shape, out.dtype, name)
            out[:] = np.moveaxis(filled, 0, -1) if given else filled
        except Exception as error:
            # Without our own frame, for its arrays are gone when somebody looks at the traceback.
            frame = error.__traceback__
            self.failure = self.failure or error.with_traceback(frame and frame.tb_next)
            out[:] = np.nan


@dataclass
class Calls:
    """How often f and ∂f/∂x were evaluated from Python."""

    values: int = 0
    gradients: int = 0

    def add(self, kind: str, count: int) -> None:
        """Count evaluations: of "values" or "gradients"."""
        setattr(self, kind, getattr(self, kind) + count)

    def since(self, before: "Calls") -> "Calls":
        """Those after others were counted."""
        return Calls(self.values - before.values, self.gradients - before.gradients)

    def divided(self, count: int) -> "Calls":
        """Those of one of `count` that made as many."""
        return Calls(self.values // count, self.gradients // count)


def takes_theta(function: Callable[..., Any]) -> bool:
    """Whether a function is one of x and θ, or of x alone."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return False
    return sum(p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD) for p in parameters) > 1


def _read_only(array: np.ndarray) -> np.ndarray:
    """A view that cannot be written into."""
    view = array.view()
    view.flags.writeable = False
    return view


class View:
    """What a plain estimator sees of a problem; arrays have the estimates first.

    variables, categories : the shape of a draw; a Gaussian has one category
    dist_params : (rows, columns) the distribution parameters; under their own names too, as
        `logits` and `probabilities`, or `mean` and `scale`
    theta : (parameters,); data : constants of f
    """

    def __init__(self, bound: "BoundProblem") -> None:
        self._bound = bound
        self.name = bound.problem.name
        self.variables, self.categories = bound.problem.shape
        self.dist_params, self.theta, self.data = map(
            _read_only, (bound.dist_params, bound.theta, bound.data)
        )

    def __getattr__(self, name: str) -> np.ndarray:
        """Its parameters by name: logits and probabilities, or mean and scale."""
        names = self._bound.family.PARAMETERS
        if name not in names:
            raise AttributeError(
                with_new_name(
                    f"{self.name} has no {name!r}: its distribution has {', '.join(names)}"
                )
            )
        parameters = _read_only(names[name](self.dist_params))
        setattr(self, name, parameters)
        return parameters

    def value(self, x: Any) -> np.ndarray:
        """f at x (n, variables, categories): (n,)."""
        return self._bound.value(np.moveaxis(np.asarray(x), 0, -1))

    def value_at(self, category: Any) -> np.ndarray:
        """f at draws (n, variables): (n,)."""
        return self._bound.value_at(np.asarray(category).T)

    def gradient(self, x: Any) -> np.ndarray:
        """∂f/∂x at x, like x."""
        return estimates_first(self._bound.gradient(np.moveaxis(np.asarray(x), 0, -1)))

    def direct(self, x: Any) -> np.ndarray | None:
        """∂f/∂θ at fixed x: (n, parameters), or None where f has no θ in it."""
        if self._bound.problem.direct is None:
            return None
        return self._bound.direct(np.moveaxis(np.asarray(x), 0, -1)).T


class Noise:
    """The noise of some estimates, the same that every estimator sees.

    Arrays are (count, variables, categories). draw: tells several arrays of one estimate apart.
    given : (kind, draw) -> arrays to be had instead
    """

    def __init__(
        self, bound: "BoundProblem", seed: int, batch: int, first: int, count: int, given: Any = ()
    ) -> None:
        self.count = count
        self._bound, self._batch, self._first = bound, batch, first
        self._key = np.array(philox.key(seed), np.uint32)
        self.arrays = dict(given)

    def gumbel(self, draw: int = 0) -> np.ndarray:
        """Standard Gumbels."""
        return self._array("gumbel", draw, philox.NOISE)

    def normal(self, draw: int = 0) -> np.ndarray:
        """Standard normals."""
        return self._array("normal", draw, philox.NORMAL)

    def uniform(self, draw: int = 0) -> np.ndarray:
        """Uniforms on (0, 1) that no other estimator sees."""
        return self._array("uniform", draw, USER_PURPOSE)

    def draw(self, draw: int = 0) -> np.ndarray:
        """Categories (count, variables) drawn from the logits by `gumbel(draw)`."""
        return (self._bound.dist_params + self.gumbel(draw)).argmax(axis=2)

    def _array(self, kind: str, draw: int, purpose: int) -> np.ndarray:
        if (kind, draw) not in self.arrays:
            out = np.empty((*self._bound.problem.shape, self.count), self._bound.real)
            noise.fill_array(self._bound.dtype)(
                noise.request(kind, purpose, draw),
                self._key,
                self._first,
                self._batch,
                out.reshape(-1, self.count),
            )
            self.arrays[kind, draw] = estimates_first(out)
        return self.arrays[kind, draw].copy()


class PythonEstimator:
    """An estimator in plain Python on a bound problem, as a BoundEstimator is."""

    prepare_calls = Calls()

    def __init__(
        self,
        bound: "BoundProblem",
        estimator: Estimator,
        temperatures: Sequence[float],
        inner_samples: int | None,
        seed: int,
        settings: Mapping[str, Any],
    ) -> None:
        self.bound, self.estimator, self.settings = bound, estimator, settings
        self.temperatures = [float(t) for t in temperatures]
        self.inner_samples, self.seed = inner_samples, seed
        self.parameters = bound.theta.size
        self.block = block_size(bound.problem.shape[0] * bound.problem.shape[1])
        self.view = View(bound)

    @functools.cached_property
    def noise_arrays(self) -> int:
        """How many arrays of Gumbels an estimate asks for, at least 1."""
        random = Noise(self.bound, self.seed, 0, 0, 1)
        self._estimates(random, self.temperatures[0])
        return max(1, sum(kind == "gumbel" for kind, _ in random.arrays))

    def _blocks(
        self, batch: int, start: int, count: int, block: int
    ) -> Iterator[tuple[int, int, int, np.ndarray]]:
        """Estimates (parameters, block) of each temperature, block by block, with their place."""
        for index in range(start, start + count, block):
            random = Noise(self.bound, self.seed, batch, index, block)
            for t, temperature in enumerate(self.temperatures):
                yield (
                    index,
                    min(block, start + count - index),
                    t,
                    self._estimates(random, temperature),
                )

    def _estimates(self, random: Noise, temperature: float | None) -> np.ndarray:
        bound, takes = self.bound, self.estimator.takes_temperature
        compute: Any = self.estimator.compute
        result = compute(
            self.view,
            random,
            temperature if takes else None,
            self.inner_samples,
            **self.settings,
        )
        dist_params, direct = result if isinstance(result, tuple) else (result, None)
        shape = (random.count, *bound.dist_params.shape)
        dist_params = as_array(dist_params, shape, bound.real, self.estimator.name)
        out = bound.pullback_block(estimates_last(dist_params, bound.real))
        if direct is not None:
            shape = (random.count, self.parameters)
            out += as_array(direct, shape, bound.real, self.estimator.name).T
        return out

    def add_moments(
        self, grouping: Any, first_batch: int, start: int, count: int, block: int, sums: Sums
    ) -> None:
        """Add estimates of some batches to their sums, a block at once."""
        add = driver.add(self.bound.dtype)
        for b in range(sums.not_finite.shape[0]):
            for index, valid, t, estimates in self._blocks(first_batch + b, start, count, block):
                add(estimates, valid, index, grouping, b, t, sums)

    def run_checked(self, block: int) -> tuple[Calls, list[str]]:
        """Make one block of estimates; returns its Calls, and that it has changed nothing."""
        before = dataclasses.replace(self.bound.calls)
        random = Noise(self.bound, self.seed, 0, block * driver.CHUNK, driver.CHUNK)
        self._estimates(random, self.temperatures[0])
        return self.bound.calls.since(before), []

    def estimates_of(self, exponentials: np.ndarray, number: int = 0) -> np.ndarray:
        """Estimates (n, parameters) at one of the temperatures, as of a BoundEstimator."""
        gumbels = (-np.log(exponentials)).astype(self.bound.real)
        given = {("gumbel", k): estimates_first(array) for k, array in enumerate(gumbels)}
        random = Noise(self.bound, self.seed, 0, 0, exponentials.shape[-1], given)
        return self._estimates(random, self.temperatures[number]).T

    def collect(self, batch: int, start: int, count: int) -> np.ndarray:
        """Estimates of a batch from `start` at the first temperature: (count, parameters)."""
        blocks = self._blocks(batch, start, count, driver.block_for(self.block, count))
        parts = [estimates[:, :valid] for _, valid, t, estimates in blocks if t == 0]
        return np.ascontiguousarray(np.concatenate(parts, axis=1).T)
