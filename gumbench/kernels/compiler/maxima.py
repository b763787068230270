"""Intrinsics for maxima, without the masked stores that LLVM makes of `if a > b`.

That is a slow thing on some processors.
"""

import numpy as np
from llvmlite import ir
from numba.core import types

from gumbench.kernels.compiler.jit import helper
from gumbench.kernels.compiler.vectors import declared, intrinsic, load, pick, store

LARGEST_OF = 16
# Maxima that one step makes: of fours, and of so many items for each of LARGEST_OF.
FOURS, EACH = 16, 8


def _larger(builder, x, y):
    """The larger of two numbers, or of every two of two vectors, none of them NaN."""
    of_vector = isinstance(x.type, ir.VectorType)
    item = x.type.element if of_vector else x.type
    lanes = f"v{x.type.count}" if of_vector else ""
    if isinstance(item, ir.IntType):
        name, flags = f"llvm.smax.{lanes}i{item.width}", ()
    else:
        name = f"llvm.maxnum.{lanes}f{32 if item == ir.FloatType() else 64}"
        flags = ("nnan",)
    return builder.call(declared(builder, name, x.type, [x.type] * 2), [x, y], fastmath=flags)


@intrinsic
def larger(context, x, y):
    """The larger of two numbers of one type, or of every two of two vectors; none of them NaN."""

    def codegen(context, builder, signature, arguments):
        return _larger(builder, *arguments)

    return x(x, x), codegen


def _larger_of_pairs(builder, x):
    """The larger of items 0 and 1 of a vector, of 2 and 3, ..."""
    return _larger(builder, *(pick(builder, x, range(i, x.type.count, 2)) for i in (0, 1)))


@intrinsic
def largest(context, row):
    """The largest of the first LARGEST_OF floats of a row, none of them NaN."""

    def codegen(context, builder, signature, arguments):
        x = load(context, builder, row, arguments[0], ir.IntType(64)(0), LARGEST_OF)
        while x.type.count > 1:
            x = _larger_of_pairs(builder, x)
        return builder.extract_element(x, ir.IntType(32)(0))

    return row.dtype(row), codegen


@intrinsic
def largest_of_fours(context, row, start, out, place):
    """out[place + i] = the largest of four floats from row[start + 4i], for i below FOURS.

    None of them is NaN. out is float32.
    """

    def codegen(context, builder, signature, arguments):
        x = load(context, builder, row, *arguments[:2], 4 * FOURS)
        x = _larger_of_pairs(builder, _larger_of_pairs(builder, x))
        if row.dtype == types.float64:
            x = builder.fptrunc(x, ir.VectorType(ir.FloatType(), FOURS))
        store(context, builder, x, out, *arguments[2:])
        return context.get_dummy_value()

    return types.void(row, start, out, place), codegen


@intrinsic
def keep_largest(context, row, start, out):
    """out[j] = the largest of it and of row[start + j + i LARGEST_OF], for i below EACH.

    None of them is NaN; out has LARGEST_OF floats.
    """

    def codegen(context, builder, signature, arguments):
        row_array, start, out_array = arguments
        x = load(context, builder, row, row_array, start, EACH * LARGEST_OF)
        while x.type.count > LARGEST_OF:
            half = x.type.count // 2
            x = _larger(builder, *(pick(builder, x, range(i, i + half)) for i in (0, half)))
        before = load(context, builder, out, out_array, start.type(0), LARGEST_OF)
        store(context, builder, _larger(builder, x, before), out, out_array, start.type(0))
        return context.get_dummy_value()

    return types.void(row, start, out), codegen


@helper
def largest_of_row(row, top):
    """The largest of any number of floats, none of them NaN; top (LARGEST_OF,) is overwritten."""
    for j in range(LARGEST_OF):
        top[j] = -np.inf
    whole = row.size // (EACH * LARGEST_OF) * (EACH * LARGEST_OF)
    for start in range(0, whole, EACH * LARGEST_OF):
        keep_largest(row, start, top)
    found = largest(top)
    for i in range(whole, row.size):
        found = max(found, row[i])
    return found
