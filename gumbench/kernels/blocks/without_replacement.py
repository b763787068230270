"""Samples without replacement of one variable, for kernels: the axis of estimates comes last.

The first K of an exponential race, which are the Gumbel top-k, are drawn one after the other with
probabilities p, less those that are taken (Yellott 1977). `chosen` is (K, block) int32.
"""

import numpy as np

from gumbench.kernels.blocks import simplex
from gumbench.kernels.compiler.arrays import empty
from gumbench.kernels.compiler.jit import helper


@helper
def sample(logits, exponentials, chosen):
    """The first K of the race; logits (1, categories), exponentials (1, categories, block).

    Where fewer can be drawn, the first one stands in the place of those that are missing.
    """
    samples, block = chosen.shape
    negative_mean = simplex.negative_means(logits)
    best = empty((samples, block), exponentials.dtype)
    best[:] = -np.inf
    chosen[:] = np.int32(0)
    for c in range(logits.shape[1]):
        for b in range(block):
            score, place = negative_mean[0, c] * exponentials[0, c, b], samples
            while place > 0 and score > best[place - 1, b]:
                place -= 1
            for k in range(samples - 1, place, -1):
                best[k, b], chosen[k, b] = best[k - 1, b], chosen[k - 1, b]
            if place < samples:
                best[place, b], chosen[place, b] = score, np.int32(c)
    for k in range(1, samples):
        for b in range(block):
            if best[k, b] == -np.inf:
                chosen[k, b] = chosen[0, b]


@helper
def remaining(p, chosen, out):
    """out (block,) = Σ p of the categories that are not chosen; p (categories,)."""
    out[:] = out.dtype.type(0.0)
    for c in range(p.size):
        for b in range(out.size):
            taken = False
            for k in range(chosen.shape[0]):
                taken |= chosen[k, b] == c
            out[b] += out.dtype.type(0.0) if taken else out.dtype.type(p[c])


@helper
def of_the_rest(p, rest, table):
    """table[R] = probability that all others of a set come next, in any order, once R is taken.

    By the first of the others: Σ_i p_i / (mass that is left) table[R and i].

    p (K,) of the set, 0 for what cannot be drawn; rest : Σ p outside of it
    table (2^K,) : R is the sum of 2^k over what is taken
    """
    samples = p.size
    table[table.size - 1] = 1.0
    for taken in range(table.size - 2, -1, -1):
        mass, total = rest, 0.0
        for k in range(samples):
            if not taken >> k & 1:
                mass += p[k]
                total += p[k] * table[taken | 1 << k]
        table[taken] = total / mass if mass > 0.0 else 1.0


@helper
def weigh(p, chosen, f):
    """Replace f (K, block) by p_i R(S, i) (f_i - Σ_l p_l R(S, i, l) f_l), S what is chosen.

    R(S, i) = P(S less i | i is taken) / P(S), and R(S, i, l) the same of S less i without i; for
    l = i it is 1 (Kool et al. 2020).
    """
    samples, block = chosen.shape
    rest, table = empty((block,), np.float64), empty((1 << samples,), np.float64)
    mass, kept = empty((samples,), np.float64), empty((samples,), np.float64)
    remaining(p, chosen, rest)
    for b in range(block):
        for k in range(samples):
            repeated = k > 0 and chosen[k, b] == chosen[0, b]
            mass[k] = 0.0 if repeated else p[chosen[k, b]]
            kept[k] = f[k, b]
        of_the_rest(mass, rest[b], table)
        for i in range(samples):
            first, baseline = table[1 << i], mass[i] * kept[i]
            for other in range(samples):
                if other != i:
                    baseline += mass[other] * table[1 << i | 1 << other] / first * kept[other]
            f[i, b] = mass[i] * first / table[0] * (kept[i] - baseline)
