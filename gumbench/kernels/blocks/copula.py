"""Draws that avoid each other, by a Dirichlet copula: the axis of estimates comes last.

Each variable is drawn by breaking a stick: category after category, it is this one or a later one.
K draws decide a stick together. Draw k takes it where its share of K exponentials is above 1 - r,
r = q^(1/(K - 1)), which has probability q; two of them do so with probability (2 r - 1)₊^(K - 1).
"""

import numpy as np

from gumbench.kernels.compiler.arrays import empty
from gumbench.kernels.compiler.jit import helper
from gumbench.kernels.compiler.strips import broadcast, by_strips, choose


@by_strips
def break_sticks(s, exponentials, root, place):
    """place (K, variables, block) int32 = the number of the stick that each draw takes.

    exponentials (K, variables, categories, block); root (variables, categories) = r
    """
    samples, variables, categories, _ = exponentials.shape
    for k in range(samples):
        for v in range(variables):
            taken = broadcast(np.int32(categories - 1), s)
            for c in range(categories - 2, -1, -1):
                # The rest is summed: 1 less a share near 1 has no digits left.
                rest = broadcast(exponentials.dtype.type(0.0), s)
                for other in range(k):
                    rest += exponentials[other, v, c, s]
                for other in range(k + 1, samples):
                    rest += exponentials[other, v, c, s]
                share = root[v, c] * (rest + exponentials[k, v, c, s])
                taken = choose(share > rest, np.int32(c), taken)
            place[k, v, s] = taken


@helper
def add_pairs(place, draws, ratio, f, out):
    """Add the mean over pairs k, l of ratio (f_k - f_l) (D_k - D_l)/2 to out.

    ratio (variables, categories), by the first stick that either of the two takes
    """
    samples, variables, block = draws.shape
    share, zero = out.dtype.type(1.0 / (samples * (samples - 1))), out.dtype.type(0.0)
    weight = empty((block,), out.dtype)
    for v in range(variables):
        for k in range(samples):
            weight[:] = zero
            for other in range(samples):
                for b in range(block):
                    one, two = place[k, v, b], place[other, v, b]
                    term = ratio[v, min(one, two)] * (f[k, b] - f[other, b])
                    weight[b] += term if one != two else zero
            for b in range(block):
                out[v, draws[k, v, b], b] += share * weight[b]
