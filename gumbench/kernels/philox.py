"""Philox4x32-10, the counter-based generator behind every random number (Salmon et al. 2011).

Counter words: c0 = element >> 2, c1 = index mod 2^32, c2 = (index >> 32) | batch << 16,
c3 = draw | purpose << 24. The key is the seed, low word first. An element's word is output
`element & 3`, so a word belongs to its (seed, batch, index, draw, purpose, element) alone.
"""

import numpy as np
from numba import uint32, uint64

from gumbench.kernels.jit import inlined

ROUNDS = 10
MULTIPLIERS = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
LOW_HALF = np.uint64(0xFFFFFFFF)
HALF = np.uint64(32)
WEYL = np.uint32(0x9E3779B9), np.uint32(0xBB67AE85)

LIMITS = {
    "element": 1 << 34,
    "index": 1 << 48,
    "batch": 1 << 16,
    "draw": 1 << 24,
    "purpose": 1 << 8,
}

NOISE = 0
LOW_BITS = 1
UNIFORM = 2
PILOT = 5
DATA = 6
NORMAL = 8
TRUTH = 9
INSTANCE = 11


def low_bits(purpose):
    """The purpose that holds the low 32 bits of a purpose's 64-bit words."""
    return LOW_BITS if purpose == NOISE else purpose | 32


def key(seed):
    """The two 32-bit key words of a 64-bit seed."""
    return np.uint32(seed & 0xFFFFFFFF), np.uint32(seed >> 32)


@inlined
def _round(x0, x1, x2, x3, k0, k1):
    p0 = MULTIPLIERS[0] * (x0 & LOW_HALF)
    p1 = MULTIPLIERS[1] * (x2 & LOW_HALF)
    return (p1 >> HALF) ^ (x1 ^ uint64(k0)), p1, (p0 >> HALF) ^ (x3 ^ uint64(k1)), p0


@inlined
def philox(c0, c1, c2, c3, k0, k1):
    """Four 32-bit words of a counter and a key.

    Worked in 64-bit lanes whose high halves are left dirty: the multiplier reads low halves only,
    so a vector needs no packing between rounds.
    """
    x0, x1, x2, x3 = uint64(c0), uint64(c1), uint64(c2), uint64(c3)
    for _ in range(ROUNDS):
        x0, x1, x2, x3 = _round(x0, x1, x2, x3, k0, k1)
        k0 = uint32(k0 + WEYL[0])
        k1 = uint32(k1 + WEYL[1])
    return uint32(x0), uint32(x1), uint32(x2), uint32(x3)


@inlined
def philox_pair(c, d, k0, k1):
    """`philox` of two counters in step, for the rounds of one are a chain, and mostly waiting."""
    x0, x1, x2, x3 = uint64(c[0]), uint64(c[1]), uint64(c[2]), uint64(c[3])
    y0, y1, y2, y3 = uint64(d[0]), uint64(d[1]), uint64(d[2]), uint64(d[3])
    for _ in range(ROUNDS):
        x0, x1, x2, x3 = _round(x0, x1, x2, x3, k0, k1)
        y0, y1, y2, y3 = _round(y0, y1, y2, y3, k0, k1)
        k0 = uint32(k0 + WEYL[0])
        k1 = uint32(k1 + WEYL[1])
    first = uint32(x0), uint32(x1), uint32(x2), uint32(x3)
    return first, (uint32(y0), uint32(y1), uint32(y2), uint32(y3))


@inlined
def counter(index, batch, draw, purpose):
    """The counter words c1, c2 and c3 of an estimate."""
    return (
        uint32(index),
        uint32(uint32(index >> uint64(32)) | uint32(batch) << uint32(16)),
        uint32(uint32(draw) | uint32(purpose) << uint32(24)),
    )
