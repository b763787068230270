"""Sums of estimates and of their squares, in float64 around a shift.

Estimates are summed in chunks of 16 by one fixed tree, chunk after chunk, so the bits depend on
neither the block nor the vector width.
"""

import numpy as np
from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic

from gumbench.kernels.jit import helper, inlined

CHUNK = 16


def _halves(builder, vector, lanes):
    """The two halves of a vector whose first and second half hold different sums."""
    undefined = ir.Constant(vector.type, ir.Undefined)
    quarter = lanes // 4
    first = [*range(quarter), *range(2 * quarter, 3 * quarter)]

    def pick(lanes):
        mask = ir.Constant(ir.VectorType(ir.IntType(32), len(lanes)), lanes)
        return builder.shuffle_vector(vector, undefined, mask)

    return pick(first), pick([i + quarter for i in first])


@intrinsic
def chunk_sums(context, row, start, shift):
    """Σ (x - shift) and Σ (x - shift)² over the 16 items of a row from `start`, in float64."""
    pair = types.UniTuple(types.float64, 2)

    def codegen(context, builder, signature, arguments):
        kind = signature.args[0]
        array = context.make_array(kind)(context, builder, arguments[0])
        item = context.get_data_type(kind.dtype)
        double = ir.DoubleType()
        pointer = builder.gep(array.data, [arguments[1]])
        pointer = builder.bitcast(pointer, ir.VectorType(item, CHUNK).as_pointer())
        x = builder.load(pointer)
        x.align = kind.dtype.bitwidth // 8
        wide = ir.VectorType(double, CHUNK)
        if kind.dtype == types.float32:
            x = builder.fpext(x, wide)
        one = ir.Constant(ir.VectorType(double, 1), ir.Undefined)
        one = builder.insert_element(one, arguments[2], ir.IntType(32)(0))
        zeros = ir.Constant(ir.VectorType(ir.IntType(32), CHUNK), [0] * CHUNK)
        undefined = ir.Constant(one.type, ir.Undefined)
        x = builder.fsub(x, builder.shuffle_vector(one, undefined, zeros))

        def join(a, b):
            lanes = a.type.count + b.type.count
            mask = ir.Constant(ir.VectorType(ir.IntType(32), lanes), list(range(lanes)))
            return builder.shuffle_vector(a, b, mask)

        def part(lanes):
            mask = ir.Constant(ir.VectorType(ir.IntType(32), len(lanes)), list(lanes))
            return builder.shuffle_vector(x, ir.Constant(x.type, ir.Undefined), mask)

        low, high = part(range(8)), part(range(8, 16))
        squares = builder.fadd(builder.fmul(low, low), builder.fmul(high, high))
        both = join(builder.fadd(low, high), squares)
        for lanes in (16, 8, 4):
            both = builder.fadd(*_halves(builder, both, lanes))
        items = [builder.extract_element(both, ir.IntType(32)(i)) for i in (0, 1)]
        return context.make_tuple(builder, pair, items)

    return pair(row, types.intp, types.float64), codegen


@inlined
def add_row(row, shift, sums):
    """Add the sums of one row (a multiple of 16 items) to `sums` (2,)."""
    first, second = sums[0], sums[1]
    for start in range(0, row.size, CHUNK):
        a, b = chunk_sums(row, start, shift)
        first += a
        second += b
    sums[0] = first
    sums[1] = second


@helper
def add_estimates(estimates, shift, sums):
    """Add estimates (parameters, block) to `sums` (parameters, 2) around `shift` (parameters,)."""
    for p in range(estimates.shape[0]):
        add_row(estimates[p], shift[p], sums[p])


@helper
def group_rows(estimates, grouping, rows):
    """Signed sums of groups of components, and of groups of groups: rows (rows, block), float64."""
    leaves, block = grouping.first_member.size - 1, estimates.shape[1]
    for leaf in range(leaves):
        row = rows[leaf]
        row[:] = -grouping.leaf_shift[leaf]
        first, last = grouping.first_member[leaf], grouping.first_member[leaf + 1]
        for m in range(first, last - 1, 2):
            p, q = grouping.member[m], grouping.member[m + 1]
            a, sign_a = estimates[p], grouping.sign[p]
            c, sign_c = estimates[q], grouping.sign[q]
            for b in range(block):
                row[b] += sign_a * np.float64(a[b]) + sign_c * np.float64(c[b])
        if (last - first) & 1:
            p = grouping.member[last - 1]
            a, sign_a = estimates[p], grouping.sign[p]
            for b in range(block):
                row[b] += sign_a * np.float64(a[b])
    for i in range(grouping.first_child.size):
        row = rows[leaves + i]
        row[:] = 0.0
        for child in range(grouping.first_child[i], grouping.last_child[i]):
            for b in range(block):
                row[b] += rows[child, b]


@helper
def first_not_finite(rows, roots, count):
    """The first of `count` estimates whose sum over components is not finite, or -1."""
    for r in roots:
        total = np.zeros(2)
        add_row(rows[r], 0.0, total)
        if not np.isfinite(total[0]):
            for b in range(count):
                if not np.isfinite(rows[r, b]):
                    return b
    return -1
