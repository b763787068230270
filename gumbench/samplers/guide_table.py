"""Guide table: a search in the distribution function that starts where the last bits are missing.

Of as many equal parts of [0, 1) as there are categories, each knows the first category that a
uniform in it can give, and from there it is less than one step on average.
"""

import numpy as np

from gumbench.kernels.compiler import elementary, maxima
from gumbench.kernels.compiler.arrays import empty
from gumbench.kernels.compiler.jit import helper
from gumbench.kernels.loops.sampling import uniforms
from gumbench.types import Sampler

BLOCK = 256
STEPS_TOGETHER = 2
# Less than the start of a part by more than its rounding.
BELOW = 1 - 2.0**-50


def prepare(logits, temperature, table, scratch):
    categories = logits.size
    sums, guide = table[:categories], table[categories:].view(np.int64)
    largest = maxima.largest_of_row(logits, scratch.view(logits.dtype))
    inverse = logits.dtype.type(1.0) / temperature
    total = 0.0
    for c in range(categories):
        total += elementary.exp_nonpositive((logits[c] - largest) * inverse)
        sums[c] = total
    c = 0
    for part in range(categories):
        while sums[c] <= part * (total * BELOW / categories):
            c += 1
        guide[part] = c


@helper
def _search(sums, guide, u, out):
    """The least category whose sum exceeds u times the total, rounding apart."""
    total = sums[sums.size - 1]
    for d in range(u.size):
        out[d] = guide[np.uint64(np.int64(u[d] * guide.size))]
        u[d] *= total
    # Most are found after a step or two; all of a block take those, for they are vectors.
    for _ in range(STEPS_TOGETHER):
        for d in range(u.size):
            found = sums[np.uint64(out[d])]
            out[d] += np.int64((found <= u[d]) & (found < total))
    for d in range(u.size):
        while sums[out[d]] <= u[d] and sums[out[d]] < total:
            out[d] += 1


def kernel(logits, temperatures, tables, key, first, out):
    rows, draws = out.shape[1:]
    categories = logits.shape[1]
    u, wanted = empty((BLOCK,), np.float64), empty((BLOCK,), np.float64)
    for r in range(rows):
        for begin in range(0, draws, BLOCK):
            length = min(BLOCK, draws - begin)
            uniforms(key, first + r * draws + begin, u[:length])
            for t in range(temperatures.size):
                sums, guide = tables[r, t, :categories], tables[r, t, categories:]
                wanted[:] = u
                drawn = out[t, r, begin : begin + length]
                _search(sums, guide.view(np.int64), wanted[:length], drawn)


SAMPLER = Sampler(
    kernel=kernel,
    prepare=prepare,
    table_size=lambda categories: 2 * categories,
    scratch_size=lambda categories: maxima.LARGEST_OF,
    formula="c = guide_⌊uC⌋; c + 1 while Σ_{i ≤ c} exp θ_i/τ ≤ u Σ_i exp θ_i/τ",
    resolution=53,
    papers=("chen1974", "devroye1986"),
    aliases=("indexed-search",),
)
