"""Decoupled straight-through: one temperature for the draw, and one for the way back."""

import numpy as np
from pydantic import Field

from gumbench.distributions.categorical import probabilities
from gumbench.kernels.blocks import simplex
from gumbench.kernels.compiler.arrays import empty, empty_like
from gumbench.types import Cost, Estimator, Noise


def kernel(noise, temperature, prepared, objective, out, theta_gradient):
    variables, categories, block = out.shape
    one, size = out.dtype.type(1.0), variables * categories
    q, forward = prepared[:size], prepared[size:].reshape((variables, categories))
    draw, g = empty((variables, block), np.int32), empty_like(out)
    simplex.exponential_race(forward, noise.by_category[0], draw)
    simplex.gradient_of_draw(draw, objective, g)
    simplex.expectation_pullback(q, g, out)
    simplex.scale(one / temperature, out)
    simplex.add_direct_of_draw(draw, objective, categories, one, theta_gradient)


def prepare(preparation):
    """softmax(θ/τ), and the logits of the draw θ/τ_f."""
    logits = preparation.bound.dist_params.astype(np.float64)
    q = probabilities(logits / preparation.temperature)
    return np.concatenate([q.ravel(), logits.ravel() / preparation.settings["forward"]])


ESTIMATOR = Estimator(
    family="categorical",
    kernel=kernel,
    prepare=prepare,
    methods=("straight-through",),
    formula="(1/τ) J(softmax(θ/τ)) ∇f(D),  D drawn from softmax(θ/τ_f)",
    use="As straight-through, with a temperature for the way back.",
    papers=("shah2024",),
    unbiased=False,
    path=True,
    takes_temperature=True,
    needs=("gradient",),
    settings={"forward": Field(1.0, gt=0, description="temperature of the draw, τ_f")},
    noise=lambda k: [Noise("exponential")],
    cost=lambda sizes: Cost(gradients=1),
)
