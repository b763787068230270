"""JAX, compiled by jit; a key for every call is made beforehand."""

import os
from collections.abc import Callable, Iterator
from typing import Any

from gumbench.types import Form, Job, estimates_of

PACKAGE, INSTALL = "jax", "pip install jax"
THREADS = None
MOST_CALLS = 200_000


def use_threads(count: int) -> None:
    """By the variable that XLA reads when it starts; with another number it is started again."""
    if os.environ.get("PJRT_NPROC") != str(count):
        os.environ["PJRT_NPROC"] = str(count)
        from jax.extend import backend

        backend.clear_backends()


def _keys(job: Job) -> Iterator[Any]:
    import jax

    return iter(jax.random.split(jax.random.key(job.seed), MOST_CALLS))


def _call(job: Job, function: Callable[..., Any], *arrays: Any) -> Callable[[], Any]:
    """A call of the compiled function with a key and arrays, until its result is there."""
    import jax

    keys, compiled = _keys(job), jax.jit(function)
    with jax.enable_x64(job.dtype == "float64"):
        there = [jax.numpy.array(array) for array in arrays]
    if job.dtype == "float32":
        return lambda: jax.block_until_ready(compiled(next(keys), *there))

    def call() -> Any:
        with jax.enable_x64(True):
            return jax.block_until_ready(compiled(next(keys), *there))

    return call


def _bits(job: Job) -> Callable[[], Any]:
    import jax

    return _call(job, lambda key: jax.random.bits(key, (job.count,), "uint32"))


def _fill(**options: Any) -> Callable[[Job], Callable[[], Any]]:
    def build(job: Job) -> Callable[[], Any]:
        import jax

        return _call(job, lambda key: jax.random.gumbel(key, (job.count,), job.dtype, **options))

    return build


def _categorical(job: Job) -> Callable[[], Any]:
    import jax

    shape = (len(job.logits),) if job.count == 1 else (job.count, len(job.logits))
    return _call(
        job, lambda key, logits: jax.random.categorical(key, logits, shape=shape), job.logits
    )


def _cumsum(job: Job) -> Callable[[], Any]:
    import jax

    rows = len(job.logits)

    def draw(key: Any, logits: Any) -> Any:
        cdf = jax.numpy.cumsum(jax.nn.softmax(logits, -1), -1)
        u = jax.random.uniform(key, (rows, job.count), logits.dtype) * cdf[:, -1:]
        return jax.vmap(jax.numpy.searchsorted)(cdf, u)

    return _call(job, draw, job.logits)


def _concrete(job: Job) -> Callable[[], Any]:
    import jax

    def draw(key: Any, logits: Any) -> Any:
        gumbel = jax.random.gumbel(key, (job.count, logits.size), logits.dtype)
        return jax.nn.softmax((logits + gumbel) / job.temperature, -1)

    return _call(job, draw, job.logits[0])


def _moments(estimates: Any) -> Any:
    return estimates.sum(0), (estimates * estimates).sum(0)


def _concrete_estimates(job: Job) -> Callable[[], Any]:
    import jax

    def relaxed(logits: Any, gumbel: Any, target: Any) -> Any:
        y = jax.nn.softmax((logits + gumbel) / job.temperature)
        return ((y - target) ** 2).sum()

    def estimate(key: Any, logits: Any, target: Any) -> Any:
        gumbel = jax.random.gumbel(key, (job.count, logits.size), logits.dtype)
        gradient = jax.vmap(jax.grad(relaxed), (None, 0, None))
        return _moments(gradient(logits, gumbel, target))

    return _call(job, estimate, job.logits[0], job.target)


def _score_estimates(draw: Callable[..., Any]) -> Callable[[Job], Callable[[], Any]]:
    def build(job: Job) -> Callable[[], Any]:
        import jax

        def weighted(logits: Any, category: Any, target: Any) -> Any:
            f = ((jax.nn.one_hot(category, logits.size, dtype=logits.dtype) - target) ** 2).sum()
            return jax.lax.stop_gradient(f) * jax.nn.log_softmax(logits)[category]

        def estimate(key: Any, logits: Any, target: Any) -> Any:
            gradient = jax.vmap(jax.grad(weighted), (None, 0, None))
            return _moments(gradient(logits, draw(key, logits, job.count), target))

        return _call(job, estimate, job.logits[0], job.target)

    return build


def _draw_categorical(key: Any, logits: Any, count: int) -> Any:
    import jax

    return jax.random.categorical(key, logits, shape=(count,))


def _draw_by_cumsum(key: Any, logits: Any, count: int) -> Any:
    import jax

    cdf = jax.numpy.cumsum(jax.nn.softmax(logits))
    u = jax.random.uniform(key, (count,), logits.dtype) * cdf[-1]
    return jax.numpy.searchsorted(cdf, u)


def _fits_memory(job: Job) -> bool:
    return job.elements <= 1 << 26


FORMS = (
    Form("random.bits", "words", _bits),
    Form("random.gumbel", "fill", _fill(), textbook=True),
    Form('random.gumbel, mode="high"', "fill", _fill(mode="high")),
    Form("random.categorical", "draws", _categorical, True, _fits_memory),
    Form("cumsum, searchsorted", "draws", _cumsum),
    Form("softmax of gumbel", "concrete", _concrete, textbook=True),
    Form("concrete by grad", "estimates", _concrete_estimates, True, estimates_of("concrete")),
    Form(
        "score by grad, searchsorted",
        "estimates",
        _score_estimates(_draw_by_cumsum),
        fits=estimates_of("score"),
    ),
    Form(
        "score by grad, categorical",
        "estimates",
        _score_estimates(_draw_categorical),
        True,
        estimates_of("score"),
    ),
)
