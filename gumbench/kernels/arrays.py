"""Arrays that compiled code works in."""

import copy
import math

import numpy as np
from llvmlite import ir
from numba.core import cgutils, types
from numba.np import arrayobj

from gumbench.kernels.jit import helper
from gumbench.kernels.vectors import intrinsic

LINE = 64


@intrinsic
def empty(context, shape, dtype):
    """`np.empty` of a tuple, from the start of a cache line on.

    Numba aligns to half a line, and every second vector of 512 bits then lies in two.
    """
    kind = types.Array(dtype.dtype, len(shape), "C")

    def codegen(context, builder, signature, arguments):
        aligning = copy.copy(context)
        aligning.get_preferred_array_alignment = lambda dtype: LINE
        lengths = cgutils.unpack_tuple(builder, arguments[0])
        return arrayobj._empty_nd_impl(aligning, builder, kind, lengths)._getvalue()

    return kind(types.UniTuple(types.intp, len(shape)), dtype), codegen


def zeros(shape):
    """`np.zeros` of a tuple, from the start of a cache line on, for Python."""
    items = np.zeros(math.prod(shape) + LINE // 8)
    start = -items.ctypes.data % LINE // 8
    return items[start : start + math.prod(shape)].reshape(shape)


@helper
def empty_like(x):
    """`np.empty_like`, from the start of a cache line on."""
    return empty(x.shape, x.dtype)


@intrinsic
def _prefetch_line(context, row, place):
    """Ask for the cache line of an item of a row."""

    def codegen(context, builder, signature, arguments):
        data = context.make_array(signature.args[0])(context, builder, arguments[0]).data
        where, flag = ir.IntType(8).as_pointer(), ir.IntType(32)
        kind = ir.FunctionType(ir.VoidType(), [where, flag, flag, flag])
        ask = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0")
        item = builder.bitcast(builder.gep(data, [arguments[1]]), where)
        # To read, and to keep, of data.
        builder.call(ask, [item, flag(0), flag(3), flag(1)])
        return context.get_dummy_value()

    return types.void(row, place), codegen


@helper
def prefetch(row, start, stop):
    """Ask for items start to stop of a row, which arrive while others are worked on."""
    for place in range(start, stop, LINE // row.itemsize):
        _prefetch_line(row, place)
