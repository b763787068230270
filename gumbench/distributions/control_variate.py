"""The quadratic on the simplex by which a relaxed control variate leaves least variance."""

import numpy as np

from gumbench.distributions.categorical import log_totals, probabilities

PILOT_ESTIMATES = 4096
CHUNK = 128
# What is left of weights that the pilot hardly tells apart, and bits kept of the largest weight:
# last bits of linear algebra differ between machines.
LEAST_SINGULAR = 1e-6
BITS = 12


def fitted(preparation, kinds):
    """Weights (kinds, variables, categories) of y, and of y² where there are two kinds.

    The estimate is linear in them: a least-squares fit of the noise of a pilot's estimates.
    """
    variables, categories = preparation.bound.problem.shape
    unknowns = kinds * variables * categories
    square, right = np.zeros((unknowns, unknowns)), np.zeros(unknowns)
    for random in preparation.pilot(2 * PILOT_ESTIMATES):
        gumbels, independent = np.array_split(random.astype(np.float64), 2, axis=2)
        for first in range(0, gumbels.shape[2], CHUNK):
            pair = (x[:, :, first : first + CHUNK] for x in (gumbels, independent))
            estimates, terms = _linear_parts(preparation, kinds, *pair)
            square += terms.T @ terms
            right -= terms.T @ estimates
    weights = np.linalg.lstsq(square, right, rcond=LEAST_SINGULAR)[0]
    unit = 2.0 ** (np.ceil(np.log2(np.abs(weights).max() or 1.0)) - BITS)
    return np.round(weights / unit) * unit


def _linear_parts(preparation, kinds, gumbels, independent):
    """Components (n,) of estimates without the quadratic, and (n, unknowns) what weights add."""
    bound, temperature, eta = (
        preparation.bound,
        preparation.temperature,
        preparation.settings["eta"],
    )
    logits = bound.dist_params.astype(np.float64)[:, :, None]
    p, totals = probabilities(bound.dist_params), log_totals(preparation)[:, None, None]
    category = (logits + gumbels).argmax(axis=1)
    drawn = np.moveaxis(np.eye(logits.shape[1])[category], 2, 1)
    exponentials = np.exp(-independent)
    winner = (exponentials * drawn).sum(axis=1, keepdims=True)
    rate = exponentials + winner * p[:, :, None]
    given = np.where(drawn == 1, totals - np.log(winner), logits - np.log(rate))
    kept = np.where(drawn == 1, 0.0, exponentials / rate)
    points = [_softmax(x / temperature) for x in (logits + gumbels, given)]
    score = drawn - p[:, :, None]
    f = bound.value_at(category.astype(np.int32)) - eta * bound.value(points[1].astype(bound.real))
    slopes = [eta * bound.gradient(y.astype(bound.real))[:, :, None] for y in points]
    plain = _through(points, slopes, kept, p, temperature)[:, :, 0] + f * score
    by_kind = []
    for kind in range(kinds):
        unit = np.eye(logits.shape[1])[None, :, :, None]
        slopes = [unit * (2 * y[:, None] if kind else 1.0) for y in points]
        by_variable = _through(points, slopes, kept, p, temperature)
        value = points[1] ** (kind + 1)
        term = -score[:, :, None, None] * value
        for v in range(logits.shape[0]):
            term[v, :, v] += by_variable[v]
        by_kind.append(term.reshape(score[..., 0].size, -1, score.shape[2]))
    terms = np.concatenate(by_kind, axis=1)
    return plain.ravel(), np.moveaxis(terms, 2, 1).reshape(plain.size, -1)


def _softmax(x):
    weights = np.exp(x - x.max(axis=1, keepdims=True))
    return weights / weights.sum(axis=1, keepdims=True)


def _through(points, slopes, kept, p, temperature):
    """Gradients in θ of g(y) - g(y'), y' given the draw; slopes (variables, categories, k, n)."""
    free, given = (
        (y[:, :, None] * (g - (y[:, :, None] * g).sum(axis=1, keepdims=True))) / temperature
        for y, g in zip(points, slopes, strict=True)
    )
    rest = ((1 - kept)[:, :, None] * given).sum(axis=1, keepdims=True)
    return free - (kept[:, :, None] * given + p[:, :, None, None] * rest)
