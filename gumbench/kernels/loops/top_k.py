"""The compiled loop that draws k categories without replacement: those of the k largest θ/τ + G."""

import numpy as np
from numba import prange, types

from gumbench.kernels.compiler.jit import driver, helper, renamed
from gumbench.kernels.compiler.roles import REALS
from gumbench.kernels.loops.sampling import first_wrong
from gumbench.kernels.random import noise

# Of so many the sorted list of the best is kept by insertion; of more, all scores are sorted.
MOST_INSERTED = 64
TASK_ITEMS = 1 << 15
# Of a row with fewer than k categories that are not masked.
TOO_FEW = -2


@helper
def _insert(score, category, best, chosen):
    """Put a score among the best, the largest first; the last falls out."""
    i = best.size - 1
    while i > 0 and best[i - 1] < score:
        best[i], chosen[i] = best[i - 1], chosen[i - 1]
        i -= 1
    best[i], chosen[i] = score, category


@helper
def _largest(scores, best, chosen):
    """The categories of the largest scores, in order; of equal ones the first."""
    if best.size > MOST_INSERTED:
        order = np.argsort(-scores, kind="mergesort")
        for i in range(chosen.size):
            best[i], chosen[i] = scores[order[i]], order[i]
        return
    best[:] = -np.inf
    for c in range(scores.size):
        if scores[c] > best[best.size - 1]:
            _insert(scores[c], np.int64(c), best, chosen)


def _signature(dtype):
    real, words = REALS[dtype], types.Array(types.uint32, 1, "C")
    rows, row, chosen = (
        types.Array(k, n, "C") for k, n in ((real, 2), (real, 1), (types.int64, 4))
    )
    return types.void(rows, row, words, types.int64, types.int64[::1], chosen)


@driver(_signature)
def draw(logits, temperatures, key, first, wrong, out):
    """Draws (temperatures, rows, draws, k) of logits (rows, categories).

    The noise of draw d of row r is that of estimate first + r draws + d, in float64, for all
    temperatures. wrong: (rows,) `first_wrong` of each, of which nothing is drawn then, or TOO_FEW.
    """
    rows, categories = logits.shape
    draws, k = out.shape[2:]
    together = max(1, TASK_ITEMS // categories)
    chunks = (draws + together - 1) // together
    for r in prange(rows):
        wrong[r] = first_wrong(logits[r : r + 1])
    for task in prange(rows * chunks):
        r, begin = task // chunks, task % chunks * together
        gumbels, scores = np.empty(categories), np.empty(categories)
        best = np.empty(k)
        for d in range(begin, min(begin + together, draws) if wrong[r] == -1 else begin):
            noise.gumbel_row(key, first + r * draws + d, 0, 0.0, 1.0, gumbels)
            for t in range(temperatures.size):
                temperature = np.float64(temperatures[t])
                for c in range(categories):
                    scores[c] = logits[r, c] / temperature + gumbels[c]
                _largest(scores, best, out[t, r, d])
                if best[k - 1] == -np.inf:
                    wrong[r] = TOO_FEW


draw_alone = driver(_signature, parallel=False)(renamed(draw.__wrapped__, "draw_alone"))
