"""Sums of estimates and of their squares, in float64 around a shift.

Estimates are summed in chunks of 32 by one fixed tree, chunk after chunk, so the bits depend on
neither the block nor the vector width.
"""

import numpy as np
from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic

from gumbench.kernels.elementary import declared
from gumbench.kernels.jit import helper, inlined
from gumbench.statistics import BRANCHES

CHUNK = 32
WIDTH = 256


class Chunk:
    """LLVM vectors of 32 doubles."""

    def __init__(self, context, builder):
        self.context, self.builder = context, builder
        self.vector = ir.VectorType(ir.DoubleType(), CHUNK)

    def pick(self, a, lanes, b=None):
        """Lanes of a vector, or of two joined."""
        mask = ir.Constant(ir.VectorType(ir.IntType(32), len(lanes)), list(lanes))
        return self.builder.shuffle_vector(a, b or ir.Constant(a.type, ir.Undefined), mask)

    def splat(self, number):
        """A number in every lane."""
        one = ir.Constant(ir.VectorType(ir.DoubleType(), 1), ir.Undefined)
        one = self.builder.insert_element(one, number, ir.IntType(32)(0))
        return self.pick(one, [0] * CHUNK)

    def pointer(self, kind, array, start):
        """Where 32 items of a one-dimensional array start."""
        data = self.context.make_array(kind)(self.context, self.builder, array).data
        item = ir.VectorType(self.context.get_data_type(kind.dtype), CHUNK)
        return self.builder.bitcast(self.builder.gep(data, [start]), item.as_pointer())

    def load(self, kind, array, start):
        """32 items, as doubles."""
        x = self.builder.load(self.pointer(kind, array, start))
        x.align = kind.dtype.bitwidth // 8
        return self.builder.fpext(x, self.vector) if kind.dtype == types.float32 else x

    def store(self, x, kind, array, start):
        """Put 32 doubles back."""
        self.builder.store(x, self.pointer(kind, array, start)).align = 8

    def fma(self, x, y, z):
        """x y + z in every lane, rounded once."""
        name = f"llvm.fma.v{x.type.count}f64"
        return self.builder.call(declared(self.builder, name, x.type, [x.type] * 3), [x, y, z])

    def sums(self, x):
        """Σ x and Σ x², by halves."""
        b = self.builder
        low, high = (self.pick(x, range(first, first + 16)) for first in (0, 16))
        plain, squares = b.fadd(low, high), self.fma(high, high, b.fmul(low, low))
        low, high = range(8), range(8, 16)
        plain = b.fadd(self.pick(plain, low), self.pick(plain, high))
        squares = b.fadd(self.pick(squares, low), self.pick(squares, high))
        both = self.pick(plain, range(16), squares)
        for lanes in (16, 8, 4):
            half, quarter = lanes // 2, lanes // 4
            first = [*range(quarter), *range(half, half + quarter)]
            second = [i + quarter for i in first]
            both = b.fadd(self.pick(both, first), self.pick(both, second))
        return [b.extract_element(both, ir.IntType(32)(i)) for i in (0, 1)]


@intrinsic
def chunk_sums(context, row, start):
    """Σ x and Σ x² over the 32 items of a row from `start`."""
    pair = types.UniTuple(types.float64, 2)

    def codegen(context, builder, signature, arguments):
        chunk = Chunk(context, builder)
        x = chunk.load(signature.args[0], arguments[0], arguments[1])
        return context.make_tuple(builder, pair, chunk.sums(x))

    return pair(row, types.intp), codegen


def _chunk_into_group(fresh):
    """An intrinsic that puts a chunk into its group's row, or adds it to what is there."""

    def typed(context, row, start, shift, sign, group, place):
        pair = types.UniTuple(types.float64, 2)

        def codegen(context, builder, signature, arguments):
            row, start, shift, sign, group, place = arguments
            kind, _, _, _, group_kind, _ = signature.args
            chunk = Chunk(context, builder)
            x = builder.fsub(chunk.load(kind, row, start), chunk.splat(shift))
            if fresh:
                signed = builder.fmul(x, chunk.splat(sign))
            else:
                signed = chunk.fma(x, chunk.splat(sign), chunk.load(group_kind, group, place))
            chunk.store(signed, group_kind, group, place)
            return context.make_tuple(builder, pair, chunk.sums(x))

        return pair(row, types.intp, types.float64, types.float64, group, types.intp), codegen

    typed.__name__ = "set_chunk" if fresh else "add_chunk"
    typed.__doc__ = (
        "Σ and Σ² of 32 items of x - shift, which with its sign goes into a group's row."
    )
    return intrinsic(typed)


set_chunk = _chunk_into_group(fresh=True)
add_chunk = _chunk_into_group(fresh=False)


@inlined
def add_row(row, sums):
    """Add the sums of one row (a multiple of 32 items) to `sums` (2,)."""
    first, second = sums[0], sums[1]
    for start in range(0, row.size, CHUNK):
        a, b = chunk_sums(row, start)
        first += a
        second += b
    sums[0] = first
    sums[1] = second


@helper
def add_estimates(estimates, begin, grouping, rows, sums):
    """Add some estimates (parameters, from `begin`) around the shift to `sums` (parameters, 2).

    On the way their signed groups are summed to rows (rows, estimates), float64, and these to
    groups of groups.
    """
    leaves = grouping.first_member.size - 1
    for leaf in range(leaves):
        row, first_member = rows[leaf], grouping.first_member[leaf]
        for m in range(first_member, grouping.first_member[leaf + 1]):
            p = grouping.member[m]
            estimate, shift, sign = estimates[p], grouping.shift[p], grouping.sign[p]
            first, second = sums[p, 0], sums[p, 1]
            for start in range(0, row.size, CHUNK):
                if m == first_member:
                    a, b = set_chunk(estimate, begin + start, shift, sign, row, start)
                else:
                    a, b = add_chunk(estimate, begin + start, shift, sign, row, start)
                first += a
                second += b
            sums[p, 0] = first
            sums[p, 1] = second
    for i in range(grouping.first_child.size):
        _add_rows(rows[grouping.first_child[i] : grouping.last_child[i]], rows[leaves + i])


@inlined
def _add_rows(rows, out):
    """out = Σ rows, in order; in one pass where they are as many as in a whole group of groups."""
    if rows.shape[0] == BRANCHES:
        row0, row1, row2, row3 = rows[0], rows[1], rows[2], rows[3]
        for b in range(out.size):
            out[b] = row0[b] + row1[b] + row2[b] + row3[b]
    else:
        for b in range(out.size):
            out[b] = rows[0, b]
        for r in range(1, rows.shape[0]):
            row = rows[r]
            for b in range(out.size):
                out[b] += row[b]


@helper
def first_not_finite(rows, roots, count):
    """The first of `count` estimates whose sum over components is not finite, or -1."""
    for r in roots:
        total = np.zeros(2)
        add_row(rows[r], total)
        if not np.isfinite(total[0]):
            for b in range(min(count, rows.shape[1])):
                if not np.isfinite(rows[r, b]):
                    return b
    return -1
