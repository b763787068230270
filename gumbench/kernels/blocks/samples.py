"""Operations on the values of f at the inner samples of one estimate."""

import math

from gumbench.kernels.compiler.jit import helper


@helper
def leave_one_out(f):
    """Replace f (samples, block) by (1/K) (f_k - mean of the others) = (f_k - mean) / (K - 1)."""
    real = f.dtype.type
    samples = f.shape[0]
    inverse, scale = real(1.0) / real(samples), real(1.0) / real(samples - 1)
    for b in range(f.shape[1]):
        mean = real(0.0)
        for k in range(samples):
            mean += f[k, b]
        mean *= inverse
        for k in range(samples):
            f[k, b] = (f[k, b] - mean) * scale


@helper
def standardize(f, ddof, rounding):
    """Replace f (samples, block) by (1/K) (f_k - mean) / s, 0 where all f are equal.

    rounding : the share of f by which equal ones may differ
    """
    real = f.dtype.type
    samples, zero = f.shape[0], real(0.0)
    inverse, degrees = real(1.0) / real(samples), real(samples) - ddof
    for b in range(f.shape[1]):
        # Less the first one: rounding of the mean would pass for a difference of equal values.
        first, mean, square = f[0, b], zero, zero
        equal = samples * (rounding * first) * (rounding * first)
        for k in range(samples):
            f[k, b] -= first
            mean += f[k, b] * inverse
        for k in range(samples):
            f[k, b] -= mean
            square += f[k, b] * f[k, b]
        scale = inverse / math.sqrt(square / degrees) if square > equal else zero
        for k in range(samples):
            f[k, b] *= scale
