"""An estimator on a bound problem, as the compiled drivers take it."""

import dataclasses
import functools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gumbench.distributions.draws import DrawSource
from gumbench.engine.bound_problem import BoundProblem
from gumbench.engine.python import Calls, PythonEstimator, block_size
from gumbench.kernels.blocks import simplex
from gumbench.kernels.compiler import jit
from gumbench.kernels.compiler.roles import OBJECTIVE, ROLES, NoiseBlock
from gumbench.kernels.loops import callback, driver, records
from gumbench.kernels.loops.records import Sums
from gumbench.kernels.random import noise, philox
from gumbench.types import Estimator, Noise, Sizes

NO_DRAWS = DrawSource(Noise("exponential"), simplex.no_draws)


@dataclass(frozen=True)
class Preparation:
    """What an estimator's `prepare` sees.

    bound : the bound problem
    temperature, inner_samples : None for estimators that have none
    settings : of the estimator, by name
    """

    bound: Any
    settings: Mapping[str, Any]
    temperature: float | None
    inner_samples: int | None
    seed: int

    def pilot(self, count: int) -> Iterator[np.ndarray]:
        """Noise of `count` estimates that no sweep makes, in chunks (variables, categories, n)."""
        return self.bound.pilot(self.seed, count)


class NoiseRequests:
    """The rows of `records.Inputs` for the noise that an estimator declared.

    by_category, by_variable : (n, 4); declared : how many of each are not for draws; draws : how
        many
    purpose : of philox, in the place of the usual ones, or None
    """

    def __init__(self, declared: Sequence[Noise], source: DrawSource, purpose: int | None) -> None:
        drawn = [noise for noise in declared if noise.kind == "draw"]
        self.draws = len(drawn)
        self._counts: dict[int, int] = {}
        seen = [one for one in declared if one.kind != "draw"]
        by_category = sum(one.per == "category" for one in seen)
        self.declared = by_category, len(seen) - by_category
        arrays = seen + [source.noise] * len(drawn)
        rows = [(one.per, self._row(one, purpose)) for one in arrays]
        self.by_category, self.by_variable = (
            np.array([row for per, row in rows if per == wanted], np.int64).reshape(-1, 4)
            for wanted in ("category", "variable")
        )

    def _row(self, declared: Noise, purpose: int | None) -> np.ndarray:
        """Arrays of one purpose are told apart by numbers."""
        purpose = noise.purpose_of(declared, purpose)
        number = self._counts[purpose] = self._counts.get(purpose, -1) + 1
        return noise.request(declared.kind, purpose, number)


def draw_source(estimator: Estimator, family: Any, fastest: bool = False) -> DrawSource:
    """The DrawSource of an estimator, for which nothing is drawn where it asks for no draw.

    fastest : that which is the least work, instead of that from the noise all estimators share
    """
    if estimator.compute or not any(n.kind == "draw" for n in estimator.noise(2)):
        return NO_DRAWS
    return family.DRAWN_FASTEST if fastest else family.DRAWN


