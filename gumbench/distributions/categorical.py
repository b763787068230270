"""D variables of C categories with logits (variables, categories)."""

import numpy as np

from gumbench.distributions.draws import DrawSource
from gumbench.errors import InputError
from gumbench.kernels.blocks import simplex
from gumbench.types import Noise

DISCRETE = True
NOISE = Noise("gumbel")
TRUTH_ESTIMATOR = "local-expectation"
TRUTH_SOURCE = "enumeration"
MOST_ENUMERATED = 1 << 20
CHUNK_ITEMS = 1 << 22
PILOT_OF_VALUES = 4096
PILOT_ESTIMATES = 65_536


def parameter_shape(problem):
    """A logit for every category of every variable."""
    return problem.shape


def forward(theta, data, out):
    """θ is the logits."""
    for v in range(out.shape[0]):
        for c in range(out.shape[1]):
            out[v, c] = theta[v * out.shape[1] + c]


def pullback(g, theta, data, out):
    """The transpose of `forward`."""
    for v in range(g.shape[0]):
        for c in range(g.shape[1]):
            row, result = g[v, c], out[v * g.shape[1] + c]
            for b in range(row.size):
                result[b] = row[b]


def check(problem, dist_params):
    """Refuse logits that are no distribution: NaN, +inf, or all masked."""
    for v, row in enumerate(dist_params):
        if np.isnan(row).any() or np.isposinf(row).any():
            bad = row[np.isnan(row) | np.isposinf(row)][0]
            raise InputError(
                f"{problem.name}: a logit of variable {v} is {bad}; give finite logits or -inf"
            )
        if np.isneginf(row).all():
            raise InputError(
                f"{problem.name}: every logit of variable {v} is -inf; leave one category open"
            )


def probabilities(dist_params):
    """softmax over the last axis, in float64."""
    logits = np.asarray(dist_params, np.float64)
    weights = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return weights / weights.sum(axis=-1, keepdims=True)


# What a user's estimator calls them.
PARAMETERS = {
    "logits": lambda dist_params: dist_params,
    "probabilities": lambda dist_params: probabilities(dist_params).astype(dist_params.dtype),
}


def probability_table(preparation):
    """p of every category of every variable, flat: what many estimators prepare."""
    return probabilities(preparation.bound.dist_params).ravel()


def log_totals(preparation):
    """log Σ e^θ of every variable."""
    logits = preparation.bound.dist_params.astype(np.float64)
    top = logits.max(axis=1)
    return top + np.log(np.exp(logits - top[:, None]).sum(axis=1))


def cumulative_table(bound):
    """(variables, width) flat, as simplex.inverse_cdf_draws takes it."""
    probability = probabilities(bound.dist_params)
    variables, categories = probability.shape
    table = np.full((variables, 1 << (categories - 1).bit_length()), np.inf)
    table[:, :categories] = np.cumsum(probability, axis=1)
    last = categories - 1 - np.argmax(probability[:, ::-1] > 0, axis=1)
    table[np.arange(table.shape[1]) >= last[:, None]] = np.inf
    return table.ravel()


DRAWN = DrawSource(Noise("exponential"), simplex.race_draws)
DRAWN_FASTEST = DrawSource(
    Noise("uniform", per="variable"), simplex.inverse_cdf_draws, cumulative_table
)


def enumerable(problem):
    """Whether all C^D outcomes can be listed."""
    variables, categories = problem.shape
    return variables * np.log2(max(categories, 1)) <= np.log2(MOST_ENUMERATED)


