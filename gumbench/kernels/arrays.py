"""Arrays that compiled code works in."""

import numpy as np
from llvmlite import ir
from numba.core import cgutils, types

from gumbench.kernels.jit import helper
from gumbench.kernels.vectors import intrinsic

LINE = 64


@helper
def empty(shape, dtype):
    """`np.empty` of a tuple, from the start of a cache line on.

    Numba aligns to half a line, and every second vector of 512 bits then lies in two.
    """
    size = 1
    for length in shape:
        size *= length
    items = np.empty(size + LINE, dtype)
    start = (-items.ctypes.data % LINE) // items.itemsize
    return items[start : start + size].reshape(shape)


def zeros(shape):
    """`np.zeros` of a tuple, from the start of a cache line on, for Python."""
    out = empty.py_func(shape, np.float64)
    out[...] = 0.0
    return out


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
