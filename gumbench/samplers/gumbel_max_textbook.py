"""argmax(θ - log(-log u)) as it is usually written: one rounded uniform and two logs a category.

A flaw of that form: once in 2^25 uniforms u is rounded to 1, its noise is infinite, and the
category wins however rare it is. At 50,257 categories that is one draw in 670.
"""

import numpy as np

from gumbench.kernels.compiler import elementary
from gumbench.kernels.compiler.jit import inlined
from gumbench.kernels.random import philox, variates
from gumbench.kernels.random.noise import row_words
from gumbench.types import Sampler

COLUMNS = 256


@inlined
def _noise(words, out):
    """Textbook Gumbels, inf where u is rounded to 1: out (4, columns) float32."""
    for i in range(4):
        for g in range(words.shape[1]):
            e = -elementary.log(variates.uniform(words[i, g]))
            out[i, g] = -elementary.log(e) if e > 0 else np.float32(np.inf)


def kernel(logits, temperatures, tables, key, first, out):
    categories, draws = logits.shape[1], out.shape[2]
    columns = min(COLUMNS, (categories + 3) // 4)
    words = np.empty((4, columns), np.uint32)
    noise = np.empty((4, columns), np.float32)
    best = np.empty(temperatures.size)
    out[:] = 0
    for number in range(out.shape[1] * draws):
        r, d = number // draws, number % draws
        best[:] = -np.inf
        for category in range(0, categories, 4 * columns):
            row_words(words, category, key, first + number, philox.NOISE)
            _noise(words, noise)
            for c in range(category, min(category + 4 * columns, categories)):
                gumbel = noise[(c - category) & 3, (c - category) >> 2]
                for t in range(temperatures.size):
                    score = logits[r, c] / temperatures[t] + gumbel
                    if score > best[t]:
                        best[t] = score
                        out[t, r, d] = c


SAMPLER = Sampler(
    kernel=kernel,
    formula="argmax_c θ_c/τ - log(-log u_c)",
    resolution=24,
    makes_noise=True,
    flaw="u is rounded to 1 once in 2^25, and its category wins however rare it is",
    papers=("gumbel1954", "yellott1977"),
)
