"""The compiled loop that draws category indices with any sampler.

Word `element` of number `index` belongs to draw number `index`: rows × draws + draw. A sampler's
functions work on one row of logits:

prepare(logits, temperature, table) : fills a flat float64 table with what depends on them alone
kernel(logits, temperatures, tables, key, first, out) : draws numbers first, first + 1, ... into
    out (temperatures, draws) int64; tables (temperatures, n)
"""

import functools

import numpy as np
from numba import prange, types, uint32, uint64

from gumbench.kernels import jit, philox
from gumbench.kernels.jit import helper, inlined

CHUNK_DRAWS = 4096
TABLE_ITEMS = 1 << 24


@inlined
def uniforms(key, first, out):
    """One uniform of 53 bits in [0, 1) for each of some draws: out (draws,) float64."""
    k0, k1 = key[0], key[1]
    for d in range(out.size):
        c1, c2, c3 = philox.counter(uint64(first) + uint64(d), 0, 0, philox.UNIFORM)
        w0, w1, _, _ = philox.philox(uint32(0), c1, c2, c3, k0, k1)
        bits = uint64(w0) << uint64(32) | uint64(w1)
        out[d] = np.float64(np.int64(bits >> uint64(11))) * 2.0**-53


def _nothing(logits, temperature, table):
    pass


@helper
def _prepare_row(prepare, logits, temperatures, tables):
    for t in range(temperatures.size):
        prepare(logits, temperatures[t], tables[t])


def _draw(prepare, kernel, logits, temperatures, tables, key, first, draws, chunks, out):
    rows, count = logits.shape[0], temperatures.size
    # One table a row where several threads share its draws, else one a thread.
    if chunks > 1:
        for r in prange(rows):
            _prepare_row(prepare, logits[r], temperatures, tables[r])
    for task in prange(rows * chunks):
        row, begin = task // chunks, task % chunks * CHUNK_DRAWS
        length = min(CHUNK_DRAWS, draws - begin)
        found = np.empty((count, length), np.int64)
        if chunks > 1:
            own = tables[row]
        else:
            own = np.empty((count, tables.shape[2]), np.float64)
            _prepare_row(prepare, logits[row], temperatures, own)
        kernel(logits[row], temperatures, own, key, first + row * draws + begin, found)
        for t in range(count):
            target, source = out[t, row, begin : begin + length], found[t]
            for d in range(length):
                target[d] = source[d]


@functools.cache
def draw(dtype):
    """The parallel driver: out (temperatures, rows, draws) int64 of logits (rows, categories).

    Arguments: prepare, kernel, logits, temperatures, tables (rows, temperatures, n) with no rows
    where `chunks` is 1, key (2,) uint32, number of the first draw, draws, chunks of CHUNK_DRAWS
    draws in a row, out.
    """
    real = jit.REALS[dtype]
    functions = [jit.function_type(role, dtype) for role in ("sampler_prepare", "sampler_kernel")]
    arrays = [
        types.Array(real, 2, "C"),
        types.Array(real, 1, "C"),
        types.Array(types.float64, 3, "C"),
    ]
    size = types.int64
    words, out = types.Array(types.uint32, 1, "C"), types.Array(types.int64, 3, "C")
    signature = types.void(*functions, *arrays, words, size, size, size, out)
    return jit.driver([signature])(_draw)


def draw_rows(sampler, logits, temperatures, key, first, draws):
    """Draws (temperatures, rows, draws) int64 of a Sampler, in any number of threads.

    logits (rows, categories) and temperatures of one float type; key (2,) uint32; first: number of
    the first draw.
    """
    dtype = str(logits.dtype)
    functions = [
        jit.compiled("sampler_prepare", sampler.prepare or _nothing, dtype),
        jit.compiled("sampler_kernel", sampler.kernel, dtype),
    ]
    size, count = sampler.table_size(logits.shape[1]), temperatures.size
    chunks = -(-draws // CHUNK_DRAWS)
    out = np.empty((count, logits.shape[0], draws), np.int64)
    together = max(1, TABLE_ITEMS // max(1, size * count)) if chunks > 1 else logits.shape[0]
    for row in range(0, logits.shape[0], together):
        some = logits[row : row + together]
        tables = np.empty((len(some) if chunks > 1 else 0, count, size))
        part = out if len(some) == len(logits) else np.empty((count, len(some), draws), np.int64)
        number = first + row * draws
        draw(dtype)(*functions, some, temperatures, tables, key, number, draws, chunks, part)
        if part is not out:
            out[:, row : row + together] = part
    return out
