"""Scratch arrays of compiled code, aligned to cache lines: empty, zeros, empty_like."""

import copy
import math

import numpy as np
from numba.core import cgutils, types
from numba.np import arrayobj

from gumbench.kernels.compiler.jit import helper
from gumbench.kernels.compiler.vectors import intrinsic

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
