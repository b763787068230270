"""Philox4x32-10, the counter-based generator behind every random number (Salmon et al. 2011).

Counter words: c0 = element >> 2, c1 = estimate mod 2^32, c2 = (estimate >> 32) | batch << 16,
c3 = draw | purpose << 24. The key is the seed, low word first. An element's word is output
`element & 3`, so a word belongs to its (seed, batch, estimate, draw, purpose, element) alone.
"""

import numpy as np
from llvmlite import ir
from numba import uint32, uint64
from numba.core import cgutils, types

from gumbench.kernels.compiler.jit import inlined
from gumbench.kernels.compiler.vectors import intrinsic, pick, position, splat, store
from gumbench.machine import vector_bits

ROUNDS = 10
# Counters worked on interleaved, for the rounds of one are a chain, and mostly waiting: eight
# vectors of each word, though there are not registers for all.
LANES = max(vector_bits(), 128) // 8
# Two vectors of 64-bit lanes hold every other counter each: one operation then puts their low
# halves together.
PAIR = LANES // 4
HELD = [
    counter
    for first in range(0, LANES, PAIR)
    for second in (0, 1)
    for counter in range(first + second, first + PAIR, 2)
]
MULTIPLIERS = 0xD2511F53, 0xCD9E8D57
WEYL = 0x9E3779B9, 0xBB67AE85

LIMITS = {
    "element": 1 << 34,
    "estimate": 1 << 48,
    "batch": 1 << 16,
    "draw": 1 << 24,
    "purpose": 1 << 8,
}

NOISE = 0
LOW_BITS = 1
UNIFORM = 2
CONDITIONAL = 4
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
def counter(estimate, batch, draw, purpose):
    """The counter words c1, c2 and c3 of an estimate."""
    return (
        uint32(estimate),
        uint32(uint32(estimate >> uint64(32)) | uint32(batch) << uint32(16)),
        uint32(uint32(draw) | uint32(purpose) << uint32(24)),
    )


def _words(builder, first, key, lanes, varied=0):
    """Words of a counter and a key, or of LANES counters, of which one word goes up by 1 each.

    Worked in 64-bit lanes whose high halves are left dirty: the multiplier reads low halves only,
    so a vector needs no packing between rounds.
    """
    long, short = ir.IntType(64), ir.IntType(32)

    def constant(number):
        return splat(builder, long(number), lanes)

    def spread(word):
        return splat(builder, builder.zext(word, long), lanes)

    x = [spread(word) for word in first]
    if lanes > 1:
        x[varied] = builder.add(x[varied], ir.Constant(x[varied].type, HELD))
    low, half = constant(0xFFFFFFFF), constant(32)
    for _ in range(ROUNDS):
        p0 = builder.mul(constant(MULTIPLIERS[0]), builder.and_(x[0], low))
        p1 = builder.mul(constant(MULTIPLIERS[1]), builder.and_(x[2], low))
        x = [
            builder.xor(builder.lshr(p1, half), builder.xor(x[1], spread(key[0]))),
            p1,
            builder.xor(builder.lshr(p0, half), builder.xor(x[3], spread(key[1]))),
            p0,
        ]
        key = [builder.add(k, short(w)) for k, w in zip(key, WEYL, strict=True)]
    if lanes == 1:
        return [builder.trunc(word, short) for word in x]
    halves = [builder.bitcast(word, ir.VectorType(short, 2 * lanes)) for word in x]
    in_order = [2 * lane for lane in sorted(range(lanes), key=HELD.__getitem__)]
    return [pick(builder, word, in_order) for word in halves]


@intrinsic
def philox(context, first, key):
    """Four 32-bit words of a counter (4 words) and a key (2 words)."""

    def codegen(context, builder, signature, arguments):
        first, key = (cgutils.unpack_tuple(builder, words) for words in arguments)
        four = _words(builder, first, key, 1)
        return context.make_tuple(builder, signature.return_type, four)

    return types.UniTuple(types.uint32, 4)(first, key), codegen


def _in_step(varied):
    """An intrinsic that works on LANES counters."""

    def typed(context, first, key, words, row, start):
        def codegen(context, builder, signature, arguments):
            first, key = (cgutils.unpack_tuple(builder, words) for words in arguments[:2])
            kind, (words, row, start) = signature.args[2], arguments[2:]
            for i, word in enumerate(_words(builder, first, key, LANES, varied)):
                below = builder.add(row, row.type(i))
                place = position(context, builder, kind, words, below, start)
                store(context, builder, word, kind, words, place)
            return context.get_dummy_value()

        return types.void(first, key, words, types.intp, types.intp), codegen

    return typed


@intrinsic
def estimates_in_step(context, first, key, words, row, start):
    """Words of LANES estimates, given the first one's counter: words[row + i, start + lane]."""
    return _in_step(1)(context, first, key, words, row, start)


@intrinsic
def elements_in_step(context, first, key, words, row, start):
    """The same of LANES fours of elements."""
    return _in_step(0)(context, first, key, words, row, start)
