"""Straight-through: the gradient of f at the draw, sent back through softmax θ."""

from gumbench.distributions.categorical import probability_table
from gumbench.kernels.blocks import simplex
from gumbench.kernels.compiler.arrays import empty_like
from gumbench.types import Cost, Estimator, Noise


def kernel(noise, temperature, prepared, objective, out, theta_gradient):
    draw = noise.draws[0]
    g = empty_like(out)
    simplex.gradient_of_draw(draw, objective, g)
    simplex.expectation_pullback(prepared, g, out)
    simplex.add_direct_of_draw(draw, objective, out.shape[1], out.dtype.type(1.0), theta_gradient)


ESTIMATOR = Estimator(
    family="categorical",
    kernel=kernel,
    prepare=probability_table,
    methods=("straight-through",),
    aliases=("st", "ste"),
    formula="J(p) ∇f(D),  J(p) = diag p - p pᵀ",
    use="Where f must see hard draws, has a gradient, and is close to linear.",
    papers=("bengio2013",),
    unbiased=False,
    exact_for="linear f",
    path=True,
    needs=("gradient",),
    noise=lambda k: [Noise("draw")],
    cost=lambda sizes: Cost(gradients=1),
)
