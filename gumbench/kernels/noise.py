"""Fill arrays with noise. Rows are elements, the last axis is consecutive estimates."""

import numpy as np
from numba import prange, types, uint32, uint64
from numba.extending import overload

from gumbench.kernels import elementary, variates
from gumbench.kernels.arrays import empty
from gumbench.kernels.jit import REALS, driver, helper, inlined
from gumbench.kernels.philox import (
    INSTANCE,
    LANES,
    LOW_BITS,
    NOISE,
    counter,
    elements_in_step,
    estimates_in_step,
    key,
    low_bits,
    philox,
)

GUMBEL, NORMAL, UNIFORM, EXPONENTIAL = 0, 1, 2, 3
ROW_COLUMNS = 256
# Rows of up to so many elements are made so many at once.
FEW, TOGETHER = 256, 128
FILLED = 4096
ROWS = GUMBEL, 0, NOISE, LOW_BITS
KINDS = {"gumbel": GUMBEL, "normal": NORMAL, "uniform": UNIFORM}


@inlined
def _put(words, row, place, four):
    # Unsigned, for Numba checks signed indices for the sign.
    r, b = uint64(row), uint64(place)
    words[r, b], words[r + uint64(1), b] = four[0], four[1]
    words[r + uint64(2), b], words[r + uint64(3), b] = four[2], four[3]


@inlined
def fill_words(words, element, key, index, batch, draw, purpose):
    """32-bit words of elements from `element` on: words (elements, block), in fours."""
    begin, block, first = 0, words.shape[1], element >> 2
    while begin < block:
        c1, c2, c3 = counter(uint64(index + begin), batch, draw, purpose)
        # All of these share c2.
        count = min(block - begin, (1 << 32) - np.int64(c1))
        whole = count // LANES * LANES
        for b in range(0, whole, LANES):
            for row in range(0, words.shape[0], 4):
                c = uint32(first + (row >> 2)), uint32(c1 + b), c2, c3
                estimates_in_step(c, key, words, row, begin + b)
        for b in range(whole, count):
            for row in range(0, words.shape[0], 4):
                c = uint32(first + (row >> 2)), uint32(c1 + b), c2, c3
                _put(words, row, begin + b, philox(c, key))
        begin += count


@inlined
def _exponentials(words, out):
    """Words into exponentials."""
    variates.exponentials((words.reshape(words.size),), (out.reshape(out.size),))


@inlined
def _gumbels(words, out):
    """Words into Gumbels, -log of their exponentials."""
    flat = out.reshape(out.size)
    variates.exponentials((words.reshape(words.size),), (flat,))
    elementary.negative_logs((flat,), (flat,))


@inlined
def _uniforms(words, out):
    """Words into uniforms."""
    words, out = words.reshape(words.size), out.reshape(out.size)
    for b in range(out.size):
        out[b] = variates.uniform(words[b])


@inlined
def _normals(words, spare, out):
    """Pairs of rows of words into rows of normals, or one less."""
    for row in range(0, out.shape[0], 2):
        other = out[row + 1] if row + 1 < out.shape[0] else spare
        variates.normals((words[row], words[row + 1]), (out[row], other))


@inlined
def _transform(kind, words, spare, out):
    if kind == GUMBEL:
        _gumbels(words, out)
    elif kind == EXPONENTIAL:
        _exponentials(words, out)
    elif kind == NORMAL:
        _normals(words, spare, out)
    else:
        _uniforms(words, out)


@inlined
def _join(high, low, words):
    for i in range(words.shape[0]):
        for b in range(words.shape[1]):
            words[i, b] = uint64(high[i, b]) << uint64(32) | uint64(low[i, b])


def _buffers(out, rows):
    """Words (rows, block) as wide as the floats of `out`."""


def _fill_buffers(buffers, element, key, index, batch, draw, purpose, low_purpose):
    """Fill them; their last item holds the words."""


@overload(_buffers, inline="always")
def _typed_buffers(out, rows):
    def short(out, rows):
        return (empty((rows, out.shape[1]), np.uint32),)

    def long(out, rows):
        block = out.shape[1]
        return empty((2, rows, block), np.uint32), empty((rows, block), np.uint64)

    return short if out.dtype == types.float32 else long


@overload(_fill_buffers, inline="always")
def _typed_fill(buffers, element, key, index, batch, draw, purpose, low_purpose):
    def short(buffers, element, key, index, batch, draw, purpose, low_purpose):
        fill_words(buffers[0], element, key, index, batch, draw, purpose)

    def long(buffers, element, key, index, batch, draw, purpose, low_purpose):
        halves, words = buffers
        for half in range(2):
            own = low_purpose if half else purpose
            fill_words(halves[half], element, key, index, batch, draw, own)
        _join(halves[0], halves[1], words)

    return short if len(buffers) == 1 else long


