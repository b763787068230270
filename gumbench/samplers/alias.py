"""Alias table: columns of equal weight, each split between two categories; O(1) a draw."""

import numpy as np

from gumbench.kernels.compiler import elementary
from gumbench.kernels.compiler.jit import inlined
from gumbench.kernels.loops.sampling import uniforms
from gumbench.types import Sampler

BLOCK = 1024


def prepare(logits, temperature, table):
    categories = logits.size
    prob, alias = table[:categories], table[categories:]
    likeliest = 0
    for c in range(categories):
        likeliest = c if logits[c] > logits[likeliest] else likeliest
    largest = logits[likeliest]
    inverse = logits.dtype.type(1.0) / temperature
    total = 0.0
    for c in range(categories):
        prob[c] = elementary.exp((logits[c] - largest) * inverse)
        total += prob[c]
    # Small and large columns are two stacks in one array, from its two ends.
    stack = np.empty(categories, np.int64)
    small, large = 0, categories
    for c in range(categories):
        prob[c] *= categories / total
        alias[c] = c
        if prob[c] < 1.0:
            stack[small] = c
            small += 1
        else:
            large -= 1
            stack[large] = c
    while small > 0 and large < categories:
        small -= 1
        less, more = stack[small], stack[large]
        alias[less] = more
        prob[more] -= 1.0 - prob[less]
        if prob[more] < 1.0:
            large += 1
            stack[small] = more
            small += 1
    # What is left is full but for rounding, or empty: a masked category.
    for i in range(small):
        if prob[stack[i]] > 0.0:
            prob[stack[i]] = 1.0
        else:
            alias[stack[i]] = likeliest
    for i in range(large, categories):
        prob[stack[i]] = 1.0


@inlined
def _look_up(u, prob, alias, out):
    """The category of each uniform; loops apart, for a branch on chance is guessed wrong."""
    place = np.empty(u.size)
    column = np.empty(u.size, np.int64)
    stays = np.empty(u.size)
    elsewhere = np.empty(u.size)
    last = prob.size - 1
    for d in range(u.size):
        place[d] = u[d] * prob.size
        column[d] = min(np.int64(place[d]), last)
    for d in range(u.size):
        # Unsigned, for Numba checks signed indices for the sign.
        i = np.uint64(column[d])
        stays[d] = prob[i]
        elsewhere[d] = alias[i]
    for d in range(u.size):
        moved = np.int64(elsewhere[d])
        out[d] = column[d] if place[d] - column[d] < stays[d] else moved


def kernel(logits, temperatures, tables, key, first, out):
    categories, rows, draws = logits.shape[1], out.shape[1], out.shape[2]
    u = np.empty((rows, draws))
    uniforms(key, first, u.reshape(rows * draws))
    for t in range(temperatures.size):
        for r in range(rows):
            prob, alias = tables[r, t, :categories], tables[r, t, categories:]
            for begin in range(0, draws, BLOCK):
                chunk = u[r, begin : begin + BLOCK]
                _look_up(chunk, prob, alias, out[t, r, begin : begin + BLOCK])


SAMPLER = Sampler(
    kernel=kernel,
    prepare=prepare,
    table_size=lambda categories: 2 * categories,
    formula="c = ⌊uC⌋; c if uC - c < prob_c, else alias_c",
    resolution=53,
    papers=("walker1977", "vose1991"),
    aliases=("vose", "walker"),
)
