"""Philox4x32-10, the counter-based generator behind every random number (Salmon et al. 2011).

Counter words: c0 = element >> 2, c1 = index mod 2^32, c2 = (index >> 32) | batch << 16,
c3 = draw | purpose << 24. The key is the seed, low word first. An element's word is output
`element & 3`, so a word belongs to its (seed, batch, index, draw, purpose, element) alone.
"""

import numpy as np
from llvmlite import ir
from numba import uint32, uint64
from numba.core import cgutils, types
from numba.extending import intrinsic

from gumbench.kernels.jit import inlined
from gumbench.kernels.vectors import item, splat, store
from gumbench.machine import vector_bits

ROUNDS = 10
# Counters worked on in step, for the rounds of one are a chain, and mostly waiting. There are 32
# registers of 512 bits, and 16 of fewer.
LANES = 64 if vector_bits() == 512 else max(vector_bits(), 128) // 32
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
def counter(index, batch, draw, purpose):
    """The counter words c1, c2 and c3 of an estimate."""
    return (
        uint32(index),
        uint32(uint32(index >> uint64(32)) | uint32(batch) << uint32(16)),
        uint32(uint32(draw) | uint32(purpose) << uint32(24)),
    )


def _rounds(builder, x, key):
    """The rounds on counter words x, LLVM vectors of 64-bit lanes, as `philox` does them."""
    kind = x[0].type
    lanes, short = kind.count, ir.IntType(32)

    def constant(number):
        return ir.Constant(kind, [int(number)] * lanes)

    def spread(word):
        return splat(builder, builder.zext(word, kind.element), lanes)

    for _ in range(ROUNDS):
        p0 = builder.mul(constant(MULTIPLIERS[0]), builder.and_(x[0], constant(LOW_HALF)))
        p1 = builder.mul(constant(MULTIPLIERS[1]), builder.and_(x[2], constant(LOW_HALF)))
        x = [
            builder.xor(builder.lshr(p1, constant(HALF)), builder.xor(x[1], spread(key[0]))),
            p1,
            builder.xor(builder.lshr(p0, constant(HALF)), builder.xor(x[3], spread(key[1]))),
            p0,
        ]
        key = [builder.add(k, short(int(w))) for k, w in zip(key, WEYL, strict=True)]
    return x


def _in_step(varied):
    """An intrinsic that works on LANES counters that differ in one word."""

    def typed(context, first, key, words, start):
        def codegen(context, builder, signature, arguments):
            first, key, words, start = arguments
            wide = ir.VectorType(ir.IntType(64), LANES)
            x = [
                splat(builder, builder.zext(word, wide.element), LANES)
                for word in cgutils.unpack_tuple(builder, first)
            ]
            x[varied] = builder.add(x[varied], ir.Constant(wide, list(range(LANES))))
            found = _rounds(builder, x, cgutils.unpack_tuple(builder, key))
            kind = signature.args[2]
            for i, word in enumerate(found):
                place = item(context, builder, kind, words, start.type(i), start)
                word = builder.trunc(word, ir.VectorType(ir.IntType(32), LANES))
                store(context, builder, word, kind, words, place)
            return context.get_dummy_value()

        return types.void(first, key, words, start), codegen

    return typed


@intrinsic
def estimates_in_step(context, first, key, words, start):
    """Words of LANES estimates into words (4, n) from `start`, given the first one's counter."""
    return _in_step(1)(context, first, key, words, start)


@intrinsic
def elements_in_step(context, first, key, words, start):
    """The same of LANES fours of elements."""
    return _in_step(0)(context, first, key, words, start)
