"""KL divergence of a Gaussian from the standard normal, as an expectation."""

import numpy as np

from gumbench.distributions.gaussian import Mean, Scale, of_mean_and_scale
from gumbench.kernels.blocks import gaussian
from gumbench.kernels.compiler import elementary
from gumbench.types import problem


def value(x, theta, data, out):
    real = out.dtype.type
    half = real(0.5)
    variables = x.shape[0]
    out[:] = real(0.0)
    for v in range(variables):
        mean, scale, z = theta[v], theta[variables + v], x[v, 0]
        inverse, log_scale = real(1.0) / scale, elementary.log(scale)
        for b in range(z.size):
            standard = (z[b] - mean) * inverse
            out[b] += half * (z[b] * z[b] - standard * standard) - log_scale


def gradient(x, theta, data, out):
    variables = x.shape[0]
    for v in range(variables):
        mean, scale = theta[v], theta[variables + v]
        inverse = x.dtype.type(1.0) / (scale * scale)
        z, row = x[v, 0], out[v, 0]
        for b in range(z.size):
            row[b] = z[b] - (z[b] - mean) * inverse


def direct(x, theta, data, out):
    gaussian.log_density_by_theta(x, theta, x.dtype.type(1.0), out)


def truth(theta, data):
    mean, scale = np.split(theta, 2)
    return np.concatenate([mean, scale - 1 / scale])


@problem(family="gaussian", symbol="d", dimensions=(1, 16, 256))
def make(
    dimension,
    *,
    mu: Mean = 1.0,
    sigma: Scale = 0.5,
):
    """KL(N(μ, σ²) ‖ N(0, 1)) = E_q[log q(z) - log p(z)] in each of d dimensions.

    f contains the parameters: pathwise adds ∂f/∂θ at fixed z, sticking the landing leaves it out,
    score forms need it not, for its mean is zero. The gradient is μ by the mean and σ - 1/σ by
    the scale. At σ = 1 it is degenerate: the gradient by the scale is 0, and sticking the landing
    has no variance.
    """
    return of_mean_and_scale(
        dimension,
        mu,
        sigma,
        value=value,
        gradient=gradient,
        direct=direct,
        direct_is_score=True,
        truth=truth,
    )
