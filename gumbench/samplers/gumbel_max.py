"""argmax(θ + G), filtered: logarithms only for categories that can still win, with 64 bits.

An upper bound of each score comes from the bits of its word. Chunks of words stay in the first
cache; a chunk, a group in it and a category are looked at only if their bound exceeds the best
score so far, which happens about log C times.
"""

import numpy as np
from numba import uint64

from gumbench.kernels import elementary, philox
from gumbench.kernels.jit import helper, inlined
from gumbench.kernels.noise import row_words
from gumbench.types import Sampler

CHUNK = 2048
GROUPS = 64
# More than the rounding of a bound, relative to the largest terms of a score that can win.
SLACK = 2.0**-20
LARGEST_GUMBEL = 128.0


@inlined
def _planes(logits, first, out):
    """Logits first + 4g + i as out[i, g], -inf beyond the last."""
    part = logits[first : first + 4 * out.shape[1]]
    row0, row1, row2, row3 = out[0], out[1], out[2], out[3]
    whole = part.size // 4
    for g in range(whole):
        # Unsigned, for Numba checks signed indices for the sign, and that does not vectorise.
        c = uint64(4) * uint64(g)
        row0[g] = part[c]
        row1[g] = part[c + uint64(1)]
        row2[g] = part[c + uint64(2)]
        row3[g] = part[c + uint64(3)]
    out[:, whole:] = -np.inf
    for rest in range(4 * whole, part.size):
        out[rest & 3, whole] = part[rest]


@inlined
def _scores(planes, inverse, words, out, top):
    """Upper bounds of the scores, and the largest of each group of columns g, g + GROUPS, ..."""
    for i in range(4):
        logits, word, row = planes[i], words[i], out[i]
        for g in range(row.size):
            bound = elementary.gumbel_bound(word[g])
            score = logits[g] * inverse + bound
            row[g] = score
            top[g] = score if i == 0 or score > top[g] else top[g]
    width = top.size
    while width > GROUPS:
        width //= 2
        left, right = top[:width], top[width : 2 * width]
        for j in range(width):
            left[j] = left[j] if left[j] > right[j] else right[j]


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
    groups = min(GROUPS, top.size)
    for j in range(groups):
        if top[j] > limit:
            for g in range(j, scores.shape[1], groups):
                for i in range(4):
                    if scores[i, g] > limit:
                        c = first + 4 * g + i
                        score = _score(logits[c], temperature, words[i, g], key, index, c)
                        if score > best or (score == best and c < category):
                            best, category = score, c
                            limit = best - SLACK * (abs(best) + LARGEST_GUMBEL)
    return best, category


def kernel(logits, temperatures, tables, key, first, out):
    columns = 1
    while 4 * columns < min(CHUNK, logits.size):
        columns *= 2
    words = np.empty((4, columns), np.uint32)
    planes = np.empty((4, columns), np.float32)
    scores = np.empty((4, columns), np.float32)
    top = np.empty(columns, np.float32)
    best = np.empty(temperatures.size)
    for d in range(out.shape[1]):
        best[:] = -np.inf
        out[:, d] = 0
        for category in range(0, logits.size, CHUNK):
            row_words(words, category, key, first + d, philox.NOISE)
            _planes(logits, category, planes)
            for t in range(temperatures.size):
                temperature = np.float64(temperatures[t])
                _scores(planes, np.float32(1.0 / temperature), words, scores, top)
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
