"""The compiled loop that draws category indices with any sampler.

Word `element` of number `index` belongs to draw number `index`: row × draws + draw. A sampler's
functions:

prepare(logits, temperature, table, scratch) : fills a flat float64 table with what depends on a row
    of logits alone; scratch: float64 numbers of any value
kernel(logits, temperatures, tables, key, first, out) : draws numbers first, first + 1, ... of rows
    of logits (rows, categories) into out (temperatures, rows, draws) int64; tables (rows,
    temperatures, n)
"""

import numpy as np
from numba import prange, types, uint64
from numba.extending import overload

from gumbench.kernels.compiler import jit
from gumbench.kernels.compiler.arrays import empty
from gumbench.kernels.compiler.jit import helper, inlined
from gumbench.kernels.compiler.roles import REALS, function_type
from gumbench.kernels.random import noise, philox
from gumbench.limits import LARGEST

CHUNK_DRAWS = 4096
TASK_ITEMS = 1 << 14
WORDS = 256
TABLE_ITEMS = 1 << 24


@helper
def bits(key, first, out):
    """64 random bits for each of some draws: out (draws,) uint64."""
    words = empty((4, WORDS), np.uint32)
    high, low = words[0], words[1]
    for begin in range(0, out.size, WORDS):
        place = first + begin, 0, 0, philox.UNIFORM
        noise.fill_words(words, 0, (key[0], key[1]), *place)
        part = out[begin : begin + WORDS]
        for d in range(part.size):
            part[d] = uint64(high[d]) << uint64(32) | uint64(low[d])


@helper
def uniforms(key, first, out):
    """One uniform of 53 bits in [0, 1) for each of some draws: out (draws,) float64."""
    words = out.view(np.uint64)
    bits(key, first, words)
    for d in range(out.size):
        out[d] = np.float64(np.int64(words[d] >> uint64(11))) * 2.0**-53


