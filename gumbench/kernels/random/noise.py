"""Fill arrays with noise. Rows are elements, the last axis is consecutive estimates."""

import numpy as np
from numba import prange, types, uint32, uint64
from numba.extending import overload

from gumbench.kernels.compiler import elementary
from gumbench.kernels.compiler.arrays import empty
from gumbench.kernels.compiler.jit import driver, helper, inlined, renamed
from gumbench.kernels.compiler.roles import REALS
from gumbench.kernels.random import philox as philox_words
from gumbench.kernels.random import variates
from gumbench.kernels.random.philox import (
    CONDITIONAL,
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
# Elements of a row that one thread makes; up to so many numbers, one thread makes them all.
ROW_PIECE, FEW_NUMBERS = 1 << 16, 1 << 14
# Rows of up to so many elements are made so many at once.
SHORT_ROW, ROWS_TOGETHER = 256, 128
# Floats made at once, each where its word is: they lie in the L1 cache.
FILLED = 8192
GUMBEL_REQUEST = GUMBEL, 0, NOISE, LOW_BITS
PURPOSES = {
    "gumbel": NOISE,
    "exponential": NOISE,
    "normal": philox_words.NORMAL,
    "uniform": philox_words.UNIFORM,
}
KINDS = {"gumbel": GUMBEL, "exponential": EXPONENTIAL, "normal": NORMAL, "uniform": UNIFORM}


@inlined
def _put(words, row, place, four):
    # Unsigned, for Numba checks signed indices for the sign.
    r, b = uint64(row), uint64(place)
    words[r, b], words[r + uint64(1), b] = four[0], four[1]
    words[r + uint64(2), b], words[r + uint64(3), b] = four[2], four[3]


@inlined
def fill_words(words, element, key, estimate, batch, draw, purpose):
    """32-bit words of elements from `element` on: words (elements, block), in fours."""
    begin, block, first = 0, words.shape[1], element >> 2
    while begin < block:
        c1, c2, c3 = counter(uint64(estimate + begin), batch, draw, purpose)
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
    variates.uniforms((words.reshape(words.size),), (out.reshape(out.size),))


@inlined
def _normals(words, out):
    """Pairs of rows of words into rows of normals."""
    for row in range(0, out.shape[0], 2):
        variates.normals((words[row], words[row + 1]), (out[row], out[row + 1]))


@inlined
def _transform(kind, words, out):
    if kind == GUMBEL:
        _gumbels(words, out)
    elif kind == EXPONENTIAL:
        _exponentials(words, out)
    elif kind == NORMAL:
        _normals(words, out)
    else:
        _uniforms(words, out)


@inlined
def _join(high, low, words):
    for i in range(words.shape[0]):
        for b in range(words.shape[1]):
            words[i, b] = uint64(high[i, b]) << uint64(32) | uint64(low[i, b])


def _words(out):
    """The memory of floats as words as wide: a float is made where its word is."""


def _halves(out, rows):
    """Room for halves (2, rows, block) of words that are wider than Philox's."""


def _fill_words(words, halves, element, key, estimate, batch, draw, purpose, low_purpose):
    """Words (elements, block) of elements from `element` on."""


@overload(_words, inline="always")
def _typed_words(out):
    if out.dtype == types.float32:
        return lambda out: out.view(np.uint32)
    return lambda out: out.view(np.uint64)


@overload(_halves, inline="always")
def _typed_halves(out, rows):
    if out.dtype == types.float32:
        return lambda out, rows: None
    return lambda out, rows: empty((2, rows, out.shape[1]), np.uint32)


@overload(_fill_words, inline="always")
def _typed_fill(words, halves, element, key, estimate, batch, draw, purpose, low_purpose):
    def short(words, halves, element, key, estimate, batch, draw, purpose, low_purpose):
        fill_words(words, element, key, estimate, batch, draw, purpose)

    def long(words, halves, element, key, estimate, batch, draw, purpose, low_purpose):
        high, low = halves[0, : words.shape[0]], halves[1, : words.shape[0]]
        fill_words(high, element, key, estimate, batch, draw, purpose)
        fill_words(low, element, key, estimate, batch, draw, low_purpose)
        _join(high, low, words)

    return short if words.dtype == types.uint32 else long


@inlined
def fill(kind, key, estimate, batch, draw, purpose, low_purpose, out):
    """Noise of consecutive estimates.

    kind: GUMBEL, NORMAL, UNIFORM or EXPONENTIAL. key: two 32-bit words. estimate: the first one's
    number. low_purpose: where the low halves of 64-bit words come from. out: (elements, block),
    float32 (32-bit words) or float64 (64-bit words), overwritten.
    """
    elements, block = out.shape
    rows, whole = max(4, FILLED // block // 4 * 4), elements // 4 * 4
    halves = _halves(out, min(rows, max(4, whole)))
    for element in range(0, whole, rows):
        rows_out = out[element : min(element + rows, whole)]
        words = _words(rows_out)
        _fill_words(words, halves, element, key, estimate, batch, draw, purpose, low_purpose)
        _transform(kind, words, rows_out)
    if whole < elements:
        last = empty((4, block), out.dtype)
        words = _words(last)
        _fill_words(words, halves, whole, key, estimate, batch, draw, purpose, low_purpose)
        _transform(kind, words, last)
        for e in range(elements - whole):
            for b in range(block):
                out[whole + e, b] = last[e, b]


def fill_signature(dtype):
    """The Numba signature of `fill_array`."""
    words, numbers = types.Array(types.uint32, 1, "C"), types.Array(types.int64, 1, "C")
    out = types.Array(REALS[dtype], 2, "C")
    return types.void(numbers, words, types.int64, types.int64, out)


@driver(fill_signature, parallel=False)
def fill_array(request, key, estimate, batch, out):
    """`fill` of the kind in a request (4,) as in records.Inputs."""
    kind, draw, purpose, low_purpose = request
    fill(kind, (key[0], key[1]), estimate, batch, draw, purpose, low_purpose, out)


def request(kind, purpose, draw=0):
    """The row (4,) of `records.Inputs.requests` for one array of noise of a kind, by name."""
    return np.array([KINDS[kind], draw, purpose, low_bits(purpose)], np.int64)


def purpose_of(noise, purpose=None):
    """The purpose of a types.Noise, or one that takes the place of all."""
    if purpose is not None:
        return purpose
    return CONDITIONAL if noise.purpose == "conditional" else PURPOSES[noise.kind]


def constants(kind, size, instance, draw=0):
    """Random constants of a problem: (size,) float64, the same on every machine.

    kind: "uniform", "normal" or "gumbel". instance: the problem's setting of that name. draw:
    tells several arrays of one problem apart.
    """
    out = np.empty((size, 1))
    wanted = request(kind, INSTANCE, draw)
    fill_array("float64")(wanted, np.array(key(instance), np.uint32), 0, 0, out)
    return out[:, 0]


@inlined
def row_words(words, element, key, estimate, purpose):
    """Words of an estimate by planes: words[i, g] is that of element + 4g + i."""
    first, whole = element >> 2, words.shape[1] // LANES * LANES
    c = counter(uint64(estimate), 0, 0, purpose)
    for g in range(0, whole, LANES):
        elements_in_step((uint32(first + g), *c), (key[0], key[1]), words, 0, g)
    for g in range(whole, words.shape[1]):
        _put(words, 0, g, philox((uint32(first + g), *c), (key[0], key[1])))


def _fill_row(words, halves, element, key, estimate):
    """Words of one estimate by planes."""


@overload(_fill_row, inline="always")
def _typed_fill_row(words, halves, element, key, estimate):
    def short(words, halves, element, key, estimate):
        row_words(words, element, key, estimate, NOISE)

    def long(words, halves, element, key, estimate):
        row_words(halves[0], element, key, estimate, NOISE)
        row_words(halves[1], element, key, estimate, LOW_BITS)
        _join(halves[0], halves[1], words)

    return short if words.dtype == types.uint32 else long


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
def gumbel_row(key, estimate, first, loc, scale, out):
    """Elements first, first + 1, ... of one estimate; first is a multiple of 4."""
    planes = empty((4, min(ROW_COLUMNS, (out.size + 3) // 4)), out.dtype)
    words, halves = _words(planes), _halves(planes, 4)
    for element in range(0, out.size, planes.size):
        _fill_row(words, halves, first + element, key, estimate)
        _gumbels(words, planes)
        _interleave(planes, loc, scale, out[element : element + planes.size])


@helper
def _gumbel_block(fill, key, estimate, loc, scale, out):
    elements = empty((out.shape[1], out.shape[0]), out.dtype)
    fill(np.array(GUMBEL_REQUEST), key, estimate, 0, elements)
    for row in range(out.shape[0]):
        for c in range(out.shape[1]):
            out[row, c] = loc + scale * elements[c, row]


@helper
def exponential_row(key, estimate, first, out):
    """Exponentials of elements first, first + 1, ... of one estimate; first is a multiple of 4."""
    planes = empty((4, min(ROW_COLUMNS, (out.size + 3) // 4)), out.dtype)
    words, halves = _words(planes), _halves(planes, 4)
    zero, one = out.dtype.type(0.0), out.dtype.type(1.0)
    for element in range(0, out.size, planes.size):
        _fill_row(words, halves, first + element, key, estimate)
        _exponentials(words, planes)
        _interleave(planes, zero, one, out[element : element + planes.size])


def _rows_signature(dtype):
    real, words = REALS[dtype], types.Array(types.uint32, 1, "C")
    fill, out = types.FunctionType(fill_signature(dtype)), types.Array(real, 2, "C")
    return types.void(fill, words, types.int64, real, real, out)


@driver(_rows_signature)
def gumbel_rows(fill, key, first, loc, scale, out):
    """Gumbels of estimates first, first + 1, ... of batch 0: out (estimates, elements).

    fill: `fill_array`, for many short rows at once. A long row is several pieces of work.
    """
    rows, elements = out.shape
    together = ROWS_TOGETHER if elements <= SHORT_ROW else 1
    pieces = (elements + ROW_PIECE - 1) // ROW_PIECE
    for task in prange((rows + together - 1) // together * pieces):
        row, begin = task // pieces * together, task % pieces * ROW_PIECE
        if together > 1:
            _gumbel_block(fill, key, first + row, loc, scale, out[row : row + together])
        else:
            piece = out[row, begin : begin + ROW_PIECE]
            gumbel_row(key, first + row, begin, loc, scale, piece)


gumbel_rows_alone = driver(_rows_signature, parallel=False)(
    renamed(gumbel_rows.__wrapped__, "gumbel_rows_alone")
)


def fill_gumbels(key, first, loc, scale, out):
    """`gumbel_rows` by as many threads as it is worth: none is woken for a few numbers."""
    dtype = str(out.dtype)
    rows = gumbel_rows if out.size > FEW_NUMBERS else gumbel_rows_alone
    rows(dtype)(fill_array(dtype), key, first, loc, scale, out)
