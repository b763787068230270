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
    best, category = empty((samples, block), exponentials.dtype), empty((block,), np.int32)
    score = empty((block,), exponentials.dtype)
    best[:] = -np.inf
    chosen[:] = np.int32(0)
    for c in range(logits.shape[1]):
        category[:] = np.int32(c)
        for b in range(block):
            score[b] = negative_mean[0, c] * exponentials[0, c, b]
        # It takes the first place where it is better, and what was there goes on to the next.
        for k in range(samples):
            for b in range(block):
                here, there, coming = best[k, b], chosen[k, b], score[b]
                better = coming > here
                best[k, b], score[b] = max(here, coming), min(here, coming)
                chosen[k, b] = category[b] if better else there
                category[b] = there if better else category[b]
    for k in range(1, samples):
        for b in range(block):
            if best[k, b] == -np.inf:
                chosen[k, b] = chosen[0, b]


@helper
def masses(p, chosen, out):
    """out (K, block) = p of what is chosen, 0 where it stands in for what is missing."""
    for k in range(out.shape[0]):
        for b in range(out.shape[1]):
            repeated = k > 0 and chosen[k, b] == chosen[0, b]
            out[k, b] = 0.0 if repeated else p[chosen[k, b]]


@helper
def remaining(p, chosen, out):
    """out (block,) = Σ p of the categories that are not chosen; p (categories,)."""
    left = empty(out.shape, out.dtype)
    out[:] = 0.0
    for c in range(p.size):
        left[:] = p[c]
        for k in range(chosen.shape[0]):
            for b in range(out.size):
                left[b] = 0.0 if chosen[k, b] == np.int32(c) else left[b]
        for b in range(out.size):
            out[b] += left[b]


@helper
def of_the_rest(p, rest, table):
    """table[R] = probability that all others of a set come next, in any order, once R is taken.

    By the first of the others: Σ_i p_i / (mass that is left) table[R and i].

    p (K, block) of the set, 0 for what cannot be drawn; rest (block,) : Σ p outside of it
    table (2^K, block) : R is the sum of 2^k over what is taken
    """
    mass = empty(rest.shape, rest.dtype)
    table[table.shape[0] - 1] = 1.0
    for taken in range(table.shape[0] - 2, -1, -1):
        for b in range(rest.size):
            mass[b], table[taken, b] = rest[b], 0.0
        for k in range(p.shape[0]):
            if not taken >> k & 1:
                for b in range(rest.size):
                    mass[b] += p[k, b]
                    table[taken, b] += p[k, b] * table[taken | 1 << k, b]
        for b in range(rest.size):
            table[taken, b] = table[taken, b] / mass[b] if mass[b] > 0.0 else 1.0


@helper
def weigh(p, chosen, f):
    """Replace f (K, block) by p_i R(S, i) (f_i - Σ_l p_l R(S, i, l) f_l), S what is chosen.

    R(S, i) = P(S less i | i is taken) / P(S), and R(S, i, l) the same of S less i without i; for
    l = i it is 1 (Kool et al. 2020).
    """
    samples, block = chosen.shape
    rest, table = empty((block,), np.float64), empty((1 << samples, block), np.float64)
    mass, kept = empty((samples, block), np.float64), empty((samples, block), np.float64)
    baseline = empty((block,), np.float64)
    remaining(p, chosen, rest)
    masses(p, chosen, mass)
    of_the_rest(mass, rest, table)
    for k in range(samples):
        for b in range(block):
            kept[k, b] = f[k, b]
    for i in range(samples):
        baseline[:] = 0.0
        for other in range(samples):
            if other != i:
                for b in range(block):
                    share = mass[other, b] * table[1 << i | 1 << other, b]
                    baseline[b] += share * kept[other, b]
        for b in range(block):
            first = table[1 << i, b]
            less = kept[i, b] - mass[i, b] * kept[i, b] - baseline[b] / first
            f[i, b] = mass[i, b] * first / table[0, b] * less
