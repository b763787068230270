"""Alias table: columns of equal weight, each split between two categories; O(1) a draw.

Columns are a power of two, so that the high bits of a word are one's number and the rest decides
within it. A column is one 64-bit word: where it is split above, the other category below.
"""

import numpy as np
from numba import uint64

from gumbench.kernels.compiler import elementary, maxima
from gumbench.kernels.compiler.arrays import empty
from gumbench.kernels.compiler.jit import helper
from gumbench.kernels.loops.sampling import bits
from gumbench.types import Sampler

BLOCK = 512


@helper
def _width(columns):
    """Bits of a column's number."""
    width = 1
    while 1 << width < columns:
        width += 1
    return width


def table_size(categories):
    return max(2, 1 << (categories - 1).bit_length())


def scratch_size(categories):
    return 4 * max(table_size(categories), maxima.LARGEST_OF)


@helper
def _weights(logits, temperature, rounded, out):
    """exp(θ/τ) such that they add up to the columns, 0 for columns without a category."""
    largest = maxima.largest_of_row(logits, rounded)
    inverse, total = logits.dtype.type(1.0) / temperature, 0.0
    for c in range(logits.size):
        rounded[c] = (logits[c] - largest) * inverse
    elementary.exps_nonpositive((rounded[: logits.size],), (rounded[: logits.size],))
    for c in range(logits.size):
        total += rounded[c]
    for c in range(logits.size):
        out[c] = rounded[c] * (out.size / total)
    for c in range(logits.size, out.size):
        out[c] = 0.0


@helper
def _divide(weight, split, other, stack):
    """Split columns of weight 1: a share `split` stays with its category, the rest is another's."""
    # Columns with less than a category's weight and with more are two stacks in one array.
    columns = weight.size
    less, more = 0, columns
    for c in range(columns):
        split[c], other[c] = 1.0, c
        if weight[c] < 1.0:
            stack[less] = c
            less += 1
        else:
            more -= 1
            stack[more] = c
    while less > 0 and more < columns:
        less -= 1
        small, large = stack[less], stack[more]
        split[small], other[small] = weight[small], large
        weight[large] -= 1.0 - weight[small]
        if weight[large] < 1.0:
            more += 1
            stack[less] = large
            less += 1
    return less


def prepare(logits, temperature, table, scratch):
    columns, width = table.size, _width(table.size)
    parts = scratch.reshape(4, scratch.size // 4)
    weight, split = parts[0, :columns], parts[1, :columns]
    other, stack = parts[2].view(np.int64), parts[3].view(np.int64)
    _weights(logits, temperature, parts[1].view(logits.dtype), weight)
    likeliest = weight.argmax()
    # What is left is full but for rounding, or empty: a masked category.
    for i in range(_divide(weight, split, other, stack)):
        if weight[stack[i]] <= 0.0:
            split[stack[i]], other[stack[i]] = 0.0, likeliest
    packed, low = table.view(np.uint64), uint64(64 - width)
    most = (uint64(1) << low) - uint64(1)
    for c in range(columns):
        above = min(uint64(split[c] * 2.0 ** (64 - width)), most) if split[c] < 1.0 else most
        packed[c] = above << uint64(width) | uint64(other[c])


def kernel(logits, temperatures, tables, key, first, out):
    rows, draws = out.shape[1:]
    width = uint64(_width(tables.shape[2]))
    below = (uint64(1) << width) - uint64(1)
    words = empty((BLOCK,), np.uint64)
    for r in range(rows):
        for begin in range(0, draws, BLOCK):
            length = min(BLOCK, draws - begin)
            bits(key, first + r * draws + begin, words[:length])
            for t in range(temperatures.size):
                columns, drawn = tables[r, t].view(np.uint64), out[t, r]
                for d in range(length):
                    column = words[d] >> (uint64(64) - width)
                    entry, rest = columns[column], words[d] << width
                    here = rest < (entry & ~below)
                    drawn[begin + d] = np.int64(column if here else entry & below)


SAMPLER = Sampler(
    kernel=kernel,
    prepare=prepare,
    table_size=table_size,
    scratch_size=scratch_size,
    formula="c = the first k bits of a word; c if the others are below split_c, else other_c",
    resolution=53,
    papers=("walker1977", "vose1991"),
    aliases=("vose", "walker"),
)
