"""Sticking the landing: pathwise for an ELBO, without the score that has mean zero."""

from gumbench.kernels import gaussian
from gumbench.kernels.arrays import empty_like
from gumbench.types import Estimator


def kernel(normals, temperature, prepared, objective, out, extra):
    z = empty_like(normals[0])
    g = empty_like(z)
    gaussian.sample(objective.natural, normals[0], z)
    objective.gradient(z, objective.theta, objective.data, g)
    gaussian.path(normals[0], g, out)


ESTIMATOR = Estimator(
    family="gaussian",
    kernel=kernel,
    aliases=("stl",),
    formula="∂f/∂z by the mean, ∂f/∂z ε by the scale, without ∂f/∂θ at fixed z",
    paper="Roeder et al. 2017",
    unbiased=True,
    path=True,
    needs=("gradient", "score_direct"),
    evaluations=lambda k, v, c: 0,
    gradient_evaluations=lambda k, v, c: 1,
)
