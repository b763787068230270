"""Dirichlet noise π = E / Σ E made of exponentials, for kernels: the axis of estimates comes last.

Arrays are (variables, categories, block). argmin π exp(-θ) is the exponential race of E itself.
"""

from gumbench.kernels.compiler.jit import helper
from gumbench.kernels.compiler.strips import broadcast, by_strips


@by_strips
def centered_shares(s, exponentials, out):
    """out = 1/C - π."""
    real, categories = out.dtype.type, out.shape[1]
    even = real(1.0) / real(categories)
    for v in range(out.shape[0]):
        total = broadcast(real(0.0), s)
        for c in range(categories):
            total += exponentials[v, c, s]
        share = real(1.0) / total
        for c in range(categories - 1, -1, -1):
            out[v, c, s] = even - exponentials[v, c, s] * share


@by_strips
def weigh(s, f, weight, out):
    """out = f (block,) times weight."""
    for v in range(out.shape[0]):
        for c in range(out.shape[1]):
            out[v, c, s] = f[s] * weight[v, c, s]


@by_strips
def less_mean(s, out):
    """out less its mean over the categories."""
    real = out.dtype.type
    share = real(1.0) / real(out.shape[1])
    for v in range(out.shape[0]):
        mean = broadcast(real(0.0), s)
        for c in range(out.shape[1]):
            mean += out[v, c, s] * share
        for c in range(out.shape[1] - 1, -1, -1):
            out[v, c, s] -= mean


@helper
def swap(x, i, j):
    """Swap categories i and j of every variable."""
    for v in range(x.shape[0]):
        first, second = x[v, i], x[v, j]
        for b in range(first.size):
            first[b], second[b] = second[b], first[b]
