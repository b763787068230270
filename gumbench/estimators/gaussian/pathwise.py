"""Pathwise, the re-parameterization trick: differentiate through z = μ + σ ε."""

from gumbench.kernels import gaussian, simplex
from gumbench.kernels.arrays import empty_like
from gumbench.types import Estimator


def kernel(normals, temperature, prepared, objective, out, extra):
    z = empty_like(normals[0])
    g = empty_like(z)
    gaussian.sample(objective.natural, normals[0], z)
    objective.gradient(z, objective.theta, objective.data, g)
    gaussian.path(normals[0], g, out)
    simplex.add_direct(z, objective, out.dtype.type(1.0), extra)


ESTIMATOR = Estimator(
    family="gaussian",
    kernel=kernel,
    aliases=("reparameterization", "reparam"),
    formula="∂f/∂z by the mean, ∂f/∂z ε by the scale, plus ∂f/∂θ at fixed z",
    paper="Glasserman 1991; Kingma and Welling 2014; Rezende et al. 2014",
    unbiased=True,
    path=True,
    needs=("gradient",),
    evaluations=lambda k, v, c: 0,
    gradient_evaluations=lambda k, v, c: 1,
)
