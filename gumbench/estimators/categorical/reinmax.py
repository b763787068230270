"""ReinMax: straight-through with Heun's second-order step, half of it by DARN."""

import numpy as np

from gumbench.distributions.categorical import probabilities
from gumbench.kernels.blocks import simplex
from gumbench.kernels.compiler.arrays import empty_like
from gumbench.types import Cost, Estimator, Noise


# With π = (q + D)/2 and D one-hot, 2 J(π) = J(q) + ½ (D - q)(D - q)ᵀ.
def kernel(noise, temperature, prepared, objective, out, theta_gradient):
    variables, categories, _ = out.shape
    draw, weight = noise.draws[0], prepared[0]
    tables = prepared[1:].reshape((2, variables * categories))
    g, term = empty_like(out), empty_like(out)
    simplex.gradient_of_draw(draw, objective, g)
    simplex.expectation_pullback(tables[0], g, out)
    simplex.covariance_pullback(tables[0], draw, g, term)
    simplex.add_weighted(term, weight, out)
    simplex.expectation_pullback(tables[1], g, term)
    simplex.add_weighted(term, -weight, out)
    simplex.add_direct_of_draw(draw, objective, categories, out.dtype.type(1.0), theta_gradient)


def prepare(preparation):
    """The weight; then q = softmax(θ/τ), and p, of every category."""
    logits, weight = preparation.bound.dist_params, preparation.settings["weight"]
    tables = probabilities(logits / preparation.temperature), probabilities(logits)
    return np.concatenate([[weight], *(table.ravel() for table in tables)])


ESTIMATOR = Estimator(
    family="categorical",
    kernel=kernel,
    prepare=prepare,
    methods=("straight-through",),
    aliases=("zgr",),
    formula="2 J((q + D)/2) ∇f(D) - ½ J(p) ∇f(D),  q = softmax(θ/τ); for any weight w: "
    "(J(q) - w J(p) + w (D - q)(D - q)ᵀ) ∇f(D)",
    use="Where f must see hard draws and is close to quadratic: one gradient, little bias.",
    papers=("liu2023",),
    unbiased=False,
    exact_for="quadratic f at τ = 1",
    path=True,
    takes_temperature=True,
    needs=("gradient",),
    settings={"weight": 0.5},
    noise=lambda k: [Noise("draw")],
    cost=lambda sizes: Cost(gradients=1),
)
