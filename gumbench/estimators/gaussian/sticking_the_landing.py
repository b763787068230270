"""Sticking the landing: pathwise for an ELBO, without the score that has mean zero."""

from gumbench.kernels.blocks import gaussian
from gumbench.kernels.compiler.arrays import empty_like
from gumbench.types import Cost, Estimator, Noise


def kernel(noise, temperature, prepared, objective, out, theta_gradient):
    normals = noise.by_category[0]
    z = empty_like(normals)
    g = empty_like(z)
    gaussian.sample(objective.dist_params, normals, z)
    objective.gradient(z, objective.theta, objective.data, g)
    gaussian.path(normals, g, out)


ESTIMATOR = Estimator(
    family="gaussian",
    kernel=kernel,
    methods=("pathwise",),
    aliases=("stl",),
    formula="∂f/∂z by the mean, ∂f/∂z ε by the scale, without ∂f/∂θ at fixed z",
    use="An ELBO whose approximation is close to its posterior.",
    papers=("roeder2017",),
    unbiased=True,
    path=True,
    needs=("gradient", "score_direct"),
    noise=lambda k: [Noise("normal")],
    cost=lambda sizes: Cost(gradients=1),
)
