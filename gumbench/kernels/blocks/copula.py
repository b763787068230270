"""Draws that avoid each other, by a Dirichlet copula: the axis of estimates comes last.

Each variable is drawn by breaking a stick: category after category, it is this one or a later one.
K draws decide a stick together. Draw k takes it where its share of K exponentials is above 1 - r,
r = q^(1/(K - 1)), which has probability q; two of them do so with probability (2 r - 1)₊^(K - 1).
"""

from gumbench.kernels.compiler.jit import helper


@helper
def break_sticks(exponentials, root, place):
    """place (K, variables, block) int32 = the number of the stick that each draw takes.

    exponentials (K, variables, categories, block); root (variables, categories) = r
    """
    samples, variables, categories, block = exponentials.shape
    for k in range(samples):
        for v in range(variables):
            for b in range(block):
                place[k, v, b] = categories - 1
            for c in range(categories - 2, -1, -1):
                for b in range(block):
                    # The rest is summed: 1 less a share near 1 has no digits left.
                    rest = exponentials.dtype.type(0.0)
                    for other in range(samples):
                        if other != k:
                            rest += exponentials[other, v, c, b]
                    if rest < root[v, c] * (rest + exponentials[k, v, c, b]):
                        place[k, v, b] = c


@helper
def add_pairs(place, draws, ratio, f, out):
    """Add the mean over pairs k, l of ratio (f_k - f_l) (D_k - D_l)/2 to out.

    ratio (variables, categories), by the first stick that either of the two takes
    """
    samples, variables, block = draws.shape
    share = out.dtype.type(1.0 / (samples * (samples - 1)))
    for v in range(variables):
        for k in range(samples):
            for other in range(k):
                for b in range(block):
                    first = min(place[k, v, b], place[other, v, b])
                    if place[k, v, b] != place[other, v, b]:
                        weight = share * ratio[v, first] * (f[k, b] - f[other, b])
                        out[v, draws[k, v, b], b] += weight
                        out[v, draws[other, v, b], b] -= weight
