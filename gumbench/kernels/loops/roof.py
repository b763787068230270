"""What the machine can do at most: random words, logarithms, exponentials, reads and writes.

Words, logarithms and exponentials stay in the L1 cache; reads and writes go through an array that
should be larger than every cache.
"""

import numpy as np
from numba import prange, types

from gumbench.kernels.compiler import elementary, maxima
from gumbench.kernels.compiler.arrays import empty
from gumbench.kernels.compiler.jit import driver
from gumbench.kernels.compiler.roles import REALS
from gumbench.kernels.random import noise, philox

# Items of a task and those of them that lie in the cache.
TASK, CACHED = 1 << 16, 1 << 12
WORDS, LOG, EXP, READ, WRITE = range(5)


def _signature(dtype):
    words = types.Array(types.uint32, 1, "C")
    return types.void(types.int64, words, types.int64, types.Array(REALS[dtype], 1, "C"))


@driver(_signature)
def work(kind, key, tasks, out):
    """So many tasks of a kind; out: what is read or written, at least TASK items a task."""
    for task in prange(tasks):
        part = out[task * TASK : task * TASK + TASK]
        words = empty((4, CACHED // 4), np.uint32)
        x = empty((CACHED,), out.dtype)
        x[:] = out.dtype.type(-0.5) if kind == EXP else out.dtype.type(0.5)
        if kind == READ:
            x[0] = maxima.largest_of_row(part, x)
        elif kind == WRITE:
            part[:] = x[0]
        for begin in range(0, TASK if kind < READ else 0, CACHED):
            if kind == WORDS:
                noise.row_words(words, begin, key, task, philox.NOISE)
            elif kind == LOG:
                elementary.negative_logs((x,), (x,))
                x[:] = out.dtype.type(0.5)
            else:
                elementary.exps_nonpositive((x,), (x,))
                x[:] = out.dtype.type(-0.5)
        if kind != WRITE:
            part[0] = out.dtype.type(words[0, 0]) if kind == WORDS else x[0]


def _words_signature(dtype):
    words = types.Array(types.uint32, 1, "C")
    return types.void(words, words)


@driver(_words_signature)
def words(key, out):
    """Random words into out, a multiple of TASK of them, where they stay."""
    for task in prange(out.size // TASK):
        part = out[task * TASK : task * TASK + TASK]
        for begin in range(0, TASK, CACHED):
            planes = part[begin : begin + CACHED].reshape(4, CACHED // 4)
            noise.row_words(planes, begin, key, task, philox.NOISE)
