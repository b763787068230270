"""Double control variates: each of two draws less the other's first-order expansion of f.

With ∇f at the other draw D', (f(D) - α ∇f(D')ᵀ (D - p)) (D - p) has the mean of f(D) (D - p) less
α J(p) ∇f(D'), which is added; and each weight is less that of the other draw, as in score-loo.
"""

import numpy as np

from gumbench.distributions.categorical import probability_table
from gumbench.kernels.blocks import simplex
from gumbench.kernels.compiler.arrays import empty, empty_like
from gumbench.types import Cost, Estimator, Noise


def kernel(noise, temperature, prepared, objective, out, theta_gradient):
    draws, alpha, p = noise.draws, prepared[0], prepared[1:]
    half = out.dtype.type(0.5)
    f, linear = empty((2, out.shape[2]), out.dtype), empty((2, out.shape[2]), out.dtype)
    g, slope = empty_like(out), empty_like(out)
    simplex.values_of_draws(draws, objective, out.shape[1], f, theta_gradient)
    simplex.gradient_of_draw(draws[1], objective, slope)
    simplex.inner_with_score(p, draws[0], slope, linear[0])
    simplex.gradient_of_draw(draws[0], objective, g)
    simplex.inner_with_score(p, draws[1], g, linear[1])
    for b in range(f.shape[1]):
        difference = (f[0, b] - f[1, b]) - alpha * (linear[0, b] - linear[1, b])
        f[0, b], f[1, b] = half * difference, -half * difference
    simplex.centered_score(draws, f, out)
    simplex.add_weighted(slope, out.dtype.type(1.0), g)
    simplex.expectation_pullback(p, g, slope)
    simplex.add_weighted(slope, half * alpha, out)


def prepare(preparation):
    return np.append(preparation.settings["alpha"], probability_table(preparation))


ESTIMATOR = Estimator(
    family="categorical",
    kernel=kernel,
    prepare=prepare,
    methods=("score",),
    aliases=("double-control-variates",),
    formula="½ (f(D) - α ∇f(D')ᵀ (D - p) - f(D') + α ∇f(D)ᵀ (D' - p)) (D - D') + ½ α J(p) "
    "(∇f(D) + ∇f(D'))",
    use="Where ∂f/∂x exists, no bias is acceptable, and f is close to linear.",
    papers=("titsias2022",),
    unbiased=True,
    needs=("gradient",),
    settings={"alpha": 1.0},
    noise=lambda k: [Noise("draw")] * 2,
    cost=lambda sizes: Cost(values=2, gradients=2),
)
