"""Ratios of gumbench to torch, jax, numpy and MKL, all timed in turns in one run.

Two threads each, one for the fill of Gumbels. A ratio is the median over paired rounds, with a
95 % interval; the nanoseconds beside it are medians, per element or per draw.

    pip install -e '.[peers]' && python benchmarks/peers.py
"""

import functools
import os

THREADS = 2
for variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(variable, str(THREADS))

import numba  # noqa: E402
import numpy as np  # noqa: E402

from gumbench import machine, registry  # noqa: E402
from gumbench.engine.bound_estimator import bind_estimator  # noqa: E402
from gumbench.engine.bound_problem import BoundProblem  # noqa: E402
from gumbench.engine.moments import Grouping  # noqa: E402
from gumbench.kernels.loops import driver, records, sampling  # noqa: E402
from gumbench.kernels.random import noise, philox  # noqa: E402
from gumbench.measure.sampler_time import WORDS  # noqa: E402
from gumbench.stats import timing  # noqa: E402
from gumbench.stats.intervals import median_interval  # noqa: E402
from gumbench.types import BATCHES  # noqa: E402

ROUNDS = 31
SIZES = (8, 128, 1024)
EIGHT = [0.1, 0.2, 0.3, 0.5, 0.7, 1.0, 1.5, 2.0]
# What a call makes. Peers get the size of array at which jax is fastest, of 2^16 to 2^22; ours work
# in blocks, in calls as long as those of a sweep.
ELEMENTS, OWN_ELEMENTS = 1 << 20, 1 << 25
FILLED = 1 << 18
VOCABULARY, ROWS = 50_257, 32
KEY = np.array(philox.key(0), np.uint32)
GENERATORS = ("MT19937", "SFMT19937", "MT2203", "MCG31", "MCG59", "PHILOX4X32X10")


