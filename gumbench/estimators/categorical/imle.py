"""Implicit MLE: the draw, less the one that the same noise gives after a step against ∇f."""

import numpy as np
from pydantic import Field

from gumbench.kernels.blocks import simplex
from gumbench.kernels.compiler.arrays import empty, empty_like
from gumbench.types import Cost, Estimator, Noise


def kernel(noise, temperature, prepared, objective, out, theta_gradient):
    variables, categories, block = out.shape
    gumbels, step, one = noise.by_category[0], prepared[0], out.dtype.type(1.0)
    draw, target = empty((variables, block), np.int32), empty((variables, block), np.int32)
    g, perturbed = empty_like(out), empty_like(out)
    simplex.draw(objective.dist_params, gumbels, draw)
    simplex.gradient_of_draw(draw, objective, g)
    simplex.copy(gumbels, perturbed)
    simplex.add_weighted(g, -step, perturbed)
    simplex.draw(objective.dist_params, perturbed, target)
    simplex.one_hot(draw, out)
    simplex.one_hot(target, g)
    simplex.add_weighted(g, -one, out)
    simplex.scale(one / step, out)
    simplex.add_direct_of_draw(draw, objective, categories, one, theta_gradient)


def prepare(preparation):
    return np.array([preparation.settings["lambda"]])


ESTIMATOR = Estimator(
    family="categorical",
    kernel=kernel,
    prepare=prepare,
    methods=("straight-through",),
    aliases=("i-mle",),
    formula="(D(θ) - D(θ - λ ∇f(D(θ))))/λ,  D(θ) = argmax(θ + G)",
    use="Where argmax is a solver that can be called, and not changed.",
    papers=("niepert2021",),
    unbiased=False,
    path=True,
    needs=("gradient",),
    settings={"lambda": Field(1.0, gt=0, description="length of the step against ∇f")},
    noise=lambda k: [Noise("gumbel")],
    cost=lambda sizes: Cost(gradients=1),
)
