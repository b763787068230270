"""CARMS: leave-one-out over K draws that avoid each other, each pair weighed by p_i p_j / P_ij.

The pair terms (f_k - f_l) (D_k - D_l)/2 of independent draws have the mean of the gradient; the
ratio makes those of dependent draws have it, if each pair of categories can occur. So sticks are
broken from the least likely category on: none but the last two has a chance of ½. With q the chance
of a stick and P the probability of two draws to take it, to leave it, or to differ,
p_i p_j / P_ij = Π_{before i} (1 - q)²/P_neither · q_i (1 - q_i)/P_one, i the first of the two.
"""

import numpy as np

from gumbench.distributions.categorical import probabilities
from gumbench.kernels.blocks import copula, simplex
from gumbench.kernels.compiler.arrays import empty
from gumbench.types import Cost, Estimator, InnerSamples, Noise


def kernel(noise, temperature, prepared, objective, out, theta_gradient):
    samples, (variables, categories, block) = noise.by_category.shape[0], out.shape
    tables = prepared.reshape((3, variables, categories))
    order, root, ratio = tables[0], tables[1], tables[2]
    place = empty((samples, variables, block), np.int32)
    draws, f = empty((samples, variables, block), np.int32), empty((samples, block), out.dtype)
    copula.break_sticks(noise.by_category, root, place)
    for k in range(samples):
        for v in range(variables):
            for b in range(block):
                draws[k, v, b] = np.int32(order[v, place[k, v, b]])
    simplex.values_of_draws(draws, objective, categories, f, theta_gradient)
    out[:] = out.dtype.type(0.0)
    copula.add_pairs(place, draws, ratio, f, out)


def prepare(preparation):
    """Categories by rising p; of each stick q^(1/(K - 1)), and the ratio where it comes first."""
    p, others = probabilities(preparation.bound.dist_params), preparation.inner_samples - 1
    order = np.argsort(p, axis=1, kind="stable")
    p = np.take_along_axis(p, order, axis=1)
    q = p / np.cumsum(p[:, ::-1], axis=1)[:, ::-1]
    root = q ** (1 / others)
    both = np.maximum(2 * root - 1, 0.0) ** others
    with np.errstate(divide="ignore", invalid="ignore"):
        passed = np.cumprod((1 - q) ** 2 / (1 - 2 * q + both), axis=1)
        ratio = q * (1 - q) / (q - both)
        ratio[:, 1:] *= passed[:, :-1]
    return np.concatenate([order, root, np.where(np.isfinite(ratio), ratio, 1.0)]).ravel()


ESTIMATOR = Estimator(
    family="categorical",
    kernel=kernel,
    prepare=prepare,
    methods=("antithetic", "score"),
    formula="mean over pairs k ≠ l of ½ p_i p_j / P_ij (f_k - f_l) (D_k - D_l),  i and j the "
    "categories of the pair, P_ij its probability",
    use="A few draws of few categories: with many, draws are nearly independent anyway.",
    papers=("dimitrievcarms2021",),
    unbiased=True,
    inner_samples=InnerSamples(2, 4),
    noise=lambda k: [Noise("exponential", purpose="conditional")] * k,
    cost=lambda sizes: Cost(values=sizes.inner_samples, at_draws=True),
)
