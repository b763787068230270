"""Inverse distribution function: cumulative sums of exp θ, and a search for u times the total."""

import numpy as np

from gumbench.kernels.compiler import elementary
from gumbench.kernels.compiler.jit import helper
from gumbench.kernels.loops.sampling import uniforms
from gumbench.types import Sampler


def prepare(logits, temperature, table):
    largest = logits[0]
    for c in range(logits.size):
        largest = logits[c] if logits[c] > largest else largest
    inverse = logits.dtype.type(1.0) / temperature
    for c in range(logits.size):
        table[c] = elementary.exp((logits[c] - largest) * inverse)
    total = 0.0
    for c in range(logits.size):
        total += table[c]
        table[c] = total


@helper
def _search(table, u, out):
    """The least category whose cumulative sum exceeds u times the total, rounding apart."""
    total = table[table.size - 1]
    for d in range(out.size):
        wanted = u[d] * total
        low, high = 0, table.size - 1
        while low < high:
            middle = (low + high) >> 1
            if table[middle] > wanted or table[middle] == total:
                high = middle
            else:
                low = middle + 1
        out[d] = low


def kernel(logits, temperatures, tables, key, first, out):
    rows, draws = out.shape[1:]
    u = np.empty((rows, draws))
    uniforms(key, first, u.reshape(rows * draws))
    for t in range(temperatures.size):
        for r in range(rows):
            _search(tables[r, t], u[r], out[t, r])


SAMPLER = Sampler(
    kernel=kernel,
    prepare=prepare,
    table_size=lambda categories: categories,
    formula="min { c : Σ_{i ≤ c} exp θ_i/τ > u Σ_i exp θ_i/τ }",
    resolution=53,
    papers=("devroye1986",),
    aliases=("multinomial", "cdf"),
)