class BoundEstimator:
    """An estimator on a bound problem, as the compiled drivers take it.

    temperatures: those of a pass; prepared: (temperatures, n) what the estimator prepared.
    purpose: that of the noise; None is the usual one. source: the DrawSource of its draws. block:
    the most estimates to work on at once; no bit of the result of compiled code depends on how many
    they are. prepare_calls: what a method is charged for preparing.
    """

    prepare_calls = Calls()

    def __init__(
        self,
        bound: BoundProblem,
        estimator: Estimator,
        temperatures: Sequence[float],
        inner_samples: int | None,
        seed: int,
        purpose: int | None,
        prepared: np.ndarray,
        source: DrawSource,
    ) -> None:
        problem = bound.problem
        uses_direct = problem.direct is not None and "score_direct" not in estimator.needs
        if problem.direct_is_score and not estimator.path:
            uses_direct = False
        requests = NoiseRequests(estimator.noise(inner_samples or 1), source, purpose)
        cost = estimator.cost(Sizes(inner_samples or 1, *problem.shape))
        self.bound = bound
        self.temperatures, self.parameters = temperatures, bound.theta.size
        kernel: Any = estimator.kernel
        self.kernel = kernel
        self.functions = records.Functions(
            noise.fill_array(bound.dtype),
            jit.compiled("draw", source.draw, bound.dtype),
            jit.compiled("kernel", kernel, bound.dtype),
            **bound.functions,
        )
        elements = max(problem.shape[0] * problem.shape[1], bound.dist_params.size)
        self.block = (driver.block_size if problem.compiled else block_size)(elements)
        self.inputs = records.Inputs(
            np.array(philox.key(seed), np.uint32),
            problem.shape[0],
            problem.shape[1],
            bound.dist_params,
            bound.theta,
            bound.data,
            bound.link_data,
            problem.value_at is not None,
            problem.link is not None,
            uses_direct,
            bound.real(problem.reward_noise),
            int(cost.values) if problem.reward_noise else 0,
            requests.by_category,
            requests.by_variable,
            np.array(requests.declared),
            requests.draws,
            np.array(source.table(bound), bound.real),
            np.array(temperatures, bound.real),
            np.ascontiguousarray(prepared, bound.real),
        )

    def add_moments(
        self, grouping: Any, first_batch: int, start: int, count: int, block: int, sums: Sums
    ) -> None:
        """Run the parallel driver (see kernels.loops.driver.moments), a block at once."""
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
    def noise_arrays(self) -> int:
        """How many arrays of noise by category an estimate has."""
        return self.inputs.requests.shape[0]

    @functools.cached_property
    def _checked(self) -> Any:
        """The kernel with a check of every index, the calls it makes, and the θ to run it with."""
        calls, theta = CountedCalls(self.bound), self.bound.theta.copy()
        callback.register(calls, theta)
        functions = (jit.compiled(r, getattr(callback, r), self.bound.dtype) for r in OBJECTIVE)
        return driver.checked_kernel(self.kernel, tuple(functions)), calls, theta

    def run_checked(self, block: int) -> tuple[Calls, list[str]]:
        """Run the kernel on block number `block` of noise with a check of every index.

        Returns its Calls and the names of arguments it has changed. Raises IndexError.
        """
        run, calls, theta = self._checked
        bound, inputs, size = self.bound, self.inputs._replace(theta=theta), driver.CHUNK
        given = self._noise_block(block * size, size)
        kept = {
            "theta": theta,
            "data": inputs.data,
            "dist_params": inputs.dist_params,
        }
        kept |= {"prepared": inputs.prepared, "its noise": given.by_category}
        kept |= {"its uniforms": given.by_variable, "its draws": given.draws}
        before = {name: array.copy() for name, array in kept.items()}
        counted = dataclasses.replace(calls.counts)
        run(
            inputs,
            given,
            np.zeros((inputs.evaluations, size), bound.real),
            np.empty((*bound.dist_params.shape, size), bound.real),
            np.zeros((self.parameters if inputs.direct else 0, size), bound.real),
        )
        calls.raise_failure()
        changed = [n for n, a in kept.items() if not np.array_equal(a, before[n], equal_nan=True)]
        return calls.counts.since(counted), changed

    def _noise_block(self, first: int, size: int) -> NoiseBlock:
        """The NoiseBlock of estimates first, first + 1, ... of batch 0."""
        bound, inputs = self.bound, self.inputs
        variables, categories = bound.problem.shape
        filled = [bound.fill(r, 0, first, size) for r in inputs.requests]
        uniforms = [bound.fill(r, 0, first, size, "variable") for r in inputs.variable_requests]
        noise_block = NoiseBlock(
            np.array(filled, bound.real).reshape(-1, variables, categories, size),
            np.array(uniforms, bound.real).reshape(-1, variables, size),
            np.empty((inputs.draws, variables, size), np.int32),
        )
        self.functions.draw(bound.dist_params, inputs.draw_table, noise_block)
        return noise_block

    def collect(self, batch: int, start: int, count: int) -> np.ndarray:
        """Estimates of a batch from `start` at the first temperature: (count, parameters)."""
        return self._collect(batch, start, count, np.empty((0, 0, 0), self.bound.real))

    def estimates_of(self, exponentials: np.ndarray, number: int = 0) -> np.ndarray:
        """Estimates (n, parameters) at temperature number `number` from given noise.

        exponentials : (arrays of noise, variables, categories, n), of which Gumbels are -log
        """
        arrays, variables, categories, count = exponentials.shape
        given = exponentials.reshape(arrays, variables * categories, count).copy()
        gumbels = self.inputs.requests[:, 0] == noise.GUMBEL
        given[gumbels] = -np.log(given[gumbels])
        return self.estimates_from(given, number)

    def estimates_from(self, given: np.ndarray, number: int = 0) -> np.ndarray:
        """Estimates (n, parameters) at temperature number `number` from all noise by category.

        given : (arrays of noise, elements, n)
        """
        arrays, elements, count = given.shape
        whole = np.ones((arrays, elements, -(-count // driver.CHUNK) * driver.CHUNK))
        whole[:, :, :count] = given
        return self._collect(0, 0, count, whole.astype(self.bound.real), number)

    def _collect(
        self, batch: int, start: int, count: int, given: np.ndarray, number: int = 0
    ) -> np.ndarray:
        out, at = np.empty((count, self.parameters), self.bound.real), slice(number, number + 1)
        inputs = self.inputs._replace(
            temperatures=self.inputs.temperatures[at], prepared=self.inputs.prepared[at]
        )
        driver.collect(self.bound.dtype)(*self.functions, inputs, batch, start, given, out)
        self.bound.raise_failure()
        return out


class CountedCalls:
    """The functions of f, called by compiled code through Python, and counted."""

    def __init__(self, bound: BoundProblem) -> None:
        self.bound, self.counts = bound, Calls()
        self.failure: Exception | None = None

    def call(self, role: str, given: np.ndarray, out: np.ndarray) -> None:
        """The function of a role; arrays have the estimates last."""
        if ROLES[role].evaluates:
            self.counts.add(ROLES[role].evaluates, given.shape[-1])
        try:
            out[:] = getattr(self.bound, role)(given)
        except Exception as error:
            self.failure = self.failure or error
            out[:] = np.nan

    def raise_failure(self) -> None:
        """Raise what a function raised since the last time."""
        failure, self.failure = self.failure, None
        if failure is not None:
            raise failure


def bind_estimator(
    bound: BoundProblem,
    estimator: Estimator,
    temperatures: Sequence[float],
    inner_samples: int | None,
    seed: int,
    purpose: int | None = None,
    settings: Any = (),
    fastest_draws: bool = False,
) -> Any:
    """An estimator on a bound problem with what it prepares for each temperature.

    settings : pairs, or a mapping; those left out have their defaults
    fastest_draws : see `draw_source`
    """
    settings = estimator.all_settings(settings)
    if estimator.compute:
        return PythonEstimator(bound, estimator, temperatures, inner_samples, seed, settings)
    before = dataclasses.replace(bound.calls)
    takes = estimator.takes_temperature
    rows = [
        prepared(estimator, Preparation(bound, settings, t, inner_samples, seed))
        for t in (temperatures if takes else [None])
    ]
    calls = bound.calls.since(before)
    source = draw_source(estimator, bound.family, fastest_draws)
    table = np.tile(rows, (1 if takes else len(temperatures), 1))
    bound_estimator = BoundEstimator(
        bound, estimator, temperatures, inner_samples, seed, purpose, table, source
    )
    if not (estimator.prepare_is_free or estimator.deterministic):
        bound_estimator.prepare_calls = calls.divided(len(temperatures) if takes else 1)
    return bound_estimator


def prepared(estimator: Estimator, preparation: Preparation) -> np.ndarray:
    """What an estimator prepares, (n,); a 0 where it prepares nothing."""
    return estimator.prepare(preparation) if estimator.prepare else np.zeros(1)
