"""REBAR: score function with the Concrete relaxation as control variate, given and not given D."""

import numpy as np

from gumbench.distributions.categorical import log_totals, probability_table
from gumbench.kernels.blocks import conditional, simplex, surrogate
from gumbench.kernels.compiler.arrays import empty, empty_like
from gumbench.types import Cost, Estimator, Noise


def kernel(noise, temperature, prepared, objective, out, theta_gradient):
    variables, categories, block = out.shape
    one, size = out.dtype.type(1.0), variables * categories
    gumbels, exponentials = noise.by_category[0], noise.by_category[1]
    eta, log_total = prepared[0], prepared[1 : 1 + variables]
    p, weights = prepared[1 + variables :][:size], prepared[1 + variables + size :]
    draw, f = empty((variables, block), np.int32), empty((block,), out.dtype)
    given, g, control = empty_like(out), empty_like(out), empty_like(f)
    simplex.draw(objective.dist_params, gumbels, draw)
    simplex.value_of_draw(draw, objective, 0, categories, f)
    conditional.perturbed_logits(objective.dist_params, log_total, exponentials, draw, given)
    simplex.softmax(given, temperature, given)
    surrogate.value(given, objective, eta, weights, control)
    for b in range(block):
        f[b] -= control[b]
    simplex.score(p, draw, f, out)
    surrogate.gradient(given, objective, eta, weights, g)
    simplex.softmax_pullback(given, one / temperature, g)
    conditional.pullback(p, exponentials, draw, g)
    simplex.add_weighted(g, -one, out)
    simplex.add_direct(given, objective, -eta, theta_gradient)
    relaxed = given
    simplex.relax(objective.dist_params, gumbels, temperature, relaxed)
    surrogate.gradient(relaxed, objective, eta, weights, g)
    simplex.softmax_pullback(relaxed, one / temperature, g)
    simplex.add_weighted(g, one, out)
    simplex.add_direct(relaxed, objective, eta, theta_gradient)
    simplex.add_direct_of_draw(draw, objective, categories, one, theta_gradient)


def prepare(preparation):
    eta = preparation.settings["eta"]
    return np.concatenate([[eta], log_totals(preparation), probability_table(preparation)])


ESTIMATOR = Estimator(
    family="categorical",
    kernel=kernel,
    prepare=prepare,
    methods=("score", "relaxation"),
    formula="(f(D) - η f(y')) (D - p) + η ∂_θ f(y) - η ∂_θ f(y'),  y = softmax((θ + G)/τ), y' the "
    "same given D, with its gradient in θ",
    use="Where no bias is acceptable and f has a gradient inside the simplex.",
    papers=("tucker2017",),
    unbiased=True,
    path=True,
    takes_temperature=True,
    needs=("gradient",),
    settings={"eta": 1.0},
    noise=lambda k: [Noise("gumbel"), Noise("exponential", purpose="conditional")],
    cost=lambda sizes: Cost(values=2, gradients=2),
)
