"""What faulty.py imports."""

import numba


@numba.njit
def raising_helper(a):
    if a > 2:
        raise ValueError("too large")
    return a
