"""The gradient itself, by enumeration of all outcomes: the reference row, of variance 0."""

import numpy as np

from gumbench.distributions import categorical
from gumbench.types import Cost, Estimator


def kernel(noise, temperature, prepared, objective, out, theta_gradient):
    categories = out.shape[1]
    for v in range(out.shape[0]):
        for c in range(categories):
            out[v, c] = prepared[v * categories + c]
    first = out.shape[0] * categories
    for p in range(theta_gradient.shape[0]):
        theta_gradient[p] = prepared[first + p]


def prepare(preparation):
    by_logit, direct = categorical.enumerated_gradient(preparation.bound)
    return np.concatenate([by_logit.ravel(), direct])


ESTIMATOR = Estimator(
    family="categorical",
    kernel=kernel,
    prepare=prepare,
    methods=("exact",),
    formula="Σ_x p(x) f(x) ∇ log p(x)",
    use="Where all outcomes can be listed: it is what all others are measured against.",
    unbiased=True,
    deterministic=True,
    needs=("enumerable",),
    cost=lambda sizes: Cost(values=sizes.categories**sizes.variables),
)
