"""Inverse distribution function: cumulative sums of exp θ, and a search for u times the total.

The order of categories in a distribution function is free. Here lane j holds categories j,
j + LANES, j + 2 LANES, ... so that the sums of all lanes go on together; they are kept at the end
of each strip of rows, and within a strip made again. Of up to LANES categories, each is a lane, and
vectors go over draws.
"""

import numpy as np

from gumbench.kernels.compiler import elementary, maxima, sums
from gumbench.kernels.compiler.arrays import empty
from gumbench.kernels.compiler.jit import helper
from gumbench.kernels.loops.sampling import by_category, uniforms
from gumbench.types import Sampler

LANES = sums.COLUMNS
STRIP, FEW = sums.ROWS * LANES, sums.FEW_ROWS * LANES
BLOCK = 64


def table_size(categories):
    """Sums of lanes up to each strip, sums over lanes, and the largest logit; none for few."""
    return 0 if categories <= LANES else (-(-categories // STRIP) + 1) * LANES + 1


def prepare(logits, temperature, table, scratch):
    categories, total, weights = logits.size, scratch[:LANES], scratch[LANES:].view(logits.dtype)
    largest = maxima.largest_of_row(logits, weights)
    inverse = logits.dtype.type(1.0) / temperature
    total[:] = 0.0
    for begin in range(0, categories, STRIP):
        length = min(STRIP, categories - begin)
        part, row = logits[begin : begin + length], table[begin // sums.ROWS :]
        for c in range(length):
            weights[c] = (part[c] - largest) * inverse
        # A remainder of a vector is worked item by item, which takes as long as the vector each.
        padded = (length + FEW - 1) // FEW * FEW
        for c in range(length, padded):
            weights[c] = -np.inf
        elementary.exps_nonpositive((weights[:padded],), (weights[:padded],))
        if padded == STRIP:
            sums.add_rows(weights, 0, total)
        for c in range(0, padded if padded < STRIP else 0, FEW):
            sums.add_few_rows(weights, c, total)
        for j in range(LANES):
            row[j] = total[j]
    lanes = table[table.size - LANES - 1 : table.size - 1]
    lanes[:] = total
    for j in range(1, LANES):
        lanes[j] += lanes[j - 1]
    table[table.size - 1] = largest


@helper
def _first_above(numbers, start, step, count, wanted):
    """The least i below count with numbers[start + i step] > wanted, or that equals the last."""
    last = numbers[start + (count - 1) * step]
    low, high = 0, count - 1
    while low < high:
        middle = (low + high) >> 1
        found = numbers[start + middle * step]
        if found > wanted or found == last:
            high = middle
        else:
            low = middle + 1
    return low


@helper
def _search(logits, inverse, table, u, out):
    strips, lanes = table.size // LANES - 1, table.size - LANES - 1
    largest = logits.dtype.type(table[table.size - 1])
    for d in range(out.size):
        wanted = u[d] * table[table.size - 2]
        j = _first_above(table, lanes, 1, LANES, wanted)
        wanted -= table[lanes + j - 1] if j > 0 else 0.0
        strip = _first_above(table, j, LANES, strips, wanted)
        end = table[strip * LANES + j]
        total = table[(strip - 1) * LANES + j] if strip > 0 else 0.0
        c = strip * STRIP + j - LANES
        while total <= wanted and total < end:
            c += LANES
            total += elementary.exp_nonpositive((logits[c] - largest) * inverse)
        out[d] = c


@helper
def _sum_up(given, largest, temperature, weights, totals):
    """Sums of exp(θ/τ) over categories up to each: given, totals (categories, BLOCK)."""
    inverse, total = given.dtype.type(1.0) / temperature, np.zeros(BLOCK)
    for c in range(given.shape[0]):
        for b in range(BLOCK):
            weights[c, b] = (given[c, b] - largest[b]) * inverse
    flat = weights.reshape(weights.size)
    elementary.exps_nonpositive((flat,), (flat,))
    for c in range(given.shape[0]):
        for b in range(BLOCK):
            total[b] += weights[c, b]
            totals[c, b] = total[b]


@helper
def _few_categories(logits, temperatures, u, out):
    """Draws of rows, a block of numbers at once: u (rows × draws,), out (temperatures, of u)."""
    categories, draws, real = logits.shape[1], u.size // logits.shape[0], logits.dtype
    given, weights = empty((categories, BLOCK), real), empty((categories, BLOCK), real)
    totals, largest = empty((categories, BLOCK), np.float64), empty((BLOCK,), real)
    wanted, index = np.empty(BLOCK), np.empty(BLOCK, np.int64)
    given[:] = 0.0
    for begin in range(0, u.size, BLOCK):
        length = min(BLOCK, u.size - begin)
        by_category(logits, begin, draws, given[:, :length])
        largest[:] = given[0]
        for c in range(1, categories):
            for b in range(BLOCK):
                largest[b] = maxima.larger(largest[b], given[c, b])
        for t in range(temperatures.size):
            _sum_up(given, largest, temperatures[t], weights, totals)
            total = totals[categories - 1]
            for b in range(length):
                wanted[b] = u[begin + b] * total[b]
            index[:] = 0
            for c in range(categories):
                up_to = totals[c]
                for b in range(BLOCK):
                    index[b] += np.int64((up_to[b] <= wanted[b]) & (up_to[b] < total[b]))
            for b in range(length):
                out[t, begin + b] = index[b]


def kernel(logits, temperatures, tables, key, first, out):
    rows, draws = out.shape[1:]
    u = empty((rows, draws), np.float64)
    uniforms(key, first, u.reshape(rows * draws))
    if tables.shape[2] == 0:
        flat = out.reshape(temperatures.size, rows * draws)
        _few_categories(logits, temperatures, u.reshape(rows * draws), flat)
        return
    for t in range(temperatures.size):
        inverse = logits.dtype.type(1.0) / temperatures[t]
        for r in range(rows):
            _search(logits[r], inverse, tables[r, t], u[r], out[t, r])


SAMPLER = Sampler(
    kernel=kernel,
    prepare=prepare,
    table_size=table_size,
    scratch_size=lambda categories: LANES + STRIP,
    formula="min { c : Σ_{i ≤ c} exp θ_i/τ > u Σ_i exp θ_i/τ }",
    resolution=53,
    papers=("devroye1986",),
    aliases=("multinomial", "cdf"),
)
