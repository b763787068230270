"""Arrays that compiled code works in."""

import numpy as np

from gumbench.kernels.jit import helper

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
