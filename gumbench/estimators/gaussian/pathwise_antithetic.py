"""Pathwise at a sample and at its mirror image."""

from gumbench.kernels.blocks import gaussian, simplex
from gumbench.kernels.compiler.arrays import empty_like
from gumbench.types import Cost, Estimator, Noise


def kernel(noise, temperature, prepared, objective, out, theta_gradient):
    normals, half = noise.by_category[0], out.dtype.type(0.5)
    z, mirrored, g, other = (
        empty_like(normals),
        empty_like(normals),
        empty_like(normals),
        empty_like(normals),
    )
    gaussian.sample_pair(objective.dist_params, normals, z, mirrored)
    objective.gradient(z, objective.theta, objective.data, g)
    objective.gradient(mirrored, objective.theta, objective.data, other)
    for v in range(out.shape[1]):
        for b in range(out.shape[2]):
            epsilon, first, second = normals[v, 0, b], g[v, 0, b], other[v, 0, b]
            out[0, v, b] = half * (first + second)
            out[1, v, b] = half * (first - second) * epsilon
    simplex.add_direct(z, objective, half, theta_gradient)
    simplex.add_direct(mirrored, objective, half, theta_gradient)


ESTIMATOR = Estimator(
    family="gaussian",
    kernel=kernel,
    methods=("pathwise", "antithetic"),
    formula="½ (∂f/∂z(μ + σε) + ∂f/∂z(μ - σε)) by the mean, ½ (∂f/∂z(μ + σε) - ∂f/∂z(μ - σε)) ε by "
    "the scale, plus the mean of ∂f/∂θ at fixed z",
    use="Where f is close to quadratic: by the mean little variance is left.",
    papers=("hammersley1956",),
    unbiased=True,
    path=True,
    needs=("gradient",),
    noise=lambda k: [Noise("normal")],
    cost=lambda sizes: Cost(gradients=2),
)
