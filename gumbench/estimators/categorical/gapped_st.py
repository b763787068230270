"""Gapped straight-through: the soft draw is of logits moved so that the hard one leads by a gap."""

import numpy as np
from pydantic import Field

from gumbench.distributions.categorical import probabilities
from gumbench.kernels.blocks import simplex
from gumbench.kernels.compiler import elementary, maxima
from gumbench.kernels.compiler.arrays import empty, empty_like
from gumbench.kernels.compiler.strips import broadcast, by_strips, choose
from gumbench.types import Cost, Estimator, Noise

LARGEST_GAP = 1e30


@by_strips
def relax(s, lead, category, gap, inverse_temperature, out):
    """out = softmax(θ'/τ), where θ'_D = max θ and θ'_j = θ_j - (gap - lead_j)₊ for the others.

    lead (variables, categories) = max θ - θ; gap (variables, block)
    """
    real = out.dtype.type
    zero = broadcast(real(0.0), s)
    for v in range(out.shape[0]):
        drawn, wanted, total = category[v, s], gap[v, s], zero
        for c in range(out.shape[1]):
            behind = choose(drawn == c, zero, maxima.larger(wanted, broadcast(lead[v, c], s)))
            weight = elementary.exp_nonpositive((zero - behind) * inverse_temperature)
            out[v, c, s] = weight
            total += weight
        share = real(1.0) / total
        for c in range(out.shape[1] - 1, -1, -1):
            out[v, c, s] *= share


def kernel(noise, temperature, prepared, objective, out, theta_gradient):
    variables, categories, block = out.shape
    draw, one = noise.draws[0], out.dtype.type(1.0)
    tables = prepared.reshape((2, variables, categories))
    lead, gaps = tables[0], tables[1]
    y, gap = empty_like(out), empty((variables, block), out.dtype)
    for v in range(variables):
        for b in range(block):
            gap[v, b] = gaps[v, draw[v, b]]
    simplex.gradient_of_draw(draw, objective, out)
    relax(lead, draw, gap, one / temperature, y)
    simplex.softmax_pullback(y, one / temperature, out)
    simplex.add_direct_of_draw(draw, objective, categories, one, theta_gradient)


def prepare(preparation):
    """max θ - θ, and the gap where a category is drawn, of every category."""
    bound, settings = preparation.bound, preparation.settings
    p = probabilities(bound.dist_params)
    gap = np.full(p.shape, settings["gap"])
    if settings["adaptive"]:
        rest = np.array([np.delete(p, c, axis=1).sum(axis=1) for c in range(p.shape[1])]).T
        with np.errstate(divide="ignore"):
            gap = -np.log(rest) / p
    lead = bound.dist_params.max(axis=1, keepdims=True) - bound.dist_params.astype(np.float64)
    return np.minimum(np.concatenate([lead.ravel(), gap.ravel()]), LARGEST_GAP)


ESTIMATOR = Estimator(
    family="categorical",
    kernel=kernel,
    prepare=prepare,
    methods=("straight-through",),
    aliases=("gst",),
    formula="(1/τ) J(softmax(θ'/τ)) ∇f(D),  θ' = θ + (max θ - θ_D) D - (θ_j - max θ + gap)₊ for "
    "j ≠ D; adaptive: gap = -ln(1 - p_D)/p_D",
    use="As straight-through, with less variance and a gap to tune.",
    papers=("fan2022",),
    unbiased=False,
    path=True,
    takes_temperature=True,
    needs=("gradient",),
    settings={"gap": Field(1.0, gt=0), "adaptive": False},
    noise=lambda k: [Noise("draw")],
    cost=lambda sizes: Cost(gradients=1),
)
