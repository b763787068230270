"""argmax(θ + G), filtered: logarithms only for categories that can still win, with 64 bits.

An upper bound of each score comes from the bits of its word. Chunks of words stay in the first
cache; a chunk, a group in it and a category are looked at only if their bound exceeds the best
score so far, which happens about log C times.
"""

import numpy as np
from numba import uint64

from gumbench.kernels import elementary, philox
from gumbench.kernels.jit import helper, inlined
from gumbench.kernels.sampling import row_words
from gumbench.types import Sampler

CHUNK = 1024
GROUPS = 32
# More than the rounding of a bound, relative to the largest terms of a score that can win.
SLACK = 2.0**-20
LARGEST_GUMBEL = 128.0


@inlined
def _bounds(words, out):
    for i in range(4):
        for g in range(words.shape[1]):
            out[i, g] = elementary.gumbel_bound(words[i, g])  # type: ignore[call-arg]


@inlined
def _planes(logits, first, out):
    """Logits first + 4g + i as out[i, g], -inf beyond the last."""
    whole = min(out.shape[1], (logits.size - first) // 4)
    for g in range(whole):
        for i in range(4):
            out[i, g] = np.float32(logits[first + 4 * g + i])
    for g in range(whole, out.shape[1]):
        for i in range(4):
            category = first + 4 * g + i
            out[i, g] = np.float32(logits[category]) if category < logits.size else -np.inf


@inlined
def _scores(logits, inverse, bounds, out):
    """Upper bounds of the scores, and the largest of each group of columns g, g + groups, ..."""
    for i in range(4):
        for g in range(out.shape[1]):
            out[i, g] = logits[i, g] * inverse + bounds[i, g]


@inlined
def _fold(scores, top):
    """The largest score of each group: those in columns j, j + groups, j + 2 groups, ..."""
    columns, groups = scores.shape[1], top.size
    for j in range(groups):
        top[j] = scores[0, j]
    for i in range(4):
        for first in range(0, columns - groups + 1, groups):
            for j in range(groups):
                score = scores[i, first + j]
                top[j] = score if score > top[j] else top[j]
        for column in range(columns - columns % groups, columns):
            j = column % groups
            score = scores[i, column]
            top[j] = score if score > top[j] else top[j]


@helper
def _score(logit, temperature, word, key, index, category):
    """The exact score: the word and 32 more bits make a float64 Gumbel."""
    c1, c2, c3 = philox.counter(uint64(index), 0, 0, philox.LOW_BITS)
    low = philox.philox(np.uint32(category >> 2), c1, c2, c3, key[0], key[1])[category & 3]
    bits = uint64(word) << uint64(32) | uint64(low)
    return np.float64(logit) / temperature - elementary.log(elementary.exponential(bits))


@helper
def _search(scores, top, words, logits, temperature, key, index, first, best, category):
    """The best category of a chunk and its score, given the best before it."""
    limit = best - SLACK * (abs(best) + LARGEST_GUMBEL)
    for j in range(top.size):
        if top[j] > limit:
            for g in range(j, scores.shape[1], top.size):
                for i in range(4):
                    if scores[i, g] > limit:
                        c = first + 4 * g + i
                        score = _score(logits[c], temperature, words[i, g], key, index, c)
                        if score > best or (score == best and c < category):
                            best, category = score, c
                            limit = best - SLACK * (abs(best) + LARGEST_GUMBEL)
    return best, category


def kernel(logits, temperatures, tables, key, first, out):
    columns = (min(CHUNK, logits.size) + 3) // 4
    groups = min(GROUPS, columns)
    words = np.empty((4, columns), np.uint32)
    bounds = np.empty((4, columns), np.float32)
    planes = np.empty((4, columns), np.float32)
    scores = np.empty((4, columns), np.float32)
    top = np.empty(groups, np.float32)
    best = np.empty(temperatures.size)
    for d in range(out.shape[1]):
        best[:] = -np.inf
        out[:, d] = 0
        for category in range(0, logits.size, CHUNK):
            row_words(words, category, key, first + d, philox.NOISE)
            _bounds(words, bounds)
            _planes(logits, category, planes)
            for t in range(temperatures.size):
                temperature = np.float64(temperatures[t])
                _scores(planes, np.float32(1.0 / temperature), bounds, scores)
                _fold(scores, top)
                best[t], out[t, d] = _search(
                    *(scores, top, words, logits, temperature, key, first + d, category),
                    best[t],
                    out[t, d],
                )


SAMPLER = Sampler(
    kernel=kernel,
    formula="argmax_c θ_c/τ - log(-log u_c)",
    resolution=64,
    paper="Gumbel 1954; Yellott 1977",
    aliases=("gumbel",),
)
