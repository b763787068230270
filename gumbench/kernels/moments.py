"""Sums of estimates and of their squares, in float64 around a shift.

Estimates are summed in chunks of 32 by one fixed tree, chunk after chunk, so the bits depend on
neither the block nor the vector width. The tree ends at four partial sums, which are added up when
all is done: its last steps would take as long as those before.
"""

import numpy as np
from llvmlite import ir
from numba import uint64
from numba.core import types
from numba.core.datamodel import models
from numba.extending import register_model

from gumbench.kernels import vectors
from gumbench.kernels.elementary import Real
from gumbench.kernels.jit import helper, inlined
from gumbench.kernels.vectors import intrinsic, pick

CHUNK = 32
PARTIAL = 4
# Estimates of a window, whose rows of sums stay in the first cache.
WIDTH = 64
VECTOR = ir.VectorType(ir.DoubleType(), CHUNK)


class Chunk(types.Type):
    """32 doubles in registers."""


@register_model(Chunk)
class ChunkModel(models.PrimitiveModel):
    """A chunk is an LLVM vector."""

    def __init__(self, manager, kind):
        super().__init__(manager, kind, VECTOR)


chunk = Chunk("chunk")


def _doubles(builder):
    return Real(builder, types.float64, CHUNK)


# They take a whole array and a row's number, for Numba counts references to a view of a row.
@intrinsic
def load(context, array, row, start):
    """32 items of a row of an array from `start`."""

    def codegen(context, builder, signature, arguments):
        kind = signature.args[0]
        place = vectors.position(context, builder, kind, *arguments)
        x = vectors.load(context, builder, kind, arguments[0], place, CHUNK)
        return builder.fpext(x, VECTOR) if kind.dtype == types.float32 else x

    return chunk(array, row, types.intp), codegen


@intrinsic
def store(context, x, array, row, start):
    """Put 32 items into a row of an array of doubles from `start`."""

    def codegen(context, builder, signature, arguments):
        x, array, row, start = arguments
        kind = signature.args[1]
        place = vectors.position(context, builder, kind, array, row, start)
        vectors.store(context, builder, x, kind, array, place)
        return context.get_dummy_value()

    return types.void(chunk, array, row, types.intp), codegen


@intrinsic
def minus(context, x, number):
    """x - number."""

    def codegen(context, builder, signature, arguments):
        return builder.fsub(arguments[0], _doubles(builder).splat(arguments[1]))

    return chunk(chunk, types.float64), codegen


@intrinsic
def times(context, x, number):
    """x times a number."""

    def codegen(context, builder, signature, arguments):
        return builder.fmul(arguments[0], _doubles(builder).splat(arguments[1]))

    return chunk(chunk, types.float64), codegen


@intrinsic
def plus_times(context, total, x, number):
    """total + x times a number."""

    def codegen(context, builder, signature, arguments):
        total, x, number = arguments
        doubles = _doubles(builder)
        return doubles.fma(x, doubles.splat(number), total)

    return chunk(chunk, chunk, types.float64), codegen


@intrinsic
def add_sums(context, x, totals, row):
    """Add Σ x and Σ x² of a chunk to a row of totals (n, 2 PARTIAL)."""

    def codegen(context, builder, signature, arguments):
        x, totals, row = arguments
        low, high = (pick(builder, x, range(first, first + 16)) for first in (0, 16))
        plain = builder.fadd(low, high)
        squares = Real(builder, types.float64, 16).fma(high, high, builder.fmul(low, low))
        low, high = range(8), range(8, 16)
        plain = builder.fadd(pick(builder, plain, low), pick(builder, plain, high))
        squares = builder.fadd(pick(builder, squares, low), pick(builder, squares, high))
        low, high = [*range(4), *range(8, 12)], [*range(4, 8), *range(12, 16)]
        both = pick(builder, plain, low, squares), pick(builder, plain, high, squares)
        kind = signature.args[1]
        place = builder.mul(row, row.type(2 * PARTIAL))
        before = vectors.load(context, builder, kind, totals, place, 2 * PARTIAL)
        after = builder.fadd(before, builder.fadd(*both))
        vectors.store(context, builder, after, kind, totals, place)
        return context.get_dummy_value()

    return types.void(chunk, totals, row), codegen


@inlined
def _add_component(estimates, p, start, grouping, components):
    """Add a chunk of one component around its shift to `components`; returns the chunk."""
    x = minus(load(estimates, p, start), grouping.shift[p])
    add_sums(x, components, p)
    return x


@helper
def add_estimates(estimates, begin, grouping, rows, components, row_sums):
    """Add some estimates (parameters, from `begin`) around the shift to `components`.

    On the way their signed groups are summed to rows (rows, estimates), float64, and these to
    groups of groups, and all rows are added to `row_sums`.
    """
    width = min(rows.shape[1], estimates.shape[1] - begin)
    leaves = grouping.first_member.size - 1
    for leaf in range(leaves):
        # Unsigned, for Numba checks signed indices for the sign.
        row = uint64(leaf)
        first, last = grouping.first_member[row], grouping.first_member[row + uint64(1)]
        for start in range(0, width, CHUNK):
            p = uint64(grouping.member[uint64(first)])
            x = _add_component(estimates, p, begin + start, grouping, components)
            total = times(x, grouping.sign[p])
            for m in range(uint64(first + 1), uint64(last)):
                p = uint64(grouping.member[m])
                x = _add_component(estimates, p, begin + start, grouping, components)
                total = plus_times(total, x, grouping.sign[p])
            store(total, rows, row, start)
            add_sums(total, row_sums, row)
    for group in range(grouping.first_child.size):
        row, first = uint64(leaves + group), uint64(grouping.first_child[group])
        last = uint64(grouping.last_child[group])
        for start in range(0, width, CHUNK):
            total = load(rows, first, start)
            for child in range(first + uint64(1), last):
                total = plus_times(total, load(rows, child, start), 1.0)
            store(total, rows, row, start)
            add_sums(total, row_sums, row)


@helper
def first_not_finite(rows, row_sums, roots, count):
    """The first of `count` estimates whose sum over a part is not finite, or -1.

    row_sums: those of the estimates and of all before; where they are finite, so is each.
    """
    stop = most = min(count, rows.shape[1])
    for r in roots:
        if not np.isfinite(row_sums[r, :PARTIAL].sum()):
            for b in range(stop):
                if not np.isfinite(rows[r, b]):
                    stop = b
                    break
    return stop if stop < most else -1