def repeated(call, units):
    """Work of a call that does so many units, for `timing.in_turns`."""

    def work(wanted):
        for _ in range(wanted // units):
            call()

    return work, units


def ours(name, size, temperatures=(1.0,)):
    """Estimates with their moments, in elements."""
    problem = registry.make_problem("categorical-quadratic", size)
    bound = BoundProblem(problem, "float32")
    estimator = registry.estimators(name)["categorical"]
    bound_estimator = bind_estimator(bound, estimator, temperatures, None, 0)
    grouping = Grouping(bound, np.zeros(size))
    count = max(bound_estimator.block, OWN_ELEMENTS // BATCHES // size)
    block = driver.block_for(bound_estimator.block, count)
    sums = records.no_sums(BATCHES, len(temperatures), size, grouping.rows)
    call = functools.partial(bound_estimator.add_moments, grouping.driver, 0, 0, count, block, sums)
    return repeated(call, count * BATCHES * size)


def moments(gradient):
    return gradient.sum(0), (gradient * gradient).sum(0)


def torch_estimators(size):
    """concrete by autograd, by hand with textbook noise, and score by autograd."""
    import torch

    torch.set_num_threads(THREADS)
    problem = registry.make_problem("categorical-quadratic", size)
    theta = torch.tensor(problem.theta, dtype=torch.float32)
    target = torch.tensor(problem.data[:-1], dtype=torch.float32)
    rows = max(64, ELEMENTS // size)

    def concrete():
        logits = theta.expand(rows, size).clone().requires_grad_(True)
        y = torch.nn.functional.gumbel_softmax(logits, tau=1.0)
        ((y - target) ** 2).sum().backward()
        return moments(logits.grad)

    def by_hand():
        with torch.no_grad():
            gumbel = -torch.log(-torch.log(torch.rand(rows, size)))
            y = torch.softmax(theta + gumbel, -1)
            g = 2 * (y - target)
            return moments(y * (g - (y * g).sum(-1, keepdim=True)))

    def score():
        logits = theta.expand(rows, size).clone().requires_grad_(True)
        law = torch.distributions.Categorical(logits=logits)
        draw = law.sample()
        x = torch.nn.functional.one_hot(draw, size).float()
        f = ((x - target) ** 2).sum(-1)
        (f * law.log_prob(draw)).sum().backward()
        return moments(logits.grad)

    units = rows * size
    return {
        "concrete torch autograd": repeated(concrete, units),
        "concrete torch by hand": repeated(by_hand, units),
        "score torch autograd": repeated(score, units),
    }


def jax_estimators(size):
    """jit of vmap of grad, with the moments."""
    import jax
    from jax import numpy as jnp

    problem = registry.make_problem("categorical-quadratic", size)
    theta = jnp.array(problem.theta, jnp.float32)
    target = jnp.array(problem.data[:-1], jnp.float32)
    rows = max(64, ELEMENTS // size)

    def objective(logits, gumbel):
        return ((jax.nn.softmax(logits + gumbel) - target) ** 2).sum()

    def weighted(logits, draw):
        f = ((jax.nn.one_hot(draw, size) - target) ** 2).sum()
        return jax.lax.stop_gradient(f) * jax.nn.log_softmax(logits)[draw]

    @jax.jit
    def concrete(key):
        gumbel = jax.random.gumbel(key, (rows, size))
        return moments(jax.vmap(jax.grad(objective), (None, 0))(theta, gumbel))

    @jax.jit
    def score(key):
        draws = jax.random.categorical(key, theta, shape=(rows,))
        return moments(jax.vmap(jax.grad(weighted), (None, 0))(theta, draws))

    keys = iter(jax.random.split(jax.random.key(0), 1_000_000))
    units = rows * size
    return {
        "concrete jax": repeated(lambda: jax.block_until_ready(concrete(next(keys))), units),
        "score jax": repeated(lambda: jax.block_until_ready(score(next(keys))), units),
    }


def estimators(size):
    """Works, and the pairs of them whose ratio is printed."""
    works = {
        "concrete": ours("concrete", size),
        "score": ours("score", size),
        **torch_estimators(size),
        **jax_estimators(size),
    }
    pairs = [
        ("concrete torch autograd", "concrete"),
        ("concrete torch by hand", "concrete"),
        ("concrete jax", "concrete"),
        ("score torch autograd", "score"),
        ("score jax", "score"),
    ]
    if size == 128:
        works["concrete, 8 temperatures"] = ours("concrete", size, EIGHT)
        pairs.append(("concrete, 8 temperatures", "concrete"))
    return works, pairs


def fills():
    """Standard Gumbels on one thread; MKL with each of its generators."""
    import mkl_random

    out = np.empty((1, FILLED), np.float32)
    rows, fill = noise.gumbel_rows("float32"), noise.fill_array("float32")
    generator = np.random.default_rng(0)
    zero, one = np.float32(0.0), np.float32(1.0)
    works = {
        "fill": repeated(lambda: rows(fill, KEY, 0, zero, one, out), FILLED),
        "fill numpy": repeated(lambda: generator.gumbel(size=FILLED), FILLED),
    }
    for name in GENERATORS:
        state = mkl_random.MKLRandomState(0, brng=name)
        call = functools.partial(state.gumbel, size=FILLED)
        works[f"fill mkl {name}"] = repeated(call, FILLED)
    return works, [("fill numpy", "fill"), ("fill mkl *", "fill")]


def draw(sampler, logits, draws):
    """A call that draws from rows of float32 logits."""
    temperatures = np.ones(1, np.float32)
    return lambda: sampling.draw_rows(sampler, logits, temperatures, KEY, 0, draws)


def rows_of_many():
    """One draw from each row of 50,257 logits."""
    import jax
    import torch
    from jax import numpy as jnp

    torch.set_num_threads(THREADS)
    logits = np.random.default_rng(0).normal(size=(ROWS, VOCABULARY)).astype(np.float32)
    there, here = torch.tensor(logits), jnp.array(logits)
    categorical = jax.jit(jax.random.categorical)
    keys = iter(jax.random.split(jax.random.key(0), 1_000_000))
    calls = {
        "gumbel-max": draw(registry.sampler("gumbel-max"), logits, 1),
        "inverse-cdf": draw(registry.sampler("inverse-cdf"), logits, 1),
        "gumbel-max-textbook": draw(registry.sampler("gumbel-max-textbook"), logits, 1),
        "words": draw(WORDS, logits, 1),
        "rows torch exponential race": lambda: torch.argmax(
            there - torch.empty_like(there).exponential_().log(), -1
        ),
        "rows torch -log(-log(rand))": lambda: torch.argmax(
            there - torch.log(-torch.log(torch.rand_like(there))), -1
        ),
        "rows torch cumsum": lambda: torch.searchsorted(
            torch.cumsum(torch.softmax(there, -1), -1), torch.rand(ROWS, 1)
        ),
        "rows jax categorical": lambda: jax.block_until_ready(categorical(next(keys), here)),
    }
    works = {name: repeated(call, logits.size) for name, call in calls.items()}
    return works, [
        ("rows torch exponential race", "gumbel-max"),
        ("rows torch -log(-log(rand))", "gumbel-max"),
        ("rows jax categorical", "gumbel-max"),
        ("rows torch cumsum", "gumbel-max"),
        ("gumbel-max", "words"),
    ]


def one_row():
    """Many draws of one row of 1,000 logits."""
    import torch

    torch.set_num_threads(THREADS)
    logits = np.random.default_rng(0).normal(size=(1, 1000)).astype(np.float32)
    p = np.exp(logits[0].astype(float))
    p /= p.sum()
    weights, generator = torch.tensor(p), np.random.default_rng(0)
    calls = {
        "alias": draw(registry.sampler("alias"), logits, ELEMENTS),
        "draws torch multinomial": lambda: torch.multinomial(weights, ELEMENTS, replacement=True),
        "draws numpy choice": lambda: generator.choice(1000, ELEMENTS, p=p),
    }
    works = {name: repeated(call, ELEMENTS) for name, call in calls.items()}
    return works, [("draws torch multinomial", "alias"), ("draws numpy choice", "alias")]


def matching(times, pattern):
    """The fastest of the works that a pattern with a star stands for."""
    if not pattern.endswith("*"):
        return pattern
    names = [name for name in times if name.startswith(pattern[:-1])]
    return min(names, key=lambda name: np.median(times[name]))


def table(title, made, threads=THREADS):
    """Lines of a Markdown table: the ratios of one race."""
    numba.set_num_threads(threads)
    works, pairs = made()
    times = timing.in_turns(works, rounds=ROUNDS)
    for pattern, under in pairs:
        over = matching(times, pattern)
        ratios = np.divide(times[over], times[under])
        ratio, low, high = median_interval(ratios)
        nanoseconds = [f"{1e9 * np.median(times[name]):.2f}" for name in (over, under)]
        cells = [title, over, under, f"{ratio:.2f} ({low:.2f}-{high:.2f})", *nanoseconds]
        yield "| " + " | ".join(cells) + " |"


def main():
    """Print the table."""
    facts = machine.facts()
    versions = {name: machine.version(name) for name in ("torch", "jax", "mkl_random", "numpy")}
    print(
        f"{facts['processor']}, {facts['cores']} cores, {facts['vector_bits']}-bit vectors; "
        + ", ".join(f"{name} {version}" for name, version in versions.items())
    )
    print("\n| race | slower | than | times (95 %) | ns | ns |")
    print("| --- | --- | --- | --- | --- | --- |")
    races = [(f"C = {size}", functools.partial(estimators, size), THREADS) for size in SIZES]
    races += [
        ("Gumbel fill, one thread", fills, 1),
        (f"{ROWS} rows of {VOCABULARY:,}", rows_of_many, THREADS),
        ("one row of 1,000", one_row, THREADS),
    ]
    for title, made, threads in races:
        for line in table(title, made, threads):
            print(line, flush=True)


if __name__ == "__main__":
    main()
