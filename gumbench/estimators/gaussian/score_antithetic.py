"""Score function at a sample and its mirror image; by the mean, two-sided evolution strategies."""

import numpy as np

from gumbench.kernels.blocks import gaussian, simplex
from gumbench.kernels.compiler.arrays import empty, empty_like
from gumbench.types import Cost, Estimator, Noise


def kernel(noise, temperature, prepared, objective, out, theta_gradient):
    normals, half = noise.by_category[0], out.dtype.type(0.5)
    z, mirrored = empty_like(normals), empty_like(normals)
    f, other = empty((out.shape[2],), out.dtype), empty((out.shape[2],), out.dtype)
    no_baseline = np.zeros(objective.dist_params.shape, out.dtype)
    gaussian.sample_pair(objective.dist_params, normals, z, mirrored)
    objective.value(z, objective.theta, objective.data, f)
    objective.value(mirrored, objective.theta, objective.data, other)
    for b in range(f.size):
        f[b], other[b] = half * (f[b] - other[b]), half * (f[b] + other[b])
    # The score is odd in ε by the mean and even by the scale.
    gaussian.score_of_two(objective.dist_params, normals, f, other, no_baseline, out)
    simplex.add_direct(z, objective, half, theta_gradient)
    simplex.add_direct(mirrored, objective, half, theta_gradient)


ESTIMATOR = Estimator(
    family="gaussian",
    kernel=kernel,
    methods=("score", "antithetic"),
    aliases=("evolution", "es", "spsa"),
    formula="½ (f(μ + σε) - f(μ - σε)) ε/σ by the mean, ½ (f(μ + σε) + f(μ - σε)) (ε² - 1)/σ by "
    "the scale",
    use="Where f has no derivative: evolution strategies, by the mean.",
    papers=("geweke1988", "salimans2017"),
    unbiased=True,
    noise=lambda k: [Noise("normal")],
    cost=lambda sizes: Cost(values=2, at_draws=True),
)
