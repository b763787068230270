"""Score function, REINFORCE: weigh the score of the sample by f."""

import numpy as np

from gumbench.kernels import gaussian, simplex
from gumbench.kernels.arrays import empty, empty_like
from gumbench.types import Estimator


def kernel(normals, temperature, prepared, objective, out, extra):
    z = empty_like(normals[0])
    f = empty((z.shape[2],), out.dtype)
    no_baseline = np.zeros(objective.natural.shape, out.dtype)
    gaussian.sample(objective.natural, normals[0], z)
    objective.value(z, objective.theta, objective.data, f)
    gaussian.score(objective.natural, normals[0], f, no_baseline, out)
    simplex.add_direct(z, objective, out.dtype.type(1.0), extra)


ESTIMATOR = Estimator(
    family="gaussian",
    kernel=kernel,
    aliases=("reinforce", "score-function", "likelihood-ratio"),
    formula="f(z) ε/σ by the mean, f(z) (ε² - 1)/σ by the scale",
    paper="Glynn 1990; Williams 1992",
    unbiased=True,
    evaluations=lambda k, v, c: 1,
)
