"""Score function with a constant baseline of least variance for each component, an oracle's."""

import numpy as np

from gumbench.distributions.gaussian import sample
from gumbench.kernels.blocks import gaussian, simplex
from gumbench.kernels.compiler.arrays import empty, empty_like
from gumbench.types import Cost, Estimator, Noise

PILOT_ESTIMATES = 65_536


def kernel(noise, temperature, prepared, objective, out, theta_gradient):
    normals = noise.by_category[0]
    z = empty_like(normals)
    f = empty((z.shape[2],), out.dtype)
    gaussian.sample(objective.dist_params, normals, z)
    objective.value(z, objective.theta, objective.data, f)
    baseline = prepared.reshape(objective.dist_params.shape)
    gaussian.score(objective.dist_params, normals, f, baseline, out)
    simplex.add_direct(z, objective, out.dtype.type(1.0), theta_gradient)


def prepare(preparation):
    """E[f s²] / E[s²] of each component of the score s, from a pilot."""
    bound = preparation.bound
    weighted_f = np.zeros(bound.dist_params.shape)
    weight = np.zeros(bound.dist_params.shape)
    for random in preparation.pilot(PILOT_ESTIMATES):
        f = bound.value(sample(bound, random)).astype(np.float64)
        epsilon = random[:, 0, :].astype(np.float64)
        for row, s in enumerate((epsilon, epsilon**2 - 1)):
            weighted_f[row] += (f * s**2).sum(axis=1)
            weight[row] += (s**2).sum(axis=1)
    return (weighted_f / weight).ravel()


ESTIMATOR = Estimator(
    family="gaussian",
    kernel=kernel,
    prepare=prepare,
    methods=("score",),
    oracle=True,
    formula="(f(z) - c*) s,  c* = E[f s²] / E[s²],  s the score of a component",
    use="To see what no constant baseline can beat.",
    papers=("weaver2001", "greensmith2004"),
    unbiased=True,
    noise=lambda k: [Noise("normal")],
    cost=lambda sizes: Cost(values=1, at_draws=True),
)
