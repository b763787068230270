"""Pathwise, the re-parameterization trick: differentiate through z = μ + σ ε."""

from gumbench.kernels.blocks import gaussian, simplex
from gumbench.kernels.compiler.arrays import empty_like
from gumbench.types import Cost, Estimator, Noise


def kernel(noise, temperature, prepared, objective, out, theta_gradient):
    normals = noise.by_category[0]
    z = empty_like(normals)
    g = empty_like(z)
    gaussian.sample(objective.dist_params, normals, z)
    objective.gradient(z, objective.theta, objective.data, g)
    gaussian.path(normals, g, out)
    simplex.add_direct(z, objective, out.dtype.type(1.0), theta_gradient)


ESTIMATOR = Estimator(
    family="gaussian",
    kernel=kernel,
    methods=("pathwise",),
    aliases=("reparameterization", "reparam"),
    formula="∂f/∂z by the mean, ∂f/∂z ε by the scale, plus ∂f/∂θ at fixed z",
    use="Where f is differentiable: the first to try.",
    papers=("glasserman1991", "kingma2014", "rezende2014"),
    unbiased=True,
    path=True,
    needs=("gradient",),
    noise=lambda k: [Noise("normal")],
    cost=lambda sizes: Cost(gradients=1),
)
