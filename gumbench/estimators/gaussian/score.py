"""Score function, REINFORCE: weigh the score of the sample by f."""

import numpy as np

from gumbench.kernels.blocks import gaussian, simplex
from gumbench.kernels.compiler.arrays import empty, empty_like
from gumbench.types import Cost, Estimator, Noise


def kernel(noise, temperature, prepared, objective, out, theta_gradient):
    normals = noise.by_category[0]
    z = empty_like(normals)
    f = empty((z.shape[2],), out.dtype)
    no_baseline = np.zeros(objective.dist_params.shape, out.dtype)
    gaussian.sample(objective.dist_params, normals, z)
    objective.value(z, objective.theta, objective.data, f)
    gaussian.score(objective.dist_params, normals, f, no_baseline, out)
    simplex.add_direct(z, objective, out.dtype.type(1.0), theta_gradient)


ESTIMATOR = Estimator(
    family="gaussian",
    kernel=kernel,
    methods=("score",),
    aliases=("reinforce", "score-function", "likelihood-ratio"),
    formula="f(z) ε/σ by the mean, f(z) (ε² - 1)/σ by the scale",
    use="Where f has no derivative, or oscillates faster than z varies.",
    papers=("glynn1990", "williams1992"),
    unbiased=True,
    noise=lambda k: [Noise("normal")],
    cost=lambda sizes: Cost(values=1, at_draws=True),
)
