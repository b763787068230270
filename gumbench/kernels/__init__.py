"""Compiled code: every Numba decorator, intrinsic and flag of the package is in this folder."""
