"""GRPO: f at K draws less their mean, divided by their standard deviation."""

import numpy as np
from pydantic import Field

from gumbench.kernels.blocks import simplex
from gumbench.kernels.blocks.samples import standardize
from gumbench.kernels.compiler.arrays import empty
from gumbench.types import Cost, Estimator, InnerSamples, Noise

ROUNDINGS = 8.0


def kernel(noise, temperature, prepared, objective, out, theta_gradient):
    draws = noise.draws
    f = empty((draws.shape[0], out.shape[2]), out.dtype)
    simplex.values_of_draws(draws, objective, out.shape[1], f, theta_gradient)
    standardize(f, prepared[0], prepared[1])
    simplex.centered_score(draws, f, out)


def prepare(preparation):
    """ddof, and the share of f below which differences are rounding: divided by s they count."""
    epsilon = np.finfo(preparation.bound.real).eps
    return np.array([preparation.settings["ddof"], ROUNDINGS * epsilon])


ESTIMATOR = Estimator(
    family="categorical",
    kernel=kernel,
    prepare=prepare,
    methods=("score",),
    formula="(1/K) Σ_k (f_k - mean of all f)/s (D_k - p),  s² = Σ (f_k - mean)²/(K - ddof)",
    use="Only to see what it costs: it does not follow the scale of f, nor its gradient.",
    papers=("shao2024",),
    unbiased=False,
    inner_samples=InnerSamples(2, 4),
    settings={"ddof": Field(1, ge=0, le=1, description="what the divisor of s² is short of K")},
    noise=lambda k: [Noise("draw")] * k,
    cost=lambda sizes: Cost(values=sizes.inner_samples, at_draws=True),
)