@helper
def by_category(logits, begin, draws, given):
    """The logits of draws begin, begin + 1, ...: given (categories, draws)."""
    categories, flat = np.uint64(logits.shape[1]), logits.reshape(logits.size)
    if draws == 1:
        # Category by category, for such loads are vectors: a third off the time of ten categories.
        for c in range(given.shape[0]):
            for b in range(given.shape[1]):
                given[c, b] = flat[np.uint64(begin + b) * categories + np.uint64(c)]
        return
    for b in range(given.shape[1]):
        row = logits[(begin + b) // draws]
        for c in range(given.shape[0]):
            given[c, b] = row[c]


def _nothing(logits, temperature, table, scratch):
    pass


@helper
def _prepare_rows(prepare, logits, temperatures, scratch_size, tables):
    if tables.shape[2] == 0:
        return
    scratch = empty((scratch_size,), np.float64)
    for r in range(logits.shape[0]):
        for t in range(temperatures.size):
            prepare(logits[r], temperatures[t], tables[r, t], scratch)


def _patterns(logits):
    """Floats as integers; the bits of a size, of the largest one allowed, and of -inf."""


@overload(_patterns, inline="always")
def _typed_patterns(logits):
    whole = np.int32 if logits.dtype == types.float32 else np.int64
    real = np.float32 if whole is np.int32 else np.float64
    most, masked = (real(x).view(whole) for x in (LARGEST, -np.inf))
    return lambda logits: (logits.view(whole), whole(np.iinfo(whole).max), most, masked)


@inlined
def _wrong_and_open(logits):
    """How many numbers (n,) are no logits, and how many are above -inf, by their bits."""
    bits, size, most, masked = _patterns(logits)
    wrong, open_ = bits.dtype.type(0), bits.dtype.type(0)
    for c in range(bits.size):
        is_open = bits[c] != masked
        wrong += bits.dtype.type(is_open and (bits[c] & size) > most)
        open_ += bits.dtype.type(is_open)
    return wrong, open_


@helper
def first_wrong(logits):
    """The number of the first of logits (rows, categories) that is wrong, or -1.

    Wrong are NaN, +inf, what is larger than limits.LARGEST in size, and the first of a row of
    which all are -inf. Counted over all rows first: short rows are too many to look at each.
    """
    rows, categories = logits.shape
    wrong, open_ = _wrong_and_open(logits.reshape(rows * categories))
    if wrong == 0 and open_ == logits.size:
        return -1
    for r in range(rows):
        wrong, open_ = _wrong_and_open(logits[r])
        if open_ == 0:
            return r * categories
        for c in range(categories if wrong else 0):
            if _wrong_and_open(logits[r, c : c + 1])[0]:
                return r * categories + c
    return -1


def _draw_signature(dtype):
    real = REALS[dtype]
    functions = [function_type(role, dtype) for role in ("sampler_prepare", "sampler_kernel")]
    arrays = [
        types.Array(real, 2, "C"),
        types.Array(real, 1, "C"),
        types.Array(types.float64, 3, "C"),
    ]
    size = types.int64
    words, out = types.Array(types.uint32, 1, "C"), types.Array(types.int64, 3, "C")
    sizes = [size] * 4
    return types.void(*functions, *arrays, words, *sizes, types.int64[::1], out)


@jit.driver(_draw_signature)
def draw(
    prepare, kernel, logits, temperatures, tables, key, first, draws, together, scratch, wrong, out
):
    """Draws (temperatures, rows, draws) int64 of logits (rows, categories).

    tables: (rows, temperatures, n), no rows where draws are at most CHUNK_DRAWS. first: number of
    the first draw. together: rows of a task (1 where there are tables). scratch: numbers that
    preparing needs. wrong: (pieces of rows,) `first_wrong` of each, of which nothing is drawn then.
    """
    rows, count, shared = logits.shape[0], temperatures.size, tables.shape[0] > 0
    # Each piece is looked at where it is read: a pass of its own would take as long as the draws.
    if shared:
        for r in prange(rows):
            wrong[r] = first_wrong(logits[r : r + 1])
            if wrong[r] < 0:
                _prepare_rows(prepare, logits[r : r + 1], temperatures, scratch, tables[r : r + 1])
    chunks = (draws + CHUNK_DRAWS - 1) // CHUNK_DRAWS
    for task in prange((rows + together - 1) // together * chunks):
        piece, begin = task // chunks, task % chunks * CHUNK_DRAWS
        row = piece * together
        row_logits, length = logits[row : row + together], min(CHUNK_DRAWS, draws - begin)
        if not shared:
            wrong[piece] = first_wrong(row_logits)
        if wrong[piece] < 0:
            rows_here, number = row_logits.shape[0], row * draws + begin
            if count == 1:
                flat = out.reshape(rows * draws)[number : number + rows_here * length]
                drawn = flat.reshape(1, rows_here, length)
            else:
                drawn = np.empty((count, rows_here, length), np.int64)
            if shared:
                row_tables = tables[row : row + 1]
            else:
                row_tables = np.empty((rows_here, count, tables.shape[2]), np.float64)
                _prepare_rows(prepare, row_logits, temperatures, scratch, row_tables)
            kernel(row_logits, temperatures, row_tables, key, first + number, drawn)
            for t in range(count if count > 1 else 0):
                for r in range(rows_here):
                    target, source = out[t, row + r], drawn[t, r]
                    for d in range(length):
                        target[begin + d] = source[d]


def tasks(sampler, dtype):
    """What is compiled for a sampler, as jit.Tasks."""
    yield jit.Task(jit.compiled, ("sampler_prepare", sampler.prepare or _nothing, dtype))
    yield jit.Task(jit.compiled, ("sampler_kernel", sampler.kernel, dtype))


draw_alone = jit.driver(_draw_signature, parallel=False)(
    jit.renamed(draw.__wrapped__, "draw_alone")
)


class WrongLogitError(ValueError):
    """A logit that is none, or the first of a row that is masked; place : (row, category)."""

    def __init__(self, place):
        super().__init__(f"logits{list(place)}")
        self.place = place


def draw_rows(sampler, logits, temperatures, key, first, out):
    """Draws of a Sampler into out (temperatures, rows, draws) int64, in any number of threads.

    logits (rows, categories) and temperatures of one float type; key (2,) uint32; first: number of
    the first draw. Raises WrongLogitError.
    """
    dtype = str(logits.dtype)
    functions = [task.run() for task in tasks(sampler, dtype)]
    categories, (count, _, draws) = logits.shape[1], out.shape
    size, shared = sampler.table_size(categories), draws > CHUNK_DRAWS
    scratch = sampler.scratch_size(categories)
    together = 1 if shared else max(1, min(CHUNK_DRAWS // draws, TASK_ITEMS // categories))
    at_once = max(1, TABLE_ITEMS // max(1, size * count)) if shared else logits.shape[0]
    for row in range(0, logits.shape[0], at_once):
        chunk = logits[row : row + at_once]
        tables = np.empty((len(chunk) if shared else 0, count, size))
        part = out if len(chunk) == len(logits) else np.empty((count, len(chunk), draws), np.int64)
        wrong, number = np.full(-(-len(chunk) // together), -1), first + row * draws
        # A few numbers are not worth waking other threads.
        driver = draw if shared or wrong.size > 1 else draw_alone
        given = chunk, temperatures, tables, key, number, draws, together, scratch, wrong, part
        driver(dtype)(*functions, *given)
        if (bad := np.flatnonzero(wrong >= 0)).size:
            piece = bad[0]
            place = (row + piece * together) * categories + wrong[piece]
            raise WrongLogitError(tuple(map(int, divmod(place, categories))))
        if part is not out:
            out[:, row : row + at_once] = part