@inlined
def fill(kind, key, index, batch, draw, purpose, low_purpose, out):
    """Noise of consecutive estimates.

    kind: GUMBEL, NORMAL, UNIFORM or EXPONENTIAL. key: two 32-bit words. index: the first estimate's
    number. low_purpose: where the low halves of 64-bit words come from. out: (elements, block),
    float32 (32-bit words) or float64 (64-bit words), overwritten.
    """
    elements, block = out.shape
    rows = min(max(4, FILLED // block // 4 * 4), (elements + 3) // 4 * 4)
    buffers = _buffers(out, rows)
    spare = empty((block if kind == NORMAL else 0,), out.dtype)
    for element in range(0, elements, rows):
        _fill_buffers(buffers, element, key, index, batch, draw, purpose, low_purpose)
        _transform(kind, buffers[-1], spare, out[element : element + rows])


def fill_signature(dtype):
    """The Numba signature of `fill_array`."""
    words, numbers = types.Array(types.uint32, 1, "C"), types.Array(types.int64, 1, "C")
    out = types.Array(REALS[dtype], 2, "C")
    return types.void(numbers, words, types.int64, types.int64, out)


@driver(fill_signature, parallel=False)
def fill_array(request, key, index, batch, out):
    """`fill` of the kind in a request (4,) as in driver.Inputs."""
    kind, draw, purpose, low_purpose = request
    fill(kind, (key[0], key[1]), index, batch, draw, purpose, low_purpose, out)


def constants(kind, size, instance, draw=0):
    """Random constants of a problem: (size,) float64, the same on every machine.

    kind: "uniform", "normal" or "gumbel". instance: the problem's setting of that name. draw:
    tells several arrays of one problem apart.
    """
    out = np.empty((size, 1))
    request = np.array([KINDS[kind], draw, INSTANCE, low_bits(INSTANCE)], np.int64)
    fill_array("float64")(request, np.array(key(instance), np.uint32), 0, 0, out)
    return out[:, 0]


@inlined
def row_words(words, element, key, index, purpose):
    """Words of estimate `index` by planes: words[i, g] is that of element + 4g + i."""
    first, whole = element >> 2, words.shape[1] // LANES * LANES
    c = counter(uint64(index), 0, 0, purpose)
    for g in range(0, whole, LANES):
        elements_in_step((uint32(first + g), *c), (key[0], key[1]), words, 0, g)
    for g in range(whole, words.shape[1]):
        _put(words, 0, g, philox((uint32(first + g), *c), (key[0], key[1])))


def _fill_row(buffers, element, key, index):
    """Fill buffers with the words of one estimate; their last item holds the words."""


@overload(_fill_row, inline="always")
def _typed_fill_row(buffers, element, key, index):
    def short(buffers, element, key, index):
        row_words(buffers[0], element, key, index, NOISE)

    def long(buffers, element, key, index):
        halves, words = buffers
        for half in range(2):
            row_words(halves[half], element, key, index, LOW_BITS if half else NOISE)
        _join(halves[0], halves[1], words)

    return short if len(buffers) == 1 else long


@inlined
def _interleave(planes, loc, scale, out):
    """out[4g + i] = loc + scale planes[i, g]."""
    row0, row1, row2, row3 = planes[0], planes[1], planes[2], planes[3]
    whole = out.size // 4
    for g in range(whole):
        # Unsigned, for Numba checks signed indices for the sign, and that does not vectorise.
        c = uint64(4) * uint64(g)
        out[c] = loc + scale * row0[g]
        out[c + uint64(1)] = loc + scale * row1[g]
        out[c + uint64(2)] = loc + scale * row2[g]
        out[c + uint64(3)] = loc + scale * row3[g]
    for c in range(4 * whole, out.size):
        out[c] = loc + scale * planes[c & 3, whole]


@helper
def _gumbel_row(key, index, loc, scale, out):
    planes = empty((4, min(ROW_COLUMNS, (out.size + 3) // 4)), out.dtype)
    buffers = _buffers(planes, 4)
    for element in range(0, out.size, planes.size):
        _fill_row(buffers, element, key, index)
        _gumbels(buffers[-1], planes)
        _interleave(planes, loc, scale, out[element : element + planes.size])


@helper
def _gumbel_block(fill, key, index, loc, scale, out):
    elements = empty((out.shape[1], out.shape[0]), out.dtype)
    fill(np.array(ROWS), key, index, 0, elements)
    for row in range(out.shape[0]):
        for c in range(out.shape[1]):
            out[row, c] = loc + scale * elements[c, row]


def _rows_signature(dtype):
    real, words = REALS[dtype], types.Array(types.uint32, 1, "C")
    fill, out = types.FunctionType(fill_signature(dtype)), types.Array(real, 2, "C")
    return types.void(fill, words, types.int64, real, real, out)


@driver(_rows_signature)
def gumbel_rows(fill, key, first, loc, scale, out):
    """Gumbels of estimates first, first + 1, ... of batch 0: out (estimates, elements).

    fill: `fill_array`, for many short rows at once.
    """
    together = TOGETHER if out.shape[1] <= FEW else 1
    for task in prange((out.shape[0] + together - 1) // together):
        row = task * together
        if together > 1:
            _gumbel_block(fill, key, first + row, loc, scale, out[row : row + together])
        else:
            _gumbel_row(key, first + row, loc, scale, out[row])
