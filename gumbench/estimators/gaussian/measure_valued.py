"""Measure-valued: f at a sample of the positive part of ∂p/∂θ less f at one of the negative."""

import math

import numpy as np

from gumbench.kernels.blocks import gaussian, simplex
from gumbench.kernels.compiler.arrays import empty, empty_like
from gumbench.kernels.compiler.jit import helper
from gumbench.types import Cost, Estimator, Noise

RAYLEIGH_MASS = 1.0 / math.sqrt(2.0 * math.pi)


@helper
def difference(z, v, up, down, objective, weight, out):
    """out (block,) = weight (f at μ + σ up less f at μ + σ down), in dimension v of z alone."""
    mean, scale = objective.dist_params[0, v], objective.dist_params[1, v]
    kept, other = empty(out.shape, out.dtype), empty(out.shape, out.dtype)
    for b in range(out.size):
        kept[b], z[v, 0, b] = z[v, 0, b], mean + scale * up[b]
    objective.value(z, objective.theta, objective.data, out)
    for b in range(out.size):
        z[v, 0, b] = mean + scale * down[b]
    objective.value(z, objective.theta, objective.data, other)
    for b in range(out.size):
        out[b], z[v, 0, b] = weight * (out[b] - other[b]), kept[b]


def kernel(noise, temperature, prepared, objective, out, theta_gradient):
    real, coupled, x = out.dtype.type, prepared[0] > 0, noise.by_category
    z, up = empty_like(x[0]), empty((out.shape[2],), out.dtype)
    down = empty_like(up)
    gaussian.sample(objective.dist_params, x[0], z)
    simplex.add_direct(z, objective, real(1.0), theta_gradient)
    for v in range(out.shape[1]):
        inverse = real(1.0) / objective.dist_params[1, v]
        for b in range(up.size):
            # Rayleigh numbers.
            up[b] = np.sqrt(real(2.0) * x[1, v, 0, b])
            down[b] = -up[b] if coupled else -np.sqrt(real(2.0) * x[2, v, 0, b])
        difference(z, v, up, down, objective, real(RAYLEIGH_MASS) * inverse, out[0, v])
        for b in range(up.size):
            # A double-sided Maxwell number; times a uniform one it is normal.
            normal = x[4, v, 0, b]
            length = np.sqrt(real(2.0) * x[3, v, 0, b] + normal * normal)
            up[b] = length if normal > real(0.0) else -length
            down[b] = x[5, v, 0, b] * up[b] if coupled else x[6, v, 0, b]
        difference(z, v, up, down, objective, inverse, out[1, v])


NOISE = ("normal", "exponential", "exponential", "exponential", "normal", "uniform", "normal")
ESTIMATOR = Estimator(
    family="gaussian",
    kernel=kernel,
    prepare=lambda preparation: np.array([float(preparation.settings["coupled"])]),
    methods=("measure-valued",),
    aliases=("mvd", "weak-derivative"),
    formula="(f(μ + σW) - f(μ - σW))/(σ √(2π)) by the mean, W Rayleigh; (f(μ + σM) - f(μ + σUM))/σ "
    "by the scale, M double-sided Maxwell, U uniform; not coupled: W, and UM, are drawn anew",
    use="Where f has no derivative and few dimensions.",
    papers=("pflug1989", "mohamed2020"),
    unbiased=True,
    settings={"coupled": True},
    noise=lambda k: [Noise(kind) for kind in NOISE],
    cost=lambda sizes: Cost(values=4 * sizes.variables),
)
