"""Sums of estimates and of their squares, in float64 around a shift.

Estimates are summed in chunks by one fixed tree, chunk after chunk, so the bits depend on neither
the block nor the vector width. The tree ends at a few partial sums, which are added up when all is
done: its last steps would take as long as those before.
"""

import numpy as np
from numba import uint64
from numba.core import types

from gumbench.kernels.compiler import vectors
from gumbench.kernels.compiler.elementary import Real
from gumbench.kernels.compiler.jit import helper, inlined
from gumbench.kernels.compiler.strips import Strip, Vector
from gumbench.kernels.compiler.vectors import intrinsic, pick

CHUNK = 64
PARTIAL = 4


@intrinsic
def chunk_at(context, start):
    """The strip of a chunk from `start` on."""

    def codegen(context, builder, signature, arguments):
        return arguments[0]

    return Strip(CHUNK)(types.intp), codegen


@intrinsic
def doubles(context, x):
    """A vector in float64."""
    kind = Vector(types.float64, x.count)

    def codegen(context, builder, signature, arguments):
        if x == kind:
            return arguments[0]
        return builder.fpext(arguments[0], context.get_data_type(kind))

    return kind(x), codegen


def _halves(builder, x):
    half = x.type.count // 2
    return [pick(builder, x, range(first, first + half)) for first in (0, half)]


@intrinsic
def add_sums(context, x, totals, row):
    """Add Σ x and Σ x² of a chunk to a row of totals (n, 2 PARTIAL)."""

    def codegen(context, builder, signature, arguments):
        x, totals, row = arguments
        low, high = _halves(builder, x)
        plain = builder.fadd(low, high)
        squares = Real(builder, types.float64, CHUNK // 2).fma(high, high, builder.fmul(low, low))
        while plain.type.count > PARTIAL:
            plain = builder.fadd(*_halves(builder, plain))
            squares = builder.fadd(*_halves(builder, squares))
        kind = signature.args[1]
        for i, sums in enumerate((plain, squares)):
            place = vectors.position(context, builder, kind, totals, row, row.type(i * PARTIAL))
            before = vectors.load(context, builder, kind, totals, place, PARTIAL)
            vectors.store(context, builder, builder.fadd(before, sums), kind, totals, place)
        return context.get_dummy_value()

    return types.void(x, totals, row), codegen


@inlined
def _add_component(estimates, p, start, grouping, components):
    """Add a chunk of one component around its shift, signed, to `components`; returns it."""
    x = doubles(estimates[p, chunk_at(start)]) * grouping.sign[p] - grouping.signed_shift[p]
    add_sums(x, components, p)
    return x


@inlined
def add_estimates(estimates, begin, grouping, stack, components, row_sums):
    """Add a chunk of estimates (parameters, from `begin`) around the shift to `components`.

    On the way their signed groups are summed to rows, these to groups of groups, and each row is
    added to `row_sums`. Rows that are to be summed wait on the stack (rows, CHUNK), float64; those
    of the parts are left there.
    """
    s, height = chunk_at(0), 0
    for row in range(grouping.children.size):
        # Unsigned, for Numba checks signed indices for the sign.
        r = uint64(row)
        children = grouping.children[r]
        height -= children
        if children:
            total = stack[height, s]
            for child in range(height + 1, height + children):
                total += stack[child, s]
        else:
            first, stop = grouping.first_member[r], grouping.first_member[r + uint64(1)]
            p = uint64(grouping.member[uint64(first)])
            total = _add_component(estimates, p, begin, grouping, components)
            for m in range(uint64(first + 1), uint64(stop)):
                p = uint64(grouping.member[m])
                total += _add_component(estimates, p, begin, grouping, components)
        stack[height, s] = total
        add_sums(total, row_sums, r)
        height += 1


@helper
def first_not_finite(stack, row_sums, roots, count):
    """The first of `count` estimates whose sum over a part is not finite, or -1.

    row_sums: those of the estimates and of all before; where they are finite, so is each.
    """
    stop = most = min(count, CHUNK)
    for part in range(roots.size):
        total = 0.0
        for i in range(PARTIAL):
            total += row_sums[roots[part], i]
        if not np.isfinite(total):
            for b in range(stop):
                if not np.isfinite(stack[part, b]):
                    stop = b
                    break
    return stop if stop < most else -1
