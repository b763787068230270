"""Alias table: columns of equal weight, each split between two categories; O(1) a draw."""

import numpy as np

from gumbench.kernels import elementary
from gumbench.kernels.sampling import uniforms
from gumbench.types import Sampler


def prepare(logits, temperature, table):
    categories = logits.size
    share, other = table[:categories], table[categories:]
    likeliest = 0
    for c in range(categories):
        likeliest = c if logits[c] > logits[likeliest] else likeliest
    largest = logits[likeliest]
    inverse = logits.dtype.type(1.0) / temperature
    total = 0.0
    for c in range(categories):
        share[c] = elementary.exp((logits[c] - largest) * inverse)
        total += share[c]
    # Small and large columns are two stacks in one array, from its two ends.
    stack = np.empty(categories, np.int64)
    small, large = 0, categories
    for c in range(categories):
        share[c] *= categories / total
        other[c] = c
        if share[c] < 1.0:
            stack[small] = c
            small += 1
        else:
            large -= 1
            stack[large] = c
    while small > 0 and large < categories:
        small -= 1
        less, more = stack[small], stack[large]
        other[less] = more
        share[more] -= 1.0 - share[less]
        if share[more] < 1.0:
            large += 1
            stack[small] = more
            small += 1
    # What is left is full but for rounding, or empty: a masked category.
    for i in range(small):
        if share[stack[i]] > 0.0:
            share[stack[i]] = 1.0
        else:
            other[stack[i]] = likeliest
    for i in range(large, categories):
        share[stack[i]] = 1.0


def kernel(logits, temperatures, tables, key, first, out):
    categories = logits.size
    u = np.empty(out.shape[1])
    uniforms(key, first, u)
    for t in range(temperatures.size):
        share, other, row = tables[t, :categories], tables[t, categories:], out[t]
        for d in range(u.size):
            place = u[d] * categories
            column = min(np.int64(place), categories - 1)
            # Unsigned, for Numba checks signed indices for the sign; loaded always, for a branch
            # on chance is guessed wrong half the time.
            i = np.uint64(column)
            elsewhere = np.int64(other[i])
            row[d] = column if place - column < share[i] else elsewhere


SAMPLER = Sampler(
    kernel=kernel,
    prepare=prepare,
    table_size=lambda categories: 2 * categories,
    formula="c = ⌊uC⌋; c if uC - c < share_c, else other_c",
    resolution=53,
    paper="Walker 1977; Vose 1991",
    aliases=("vose", "walker"),
)
