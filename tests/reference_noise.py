"""Slow obvious twins, in plain Python and NumPy: they share no code with the package."""

import itertools
import math

import numpy as np

MASK = 0xFFFFFFFF


def philox(counter, key):
    """Philox4x32-10 on Python integers (Salmon et al. 2011)."""
    c0, c1, c2, c3 = counter
    k0, k1 = key
    for _ in range(10):
        p0, p1 = 0xD2511F53 * c0, 0xCD9E8D57 * c2
        c0, c1, c2, c3 = (p1 >> 32) ^ c1 ^ k0, p1 & MASK, (p0 >> 32) ^ c3 ^ k1, p0 & MASK
        k0, k1 = (k0 + 0x9E3779B9) & MASK, (k1 + 0xBB67AE85) & MASK
    return c0, c1, c2, c3


def word(seed, batch, estimate, draw, purpose, element):
    """The 32-bit word of an element of an estimate."""
    counter = (
        element >> 2,
        estimate & MASK,
        (estimate >> 32) | batch << 16,
        draw | purpose << 24,
    )
    return philox(counter, (seed & MASK, seed >> 32))[element & 3]


def uniform64(seed, batch, estimate, draw, purpose, low_purpose, element):
    """The uniform of an element, from 64 bits."""
    high = word(seed, batch, estimate, draw, purpose, element)
    low = word(seed, batch, estimate, draw, low_purpose, element)
    return (high << 32 | low) * 2.0**-64 + 2.0**-65


def gumbel(u):
    """Standard Gumbel by the inverse of its distribution function, at 1 - u."""
    return -math.log(-math.log1p(-u))


def softmax(x):
    weights = [math.exp(v - max(x)) for v in x]
    return [w / sum(weights) for w in weights]


def outcomes(shape):
    """All draws of `shape[0]` variables of `shape[1]` categories."""
    return itertools.product(range(shape[1]), repeat=shape[0])


def enumerated_gradient(logits, f):
    """Gradient by the logits (variables, categories) of E f(draw), by enumeration."""
    logits = np.asarray(logits, float)
    p = [softmax(row) for row in logits]
    total = np.zeros_like(logits)
    for x in outcomes(logits.shape):
        weight = math.prod(p[v][c] for v, c in enumerate(x))
        for v, c in enumerate(x):
            score = -np.array(p[v])
            score[c] += 1
            total[v] += weight * f(x) * score
    return total
