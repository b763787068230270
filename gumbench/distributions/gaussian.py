"""Independent Gaussians; the distribution parameters (2, variables) are mean and scale."""

from typing import Annotated

import numpy as np
from pydantic import Field

from gumbench.errors import InputError
from gumbench.types import Noise, Problem

DISCRETE = False
NOISE = Noise("normal")
DRAWN = DRAWN_FASTEST = None
TRUTH_ESTIMATOR = "pathwise"
TRUTH_SOURCE = "closed form"

# Settings of problems.
Mean = Annotated[float, Field(description="mean of z")]
Scale = Annotated[float, Field(gt=0, description="standard deviation of z")]

# What a user's estimator calls them.
PARAMETERS = {
    "mean": lambda dist_params: dist_params[0],
    "scale": lambda dist_params: dist_params[1],
}


def of_mean_and_scale(dimension, mean, scale, **facts):
    """A problem of d Gaussians, other fields as given; θ is means (d,) or one, then scales."""
    return Problem(
        family="gaussian",
        theta=np.concatenate([np.broadcast_to(part, dimension) for part in (mean, scale)]),
        parts={"mean": dimension, "scale": dimension},
        shape=(dimension, 1),
        **facts,
    )


def parameter_shape(problem):
    """Mean and scale of each variable."""
    return 2, problem.shape[0]


def forward(theta, data, out):
    """θ is the means, then the scales."""
    for v in range(out.shape[1]):
        out[0, v] = theta[v]
        out[1, v] = theta[out.shape[1] + v]


def pullback(g, theta, data, out):
    """The transpose of `forward`."""
    for r in range(2):
        for v in range(g.shape[1]):
            row, result = g[r, v], out[r * g.shape[1] + v]
            for b in range(row.size):
                result[b] = row[b]


def check(problem, dist_params):
    """Refuse means that are not finite and scales that are not positive."""
    if not np.isfinite(dist_params).all():
        raise InputError(f"{problem.name}: a mean or scale is not finite; give finite numbers")
    if dist_params[1].min() <= 0:
        raise InputError(f"{problem.name}: the scale is {dist_params[1].min()}; give one above 0")


def sample(bound, random):
    """z = μ + σ ε (variables, 1, n) from normals of that shape."""
    mean, scale = bound.dist_params
    return mean[:, None, None] + scale[:, None, None] * random


def inside(bound, random):
    """Points z to try: samples."""
    return sample(bound, random)


def draws(bound, random):
    """No point is special."""
    return None


def directions(bound, x, count):
    """Axes at x (variables, 1), as in distributions.categorical."""
    for v in np.unique(np.linspace(0, x.shape[0] - 1, count).astype(int)):
        direction = np.zeros(x.shape)
        direction[v] = 1.0
        yield (v, 0), direction, 2, ""


def largest_step(bound, x):
    """Everywhere is inside."""
    return np.inf


def value(bound, z):
    """f at samples: (n,)."""
    return bound.value(z)


def score(bound, z):
    """∇ log p by mean and scale at samples (variables, 1, n): (2, variables, n)."""
    mean, scale = bound.dist_params[:, :, None]
    standard = (z[:, 0] - mean) / scale
    return np.stack([standard / scale, (standard**2 - 1) / scale])


def score_scale(bound):
    """Size of the score by mean and scale (2, variables): 1/σ."""
    return 1 / np.repeat(bound.dist_params[1:], 2, axis=0).astype(np.float64)


def enumerable(problem):
    """There are too many outcomes to list."""
    return False


def largest_value(bound):
    """Nothing bounds f."""
    return np.inf


def exact_gradient(bound):
    """There is no general closed form; a problem states its own."""
    return None
