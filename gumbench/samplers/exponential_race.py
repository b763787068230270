"""Exponential race: category c arrives after E_c / w_c, and the first to arrive is drawn.

The Gumbel-max trick without its logarithm of E, for weights that are known: exp θ is taken once a
row. With the exponentials of gumbel-max it draws the same categories, rounding apart.
"""

import numpy as np

from gumbench.kernels.compiler import elementary, maxima
from gumbench.kernels.compiler.arrays import empty
from gumbench.kernels.random import noise
from gumbench.types import Sampler

CHUNK = 2048


def prepare(logits, temperature, table, scratch):
    """Minus the mean time of each category, -1/w; -inf for those that never arrive."""
    largest = maxima.largest_of_row(logits, scratch.view(logits.dtype))
    inverse = 1.0 / np.float64(temperature)
    for c in range(logits.size):
        table[c] = (np.float64(logits[c]) - largest) * inverse
    elementary.exps_nonpositive((table,), (table,))
    for c in range(logits.size):
        table[c] = -1.0 / table[c] if table[c] > 0.0 else -np.inf


def kernel(logits, temperatures, tables, key, first, out):
    categories, draws = logits.shape[1], out.shape[2]
    best, top = np.empty(temperatures.size), empty((maxima.LARGEST_OF,), np.float64)
    exponentials, times = empty((CHUNK,), np.float64), empty((CHUNK,), np.float64)
    for number in range(out.shape[1] * draws):
        r, d = number // draws, number % draws
        best[:] = -np.inf
        for begin in range(0, categories, CHUNK):
            length = min(CHUNK, categories - begin)
            noise.exponential_row(key, first + number, begin, exponentials[:length])
            for t in range(temperatures.size):
                slowness, drawn = tables[r, t, begin : begin + length], out[t, r]
                for c in range(length):
                    times[c] = exponentials[c] * slowness[c]
                soonest = maxima.largest_of_row(times[:length], top)
                if soonest > best[t]:
                    c = 0
                    while times[c] != soonest:
                        c += 1
                    best[t], drawn[d] = soonest, begin + c


SAMPLER = Sampler(
    kernel=kernel,
    prepare=prepare,
    table_size=lambda categories: categories,
    scratch_size=lambda categories: maxima.LARGEST_OF,
    formula="argmin_c -log(1 - u_c) / exp(θ_c/τ)",
    resolution=64,
    makes_noise=True,
    papers=("yellott1977",),
    aliases=("race",),
)
