"""Top-k sum: the K likeliest categories are summed, and one draw stands for all others."""

import numpy as np

from gumbench.distributions.categorical import probabilities
from gumbench.kernels.blocks import simplex
from gumbench.kernels.compiler.arrays import empty
from gumbench.types import Cost, Estimator, InnerSamples, Noise


def kernel(noise, temperature, prepared, objective, out, theta_gradient):
    _, categories, block = out.shape
    samples, rest = int(prepared[0]), prepared[1]
    tables = prepared[2:].reshape((3, 1, categories))
    p, open_logits, order = tables[0, 0], tables[1], tables[2, 0]
    category, f = empty((1, block), np.int32), empty((block,), out.dtype)
    term = empty((1, categories, block), out.dtype)
    out[:] = out.dtype.type(0.0)
    for k in range(samples + 1):
        weight = rest
        if k < samples:
            category[:] = np.int32(order[k])
            weight = p[category[0, 0]]
        else:
            simplex.exponential_race(open_logits, noise.by_category[0], category)
        simplex.value_of_draw(category, objective, k, categories, f)
        simplex.score(p, category, f, term)
        simplex.add_weighted(term, weight, out)
        simplex.add_direct_of_draw(category, objective, categories, weight, theta_gradient)


def prepare(preparation):
    """K and the mass of the others; p, the logits of the others, categories by falling p."""
    bound, samples = preparation.bound, preparation.inner_samples
    p, logits = probabilities(bound.dist_params)[0], bound.dist_params[0].astype(np.float64)
    order = np.argsort(-p, kind="stable")
    rest = p[order[samples:]].sum()
    if rest > 0:
        logits[order[:samples]] = -np.inf
    return np.concatenate([[samples, rest], p, logits, order])


def refuse(samples, problem):
    """K is a number of categories."""
    most = problem.shape[1]
    return f"at most {most}, the number of categories" if samples > most else ""


ESTIMATOR = Estimator(
    family="categorical",
    kernel=kernel,
    prepare=prepare,
    methods=("rao-blackwell",),
    formula="Σ_{i in top} p_i f_i (e_i - p) + (1 - P_top) f(D) (D - p),  D drawn from the others",
    use="One variable of which a few known categories hold most of the probability.",
    papers=("liu2019",),
    unbiased=True,
    inner_samples=InnerSamples(1, 2, refuse),
    needs=("one_variable",),
    noise=lambda k: [Noise("exponential")],
    cost=lambda sizes: Cost(values=sizes.inner_samples + 1, at_draws=True),
)