def outcomes(problem):
    """All draws in chunks: category (variables, n), the first variable varying slowest."""
    variables, categories = problem.shape
    total = categories**variables
    powers = categories ** np.arange(variables - 1, -1, -1, dtype=np.int64)
    chunk = max(1, CHUNK_ITEMS // (variables * categories))
    for first in range(0, total, chunk):
        number = np.arange(first, min(first + chunk, total), dtype=np.int64)
        yield (number[None, :] // powers[:, None] % categories).astype(np.int32)


def draw_probability(category, probability):
    """Probability (n,) of draws (variables, n)."""
    return np.prod(np.take_along_axis(probability, category.astype(np.int64), axis=1), axis=0)


def sample(bound, random):
    """Draws (variables, n) from Gumbel noise (variables, categories, n)."""
    return (bound.dist_params[:, :, None] + random).argmax(axis=1).astype(np.int32)


def value(bound, category):
    """f at samples: (n,)."""
    return bound.value_at(category)


def inside(bound, random):
    """Points (variables, categories, n) inside the simplex, 0 where a category is masked."""
    logits = bound.dist_params[:, :, None] + random
    weights = np.exp(logits - logits.max(axis=1, keepdims=True))
    open_ = ~np.isneginf(bound.dist_params)
    even = open_ / open_.sum(axis=1, keepdims=True)
    return (0.5 * weights / weights.sum(axis=1, keepdims=True) + 0.5 * even[:, :, None]).astype(
        bound.real
    )


def draws(bound, random):
    """Draws at which f may have a value of its own: (variables, n)."""
    return sample(bound, random)


def directions(bound, x, count):
    """Directions on the simplex at x (variables, categories): (component, direction, sides, note).

    From a vertex they lead to the other categories, from one side; elsewhere they raise one
    category and lower all, from both sides.
    """
    open_ = ~np.isneginf(bound.dist_params)
    components = np.argwhere(open_)
    for v, c in components[np.unique(np.linspace(0, len(components) - 1, count).astype(int))]:
        direction = np.zeros(x.shape)
        vertex = int(x[v].argmax())
        if x[v, vertex] == 1.0:
            if c == vertex:
                continue
            direction[v, vertex] = -1.0
            direction[v, c] = 1.0
            yield (v, c), direction, 1, f" less category {vertex}"
        else:
            direction[v] -= open_[v] / open_[v].sum()
            direction[v, c] += 1.0
            yield (v, c), direction, 2, " less the mean of its categories"


def largest_step(bound, x):
    """How far from x (variables, categories) a step stays on the simplex."""
    return 0.25 * float(x[x > 0].min())


def largest_value(bound):
    """The largest |f| over all outcomes that can be drawn, or over a pilot where they are many."""
    if not enumerable(bound.problem):
        random = next(bound.pilot(0, PILOT_OF_VALUES))
        return float(np.abs(bound.value_at(sample(bound, random))).max())
    open_ = ~np.isneginf(bound.dist_params)
    largest = 0.0
    for category in outcomes(bound.problem):
        drawn = np.take_along_axis(open_, category.astype(np.int64), axis=1).all(axis=0)
        if drawn.any():
            largest = max(largest, float(np.abs(bound.value_at(category[:, drawn])).max()))
    return largest


def score(bound, category):
    """∇ log p in the logits at draws (variables, n): (variables, categories, n)."""
    return bound.one_hot(category) - probabilities(bound.dist_params)[:, :, None]


def score_scale(bound):
    """Size of the score by each logit (variables, categories): p."""
    return probabilities(bound.dist_params)


def score_square(category, probability):
    """‖∇ log p‖² in the logits at draws (variables, n): Σ 1 - 2 p_drawn + ‖p‖²."""
    drawn = np.take_along_axis(probability, category.astype(np.int64), axis=1)
    squares = (probability**2).sum(axis=1)[:, None]
    return (1 - 2 * drawn + squares).sum(axis=0)


def mean_value(preparation, weigh):
    """Σ p w f / Σ p w over all outcomes, or over a pilot where they cannot be listed.

    weigh : weigh(category, probability) -> (n,) w of draws (variables, n)
    """
    bound = preparation.bound
    probability = probabilities(bound.dist_params)
    weighted_f, weight = 0.0, 0.0
    if enumerable(bound.problem):
        double = bound.at("float64")
        for category in outcomes(bound.problem):
            chance = draw_probability(category, probability)
            w = chance * weigh(category, probability)
            weighted_f += np.where(chance > 0, w * double.value_at(category), 0.0).sum()
            weight += w.sum()
    else:
        for random in preparation.pilot(PILOT_ESTIMATES):
            category = sample(bound, random)
            w = weigh(category, probability)
            weighted_f += (w * bound.value_at(category).astype(np.float64)).sum()
            weight += w.sum()
    return weighted_f / weight if weight else 0.0


def enumerated_gradient(bound):
    """Σ p(x) f(x) ∇ log p(x), (variables, categories), and Σ p(x) ∂f/∂θ, over all outcomes."""
    problem = bound.problem
    double = bound.at("float64")
    probability = probabilities(double.dist_params)
    by_logit = np.zeros(problem.shape)
    mean = 0.0
    direct = np.zeros(double.theta.size)
    for category in outcomes(problem):
        weight = draw_probability(category, probability)
        # A masked category may have any f, even one that is not finite.
        value = np.where(weight > 0, double.value_at(category), 0.0) * weight
        mean += value.sum()
        for v in range(problem.shape[0]):
            by_logit[v] += np.bincount(category[v], value, problem.shape[1])
        if problem.direct is not None and not problem.direct_is_score:
            term = np.where(weight > 0, double.direct(double.one_hot(category)), 0.0)
            direct += (term * weight).sum(axis=1)
    return by_logit - mean * probability, direct


def exact_gradient(bound):
    """The exact gradient (parameters,), or None where there are too many outcomes to list."""
    if not enumerable(bound.problem):
        return None
    by_logit, direct = enumerated_gradient(bound)
    return bound.at("float64").pullback(by_logit) + direct
