"""Operations on the values of f at the inner samples of one estimate."""

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
