"""gumbench itself, by the functions that a user calls, into arrays that are made once."""

import functools
from collections.abc import Callable
from typing import Any

import numba
import numpy as np

from gumbench import registry, sampling
from gumbench.engine.bound_estimator import bind_estimator
from gumbench.engine.bound_problem import BoundProblem
from gumbench.engine.moments import Grouping
from gumbench.kernels.loops import driver, records, roof
from gumbench.kernels.random import philox
from gumbench.types import BATCHES, Form, Job, estimates_of

PACKAGE, INSTALL = "gumbench", "pip install gumbench"
THREADS = None
ROOFS = {
    "words": roof.WORDS,
    "log": roof.LOG,
    "exp": roof.EXP,
    "read": roof.READ,
    "write": roof.WRITE,
}

MOST_NOISE = 1 << 23
# A sweep's calls are longer than arrays that other libraries are quick with.
AT_ONCE = 32


def use_threads(count: int) -> None:
    """Numba's own switch."""
    numba.set_num_threads(count)


def _words(job: Job) -> Callable[[], Any]:
    key, out = np.array(philox.key(job.seed), np.uint32), np.empty(job.count, np.uint32)
    fill = roof.words(job.dtype)

    def make() -> Any:
        fill(key, out)
        return out

    return make


def _fill(job: Job) -> Callable[[], Any]:
    out = np.empty(job.count, job.dtype)
    return functools.partial(sampling.gumbel, job.count, seed=job.seed, dtype=job.dtype, out=out)


def _draws(sampler: str) -> Callable[[Job], Callable[[], Any]]:
    def build(job: Job) -> Callable[[], Any]:
        out = np.empty((job.rows, job.count), np.int64)
        options: dict[str, Any] = {"seed": job.seed, "sampler": sampler, "out": out}
        return functools.partial(sampling.categorical, job.logits, job.count, **options)

    return build


def _concrete(job: Job) -> Callable[[], Any]:
    out = np.empty((job.count, job.categories), job.dtype)
    given = job.logits[0], job.temperature, job.count
    return functools.partial(sampling.concrete, *given, seed=job.seed, dtype=job.dtype, out=out)


def _estimates(name: str) -> Callable[[Job], Callable[[], Any]]:
    """What a sweep calls: estimates with their moments, draws being made in the fastest way."""

    def build(job: Job) -> Callable[[], Any]:
        problem = registry.make_problem("categorical-quadratic", job.categories)
        bound = BoundProblem(problem, job.dtype)
        estimator = registry.estimators(name)[problem.family]
        bound_estimator = bind_estimator(
            bound, estimator, [job.temperature], None, job.seed, fastest_draws=True
        )
        grouping = Grouping(bound, np.zeros(bound.theta.size))
        count = AT_ONCE * job.count // BATCHES
        block = driver.block_for(bound_estimator.block, count)

        def estimate() -> Any:
            sums = records.no_sums(BATCHES, 1, bound.theta.size, grouping.rows)
            bound_estimator.add_moments(grouping.driver, 0, 0, count, block, sums)
            return sums

        return estimate

    return build


def _roof(kind: int) -> Callable[[Job], Callable[[], Any]]:
    def build(job: Job) -> Callable[[], Any]:
        key = np.array(philox.key(job.seed), np.uint32)
        tasks = job.count // roof.TASK
        out = np.empty(job.count, job.dtype)
        return functools.partial(roof.work(job.dtype), kind, key, tasks, out)

    return build


def _is_quick(sampler: str) -> Callable[[Job], bool]:
    """Many draws of many categories are for samplers that make no noise for each of them."""
    slow = registry.sampler(sampler).makes_noise
    return lambda job: not slow or job.elements <= MOST_NOISE


FORMS = (
    Form("Philox4x32-10", "words", _words),
    Form("gumbel", "fill", _fill),
    *(Form(n, "draws", _draws(n), fits=_is_quick(n)) for n in registry.names("samplers")),
    Form("concrete", "concrete", _concrete),
    *(
        Form(n, "estimates", _estimates(n), fits=estimates_of(n), at_once=AT_ONCE)
        for n in ("concrete", "score")
    ),
    *(Form(n, "roof", _roof(kind)) for n, kind in ROOFS.items()),
)
