"""ReDGE: a soft draw by a few steps that take the noise out of normal numbers.

One-hot vectors D seen through noise, x_t = (1 - t) D + t ε, have the mean softmax(θ + (1 - t)/t² x)
given x. From x_1 = ε, and then from each time to the next, x keeps its direction of noise and takes
the last mean for D: x_t = (1 - t) y + t ε with ε = (x - (1 - t) y)/t of the time before. The times
are evenly spaced from 1 to `time`. D is drawn from the last mean y, whose own mean is only near p.
"""

import numpy as np
from pydantic import Field

from gumbench.kernels.blocks import simplex
from gumbench.kernels.compiler.arrays import empty, empty_like
from gumbench.types import Cost, Estimator, Noise


def kernel(noise, temperature, prepared, objective, out, theta_gradient):
    variables, categories, block = out.shape
    one, zero, steps = out.dtype.type(1.0), out.dtype.type(0.0), prepared.size // 3
    coefficients = prepared.reshape((3, steps))
    guide, of_mean, of_state = coefficients[0], coefficients[1], coefficients[2]
    y, draw = empty((steps, *out.shape), out.dtype), empty((variables, block), np.int32)
    state, moved, g = empty_like(out), empty_like(out), empty_like(out)
    simplex.copy(noise.by_category[0], state)
    for k in range(steps):
        if k:
            simplex.scale(of_state[k], state)
            simplex.add_weighted(y[k - 1], of_mean[k], state)
        simplex.copy(state, moved)
        simplex.scale(guide[k], moved)
        simplex.relax(objective.dist_params, moved, one, y[k])
    simplex.race(y[steps - 1], noise.by_category[1], draw)
    simplex.gradient_of_draw(draw, objective, g)
    out[:], state[:] = zero, zero
    for k in range(steps - 1, -1, -1):
        simplex.softmax_pullback(y[k], one, g)
        simplex.add_weighted(g, one, out)
        simplex.add_weighted(g, guide[k], state)
        simplex.copy(state, g)
        simplex.scale(of_mean[k], g)
        simplex.scale(of_state[k], state)
    simplex.add_direct_of_draw(draw, objective, categories, one, theta_gradient)


def prepare(preparation):
    """Of each time: (1 - t)/t², and what of the mean and of x of the time before x is made of."""
    settings = preparation.settings
    t = np.linspace(1.0, settings["time"], settings["steps"])
    before = np.append(1.0, t[:-1])
    return np.concatenate([(1 - t) / t**2, (1 - t) - t / before * (1 - before), t / before])


ESTIMATOR = Estimator(
    family="categorical",
    kernel=kernel,
    prepare=prepare,
    methods=("straight-through", "relaxation"),
    formula="(∂y/∂θ)ᵀ ∇f(D),  y = softmax(θ + (1 - t)/t² ((1 - t) p + t ε)) in two steps, D drawn "
    "from y",
    use="As st-gumbel-softmax, with a time in the place of its temperature.",
    papers=("gourevitch2026",),
    unbiased=False,
    path=True,
    needs=("gradient",),
    settings={
        "time": Field(0.5, gt=0, le=1, description="the last time; 1 is straight-through"),
        "steps": Field(3, ge=2, le=16, description="times from 1 on"),
    },
    noise=lambda k: [Noise("normal"), Noise("exponential")],
    cost=lambda sizes: Cost(gradients=1),
)
