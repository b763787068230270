"""The main loop: nanoseconds per element of `concrete` with its moments, and ratios to torch.

One element is one category of one estimate. Two threads each; implementations are interleaved in
random order over the rounds, and ratios are medians of paired rounds with a 95 % interval.

    pip install -e '.[peers]' && python benchmarks/core.py
"""

import os
import random
import statistics
import time

THREADS = 2
os.environ.setdefault("OMP_NUM_THREADS", str(THREADS))

import numba  # noqa: E402
import numpy as np  # noqa: E402

from gumbench import machine, registry  # noqa: E402
from gumbench.families.bound import Bound, make_program  # noqa: E402
from gumbench.kernels import driver  # noqa: E402
from gumbench.moments import Grouping  # noqa: E402
from gumbench.types import BATCHES  # noqa: E402

ROUNDS = 31
SIZES = (8, 128, 1024)
ELEMENTS = 1 << 24
PAUSE = 0.005


def ours(size, temperatures):
    """A call that adds moments of `concrete`, and its elements (of one temperature)."""
    problem = registry.make_problem("categorical-quadratic", size)
    bound = Bound(problem, "float32")
    estimator = registry.estimators("concrete")["categorical"]
    program = make_program(bound, estimator, temperatures, None, 0)
    grouping = Grouping(bound, np.zeros(size))
    count = max(256, ELEMENTS // BATCHES // size)
    block = driver.block_size(program.elements)
    shape = BATCHES, len(temperatures)
    sums = driver.Sums(
        np.zeros((*shape, size, 2)), np.zeros((*shape, grouping.rows, 2)), np.full(shape, -1)
    )
    return (
        lambda: program.add_moments(grouping.driver, 0, 0, count, block, sums),
        count * BATCHES * size,
    )


def torch_autograd(size):
    """F.gumbel_softmax and backward, with the sums and sums of squares of the gradients."""
    import torch

    torch.set_num_threads(THREADS)
    problem = registry.make_problem("categorical-quadratic", size)
    theta = torch.tensor(problem.theta, dtype=torch.float32)
    target = torch.tensor(problem.data[:-1], dtype=torch.float32)
    rows = max(64, (1 << 20) // size)

    def call():
        logits = theta.expand(rows, size).clone().requires_grad_(True)
        y = torch.nn.functional.gumbel_softmax(logits, tau=1.0)
        ((y - target) ** 2).sum().backward()
        gradient = logits.grad
        return gradient.sum(0), (gradient * gradient).sum(0)

    return call, rows * size


def timed(call, elements, repeats):
    start = time.perf_counter()
    for _ in range(repeats):
        call()
    return (time.perf_counter() - start) / repeats / elements * 1e9


def race(calls):
    """Nanoseconds per element of each call in each round."""
    repeats = {}
    for name, (call, elements) in calls.items():
        call()
        repeats[name] = max(1, round(0.02e9 / (timed(call, elements, 1) * elements)))
    times = {name: [] for name in calls}
    for _ in range(ROUNDS):
        for name in random.sample(list(calls), len(calls)):
            time.sleep(PAUSE)
            call, elements = calls[name]
            times[name].append(timed(call, elements, repeats[name]))
    return times


def ratio(over, under):
    """Median of paired ratios and the interval of the median (binomial order statistics)."""
    pairs = sorted(a / b for a, b in zip(over, under, strict=True))
    half = round(0.98 * len(pairs) ** 0.5)
    middle = len(pairs) // 2
    return f"{statistics.median(pairs):.2f} ({pairs[middle - half]:.2f}-{pairs[middle + half]:.2f})"


def main():
    """Print the table."""
    numba.set_num_threads(THREADS)
    facts = machine.facts()
    print(f"{facts['processor']}, {facts['vector_bits']}-bit vectors, {THREADS} threads")
    eight = [0.1, 0.2, 0.3, 0.5, 0.7, 1.0, 1.5, 2.0]
    for size in SIZES:
        calls = {"one": ours(size, [1.0]), "eight": ours(size, eight)}
        try:
            calls["torch"] = torch_autograd(size)
        except ModuleNotFoundError:
            print("torch is not installed: no ratio to it")
        times = race(calls)
        line = f"C = {size}: {statistics.median(times['one']):.2f} ns per element (least "
        line += (
            f"{min(times['one']):.2f}); eight temperatures {ratio(times['eight'], times['one'])}x"
        )
        if "torch" in times:
            line += f"; torch autograd {ratio(times['torch'], times['one'])}x"
        print(line)


if __name__ == "__main__":
    main()
