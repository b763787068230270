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
import other_libraries  # noqa: E402
import torch  # noqa: E402

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
BY_HAND = (10, 100)
SAMPLES = {"gumbel-rao": 10, "score-loo": 4}
EIGHT = [0.1, 0.2, 0.3, 0.5, 0.7, 1.0, 1.5, 2.0]
# Our estimators work in blocks, in calls as long as those of a sweep.
OWN_ELEMENTS = 1 << 25
FILLED, DRAWS = 1 << 18, 1 << 20
VOCABULARY, ROWS = 50_257, 32
KEY = np.array(philox.key(0), np.uint32)


def repeated(call, units):
    """Work of a call that does so many units, for `timing.in_turns`."""

    def work(wanted):
        for _ in range(wanted // units):
            call()

    return work, units


def works_of(calls):
    """The works of name -> (call, units)."""
    return {name: repeated(*timed) for name, timed in calls.items()}


def ours(
    name,
    size,
    temperatures=(1.0,),
    problem="categorical-quadratic",
    samples=None,
    fastest_draws=False,
):
    """What a sweep calls for estimates and their moments, and how many elements that is."""
    bound = BoundProblem(registry.make_problem(problem, size), "float32")
    estimator = registry.estimators(name)[bound.problem.family]
    bound_estimator = bind_estimator(
        bound, estimator, temperatures, samples, 0, fastest_draws=fastest_draws
    )
    grouping = Grouping(bound, np.zeros(bound.theta.size))
    count = max(bound_estimator.block, OWN_ELEMENTS // BATCHES // size)
    block = driver.block_for(bound_estimator.block, count)
    sums = records.no_sums(BATCHES, len(temperatures), bound.theta.size, grouping.rows)
    call = functools.partial(bound_estimator.add_moments, grouping.driver, 0, 0, count, block, sums)
    return call, count * BATCHES * size


def by_hand(size):
    """Categorical estimators against torch by hand; a draw is the cheapest exact one of both."""
    calls = {f"{n} torch": c for n, c in other_libraries.torch_by_hand(size, SAMPLES).items()}
    names = [name.removesuffix(" torch") for name in calls]
    for name in names:
        calls[name] = ours(name, size, samples=SAMPLES.get(name), fastest_draws=True)
    return works_of(calls), [(f"{name} torch", name) for name in names]


def gaussians(dimension):
    """Gaussian score and pathwise of Σ (z - 3)², by mean and scale, against torch by hand."""
    calls = {f"{n} torch": c for n, c in other_libraries.torch_gaussian(dimension).items()}
    names = [name.removesuffix(" torch") for name in calls]
    for name in names:
        calls[name] = ours(name, dimension, problem="gaussian-shifted")
    return works_of(calls), [(f"{name} torch", name) for name in names]


def estimators(size):
    """Works, and the pairs of them whose ratio is printed."""
    calls = {
        "concrete": ours("concrete", size),
        "score": ours("score", size),
        **other_libraries.torch_estimators(size),
        **other_libraries.jax_estimators(size),
    }
    pairs = [
        ("concrete torch autograd", "concrete"),
        ("concrete torch by hand", "concrete"),
        ("concrete jax", "concrete"),
        ("score torch autograd", "score"),
        ("score jax", "score"),
    ]
    if size == 128:
        calls["concrete, 8 temperatures"] = ours("concrete", size, EIGHT)
        pairs.append(("concrete, 8 temperatures", "concrete"))
    return works_of(calls), pairs


def fills():
    """Standard Gumbels on one thread; MKL with each of its generators."""
    out = np.empty((1, FILLED), np.float32)
    rows, fill = noise.gumbel_rows("float32"), noise.fill_array("float32")
    zero, one = np.float32(0.0), np.float32(1.0)
    ours = {"fill": (lambda: rows(fill, KEY, 0, zero, one, out), FILLED)}
    return works_of({**ours, **other_libraries.fills(FILLED)}), [
        ("fill numpy", "fill"),
        ("fill mkl *", "fill"),
    ]


def draw(sampler, logits, draws):
    """A call that draws from rows of float32 logits."""
    temperatures, out = np.ones(1, np.float32), np.empty((1, len(logits), draws), np.int64)
    return lambda: sampling.draw_rows(sampler, logits, temperatures, KEY, 0, out)


def rows_of_many():
    """One draw from each row of 50,257 logits."""
    logits = other_libraries.logits(ROWS, VOCABULARY)
    names = ("gumbel-max", "inverse-cdf", "gumbel-max-textbook")
    samplers = {"words": WORDS, **{name: registry.sampler(name) for name in names}}
    ours = {name: (draw(s, logits, 1), logits.size) for name, s in samplers.items()}
    return works_of({**ours, **other_libraries.one_draw_a_row(logits)}), [
        ("rows torch exponential race", "gumbel-max"),
        ("rows torch -log(-log(rand))", "gumbel-max"),
        ("rows jax categorical", "gumbel-max"),
        ("rows torch cumsum", "gumbel-max"),
        ("gumbel-max", "words"),
    ]


def one_row():
    """Many draws of one row of 1,000 logits."""
    logits = other_libraries.logits(1, 1000)
    ours = {"alias": (draw(registry.sampler("alias"), logits, DRAWS), DRAWS)}
    return works_of({**ours, **other_libraries.many_draws(logits[0], DRAWS)}), [
        ("draws torch multinomial", "alias"),
        ("draws numpy choice", "alias"),
    ]


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
    torch.set_num_threads(THREADS)
    facts = machine.facts()
    versions = {name: machine.version(name) for name in ("torch", "jax", "mkl_random", "numpy")}
    print(
        f"{facts['processor']}, {facts['cores']} cores, {facts['vector_bits']}-bit vectors; "
        + ", ".join(f"{name} {version}" for name, version in versions.items())
    )
    print("\n| race | slower | than | times (95 %) | ns | ns |")
    print("| --- | --- | --- | --- | --- | --- |")
    races = [(f"C = {size}", functools.partial(estimators, size), THREADS) for size in SIZES]
    for size in BY_HAND:
        races.append((f"by hand, C = {size}", functools.partial(by_hand, size), THREADS))
        races.append((f"Gaussian, d = {size}", functools.partial(gaussians, size), THREADS))
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
