"""Score function with the constant baseline that makes each component's variance least: an oracle,
for that constant rests on the mean of f under other weights."""

import numpy as np

from gumbench.families.gaussian import sample
from gumbench.kernels import gaussian, simplex
from gumbench.kernels.arrays import empty, empty_like
from gumbench.types import Estimator

PILOT_ESTIMATES = 65_536


def kernel(normals, temperature, prepared, objective, out, extra):
    z = empty_like(normals[0])
    f = empty((z.shape[2],), out.dtype)
    gaussian.sample(objective.natural, normals[0], z)
    objective.value(z, objective.theta, objective.data, f)
    baseline = prepared.reshape(objective.natural.shape)
    gaussian.score(objective.natural, normals[0], f, baseline, out)
    simplex.add_direct(z, objective, out.dtype.type(1.0), extra)


def prepare(bound, seed, settings):
    """E[f s²] / E[s²] of each component of the score s, from a pilot."""
    weighted_f = np.zeros(bound.natural.shape)
    weight = np.zeros(bound.natural.shape)
    for random in bound.pilot(seed, PILOT_ESTIMATES):
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
    oracle=True,
    formula="(f(z) - c*) s,  c* = E[f s²] / E[s²],  s the score of a component",
    paper="Weaver and Tao 2001; Greensmith et al. 2004",
    unbiased=True,
    evaluations=lambda k, v, c: 1,
)
