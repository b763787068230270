"""Randomised quasi-Monte Carlo: pathwise at the points of a Sobol net, scrambled anew each time."""

import numpy as np

from gumbench.kernels.blocks import gaussian, quasi_random, simplex
from gumbench.kernels.compiler.arrays import empty, empty_like
from gumbench.types import Cost, Estimator, InnerSamples, Noise

MOST_POINTS, MOST_DIMENSIONS = 4096, 21_201


def kernel(noise, temperature, prepared, objective, out, theta_gradient):
    levels, variables, block = int(prepared[0]), out.shape[1], out.shape[2]
    points = prepared[1:].reshape((1 << levels, variables))
    share = out.dtype.type(1.0 / points.shape[0])
    inside, uniforms = noise.by_variable[: points.shape[0]], noise.by_variable[points.shape[0] :]
    swaps = empty(uniforms.shape, np.int32)
    quasi_random.random_bits(uniforms, swaps)
    normals = empty((variables, 1, block), out.dtype)
    z, g, term = empty_like(normals), empty_like(normals), empty_like(out)
    out[:] = out.dtype.type(0.0)
    for k in range(points.shape[0]):
        quasi_random.scrambled_normals(points[k], levels, swaps, inside[k], normals)
        gaussian.sample(objective.dist_params, normals, z)
        objective.gradient(z, objective.theta, objective.data, g)
        gaussian.path(normals, g, term)
        simplex.add_weighted(term, share, out)
        simplex.add_direct(z, objective, share, theta_gradient)


def prepare(preparation):
    """log2 N, then the Sobol points as whole numbers below N."""
    # It takes half a second to import.
    from scipy.stats import qmc

    levels = preparation.inner_samples.bit_length() - 1
    points = qmc.Sobol(preparation.bound.problem.shape[0], scramble=False).random_base2(levels)
    return np.append(levels, points * (1 << levels))


def refuse(samples, problem):
    """N points lie evenly where N is a power of two; Sobol points have so many dimensions."""
    if problem.shape[0] > MOST_DIMENSIONS:
        return f"at most {MOST_DIMENSIONS:,} dimensions for its"
    wrong = samples & (samples - 1) or samples > MOST_POINTS
    return f"a power of two up to {MOST_POINTS:,}" if wrong else ""


ESTIMATOR = Estimator(
    family="gaussian",
    kernel=kernel,
    prepare=prepare,
    methods=("pathwise", "quasi-monte-carlo"),
    aliases=("rqmc",),
    formula="(1/N) Σ_k ∂f/∂z (1, ε_k),  ε = Φ⁻¹(u), u N scrambled Sobol points",
    use="Where f is smooth, of few dimensions, and many evaluations are made at one θ.",
    papers=("buchholz2018", "owen1995"),
    unbiased=True,
    path=True,
    inner_samples=InnerSamples(2, 64, refuse, shares_estimates=True),
    needs=("gradient",),
    noise=lambda k: [Noise("uniform", per="variable")] * (k + -(-k // quasi_random.BITS)),
    cost=lambda sizes: Cost(gradients=sizes.inner_samples),
)
