"""ReinMax: straight-through with Heun's second-order step, half of it by DARN."""

import numpy as np

from gumbench.distributions.categorical import probabilities
from gumbench.kernels.blocks import simplex
from gumbench.kernels.compiler.strips import broadcast, by_strips, choose
from gumbench.types import Cost, Estimator, Noise


# With π = (q + D)/2 and D one-hot, 2 J(π) = J(q) + ½ (D - q)(D - q)ᵀ.
@by_strips
def pull_back(s, q, p, category, weight, g):
    """g = (J(q) - w J(p) + w (D - q)(D - q)ᵀ) g; q and p flat."""
    zero = broadcast(g.dtype.type(0.0), s)
    for v in range(g.shape[0]):
        first, drawn, pivot = v * g.shape[1], category[v, s], g[v, 0, s]
        by_q, by_p, at_draw = zero, zero, zero
        for c in range(g.shape[1] - 1, -1, -1):
            kept = g[v, c, s] - pivot
            by_q += q[first + c] * kept
            by_p += p[first + c] * kept
            at_draw += choose(drawn == c, kept, zero)
        inner = weight * (at_draw - by_q)
        for c in range(g.shape[1]):
            kept = g[v, c, s] - pivot
            straight = q[first + c] * (kept - by_q - inner) - weight * p[first + c] * (kept - by_p)
            g[v, c, s] = straight + choose(drawn == c, inner, zero)


def kernel(noise, temperature, prepared, objective, out, theta_gradient):
    draw, size = noise.draws[0], out.shape[0] * out.shape[1]
    q, p = prepared[1 : 1 + size], prepared[1 + size :]
    simplex.gradient_of_draw(draw, objective, out)
    pull_back(q, p, draw, prepared[0], out)
    simplex.add_direct_of_draw(draw, objective, out.shape[1], out.dtype.type(1.0), theta_gradient)


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
