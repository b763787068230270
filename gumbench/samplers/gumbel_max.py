"""argmax(θ + G) with 64 bits, filtered: logarithms only for categories that can still win.

Of few categories all Gumbels are formed, for many draws at once. Of many, an upper bound of the
scores of every four comes from the bits of their smallest word and from their largest logit. Chunks
of words stay in the L1 cache; a chunk, a group in it, four categories and one are looked at only
if their bound exceeds the best score so far, which happens about log C times.
"""

import numpy as np
from numba import uint64

from gumbench.kernels.compiler import elementary, maxima
from gumbench.kernels.compiler.arrays import empty
from gumbench.kernels.compiler.jit import helper, inlined
from gumbench.kernels.compiler.maxima import EACH, FOURS, LARGEST_OF
from gumbench.kernels.loops.sampling import by_category
from gumbench.kernels.random import noise, philox, variates
from gumbench.kernels.random.noise import row_words
from gumbench.types import Sampler

UNFILTERED_CATEGORIES = 160
BLOCK = 64
CHUNK = 2048
GROUPS = LARGEST_OF
# More than the rounding of a bound, relative to the largest terms of a score that can win.
SLACK = 2.0**-20
LARGEST_GUMBEL = 128.0


@inlined
def _largest(logits, first, out):
    """out[g] = the largest of the four logits from first + 4g."""
    size = min(4 * out.size, logits.size - first)
    whole = size // (4 * FOURS) * (4 * FOURS)
    for c in range(0, whole, 4 * FOURS):
        maxima.largest_of_fours(logits, first + c, out, c // 4)
    for g in range(whole // 4, out.size):
        out[g] = np.float32(-np.inf)
    for c in range(whole, size):
        out[c // 4] = max(out[c // 4], np.float32(logits[first + c]))


@inlined
def _bounds(largest, inverse, words, out, top):
    """Upper bounds of the scores of each four; top[j] is the largest of those j, j + GROUPS, ..."""
    for four in range(out.size):
        # Unsigned, for Numba checks signed indices for the sign.
        g = uint64(four)
        left = words[0, g] if words[0, g] < words[1, g] else words[1, g]
        right = words[2, g] if words[2, g] < words[3, g] else words[3, g]
        word = left if left < right else right
        out[g] = largest[g] * inverse + variates.gumbel_bound(word)
    for j in range(GROUPS):
        top[j] = np.float32(-np.inf)
    for start in range(0, out.size, EACH * GROUPS):
        maxima.keep_largest(out, start, top)


@helper
def _gumbel(word, key, index, category):
    """The exact noise: the word and 32 more bits make a float64 Gumbel."""
    c1, c2, c3 = philox.counter(uint64(index), 0, 0, philox.LOW_BITS)
    low = philox.philox((np.uint32(category >> 2), c1, c2, c3), (key[0], key[1]))[category & 3]
    bits = uint64(word) << uint64(32) | uint64(low)
    return -elementary.log(variates.exponential(bits))


@inlined
def _limit(best):
    """What a bound has to exceed."""
    return best - SLACK * (abs(best) + LARGEST_GUMBEL)


@helper
def _compete(four, words, logits, inverse, key, index, first, best, category):
    """The best of four categories of a chunk and its score, given the best before them."""
    for i in range(min(4, logits.size - first - 4 * four)):
        c, word = first + 4 * four + i, words[i, four]
        scaled = np.float64(logits[c]) * inverse
        if scaled + variates.gumbel_bound(word) > _limit(best):
            score = scaled + _gumbel(word, key, index, c)
            if score > best or (score == best and c < category):
                best, category = score, c
    return best, category


@helper
def _search(bounds, top, words, logits, inverse, key, index, first, best, category):
    """The best category of a chunk and its score, given the best before it."""
    # The likeliest first: hardly any other has to compete then.
    group = 0
    for j in range(GROUPS):
        group = j if top[j] > top[group] else group
    four = group
    for g in range(group, bounds.size, GROUPS):
        four = g if bounds[g] > bounds[four] else four
    given = words, logits, inverse, key, index, first
    best, category = _compete(four, *given, best, category)
    for j in range(GROUPS):
        if top[j] > _limit(best):
            for g in range(j, bounds.size, GROUPS):
                if bounds[g] > _limit(best):
                    best, category = _compete(g, *given, best, category)
    return best, category


@helper
def _filtered(logits, temperatures, key, first, out):
    """Draws of rows, one by one."""
    categories, draws = logits.shape[1], out.shape[2]
    columns = EACH * GROUPS
    while 4 * columns < min(CHUNK, categories):
        columns *= 2
    words = empty((4, columns), np.uint32)
    largest = empty((columns,), np.float32)
    bounds = empty((columns,), np.float32)
    top = empty((GROUPS,), np.float32)
    best = np.empty(temperatures.size)
    out[:] = 0
    for number in range(out.shape[1] * draws):
        row, r, d = logits[number // draws], number // draws, number % draws
        best[:] = -np.inf
        for category in range(0, categories, CHUNK):
            row_words(words, category, key, first + number, philox.NOISE)
            _largest(row, category, largest)
            for t in range(temperatures.size):
                inverse = 1.0 / np.float64(temperatures[t])
                _bounds(largest, np.float32(inverse), words, bounds, top)
                if maxima.largest(top) > _limit(best[t]):
                    given = bounds, top, words, row, inverse, key, first + number, category
                    best[t], out[t, r, d] = _search(*given, best[t], out[t, r, d])


@helper
def _direct(logits, temperatures, key, first, out):
    """Draws of rows with all Gumbels, a block of numbers at once: out (temperatures, numbers)."""
    categories, total = logits.shape[1], out.shape[1]
    draws, zero = total // logits.shape[0], np.int64(0)
    gumbels = empty((categories, BLOCK), np.float64)
    given = empty((categories, BLOCK), np.float64)
    top, best = np.empty(BLOCK), np.empty(BLOCK, np.int64)
    given[:] = 0.0
    for begin in range(0, total, BLOCK):
        request = (begin + first, 0, 0, philox.NOISE, philox.LOW_BITS)
        noise.fill(noise.GUMBEL, (key[0], key[1]), *request, gumbels)
        length = min(BLOCK, total - begin)
        by_category(logits, begin, draws, given[:, :length])
        for t in range(temperatures.size):
            inverse = 1.0 / np.float64(temperatures[t])
            top[:] = -np.inf
            best[:] = zero
            for c in range(categories):
                category, gumbel, logit = np.int64(c), gumbels[c], given[c]
                for b in range(BLOCK):
                    score = logit[b] * inverse + gumbel[b]
                    # Categories come in order: a better one is the largest so far.
                    best[b] = maxima.larger(best[b], category if score > top[b] else zero)
                    top[b] = maxima.larger(top[b], score)
            for b in range(length):
                out[t, begin + b] = best[b]


def kernel(logits, temperatures, tables, key, first, out):
    if logits.shape[1] <= UNFILTERED_CATEGORIES:
        flat = out.reshape(temperatures.size, out.shape[1] * out.shape[2])
        _direct(logits, temperatures, key, first, flat)
    else:
        _filtered(logits, temperatures, key, first, out)


SAMPLER = Sampler(
    kernel=kernel,
    formula="argmax_c θ_c/τ - log(-log u_c)",
    resolution=64,
    makes_noise=True,
    papers=("gumbel1954", "yellott1977"),
    aliases=("gumbel",),
)
