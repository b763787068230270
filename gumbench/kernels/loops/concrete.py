"""The compiled loop that draws from the Concrete distribution, a row of out for each draw."""

import numpy as np
from numba import prange, types

from gumbench.kernels.blocks import simplex
from gumbench.kernels.compiler import elementary, maxima
from gumbench.kernels.compiler.arrays import empty
from gumbench.kernels.compiler.jit import driver, helper, renamed
from gumbench.kernels.compiler.roles import REALS
from gumbench.kernels.random import noise

BLOCK = 64
# Of more categories a block of draws leaves the cache, and they are made one by one.
MOST_IN_BLOCK = 256
# Sums have so many parts on every machine, so that their bits depend on none.
PARTS = 64


@helper
def _block(fill, logits, temperature, key, first, out):
    """Up to BLOCK draws at once, the categories of each far apart until they are put into out."""
    gumbels = empty((1, logits.shape[1], BLOCK), out.dtype)
    fill(np.array(noise.GUMBEL_REQUEST), key, first, 0, gumbels[0])
    simplex.relax(logits, gumbels, temperature, gumbels)
    for d in range(out.shape[0]):
        for c in range(out.shape[1]):
            out[d, c] = gumbels[0, c, d]


@helper
def _total(row):
    parts = empty((PARTS,), row.dtype)
    parts[:] = row.dtype.type(0.0)
    whole = row.size // PARTS * PARTS
    for start in range(0, whole, PARTS):
        for i in range(PARTS):
            parts[i] += row[start + i]
    total = row.dtype.type(0.0)
    for i in range(PARTS):
        total += parts[i]
    for c in range(whole, row.size):
        total += row[c]
    return total


@helper
def _row(logits, temperature, key, number, out):
    """One draw, made where it stays."""
    largest = empty((maxima.LARGEST_OF,), out.dtype)
    zero, one = out.dtype.type(0.0), out.dtype.type(1.0)
    noise.gumbel_row(key, number, 0, zero, one, out)
    for c in range(out.size):
        out[c] += logits[c]
    top, inverse = maxima.largest_of_row(out, largest), one / temperature
    for c in range(out.size):
        out[c] = (out[c] - top) * inverse
    elementary.exps_nonpositive((out,), (out,))
    share = one / _total(out)
    for c in range(out.size):
        out[c] *= share


def _signature(dtype):
    real, words = REALS[dtype], types.Array(types.uint32, 1, "C")
    fill, rows = types.FunctionType(noise.fill_signature(dtype)), types.Array(real, 2, "C")
    return types.void(fill, rows, real, words, types.int64, rows)


@driver(_signature)
def draw(fill, logits, temperature, key, first, out):
    """softmax((θ + G)/τ) of draws first, first + 1, ...: out (draws, categories).

    logits (1, categories)
    """
    draws, categories = out.shape
    together = BLOCK if categories <= MOST_IN_BLOCK else 1
    for task in prange((draws + together - 1) // together):
        d = task * together
        if together > 1:
            _block(fill, logits, temperature, key, first + d, out[d : d + together])
        else:
            _row(logits[0], temperature, key, first + d, out[d])


draw_alone = driver(_signature, parallel=False)(renamed(draw.__wrapped__, "draw_alone"))


def draw_into(logits, temperature, key, first, out):
    """`draw` by as many threads as it is worth."""
    dtype = str(out.dtype)
    rows = draw if out.size > noise.FEW_NUMBERS else draw_alone
    rows(dtype)(noise.fill_array(dtype), logits, temperature, key, first, out)
