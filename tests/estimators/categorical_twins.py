"""Every categorical estimator once more, in NumPy: a function (Setting) of the estimator's name.

It returns gradients in the logits (n, variables, categories), and ∂f/∂θ beside them where f may
depend on θ; None where it is not known.
"""

import itertools

import numpy as np
from twin_setting import SEED, TEMPERATURE, N, outer, softmax, times_jacobian

from gumbench.distributions import control_variate
from gumbench.engine.bound_estimator import Preparation


def score(s, k=0):
    d = s.draw(k)
    return outer(s.plain.f(d), d - s.p)


def _with_constant(s, weigh):
    listed = s.outcomes()
    if listed is None:
        return None
    x, chance = listed
    weight = chance * weigh(x)
    d = s.draw()
    return outer(s.plain.f(d) - (weight * s.plain.f(x)).sum() / weight.sum(), d - s.p)


def score_baseline(s):
    return _with_constant(s, lambda x: ((x - s.p) ** 2).sum((1, 2)))


def score_mean(s):
    return _with_constant(s, lambda x: 1.0)


def score_greedy(s):
    d, best = s.draw(), np.eye(s.logits.shape[1])[s.logits.argmax(axis=1)]
    return outer(s.plain.f(d) - s.plain.f(best[None]), d - s.p)


def score_independent(s):
    d = s.draw()
    return outer(s.plain.f(d) - s.plain.f(s.draw(1)), d - s.p)


def score_loo(s):
    draws = [s.draw(k) for k in range(s.samples)]
    f = [s.plain.f(d) for d in draws]
    terms = []
    for k, d in enumerate(draws):
        others = np.mean([f[j] for j in range(len(f)) if j != k], axis=0)
        terms.append(outer(f[k] - others, d - s.p))
    return np.mean(terms, axis=0)


def score_group_mean(s):
    draws = [s.draw(k) for k in range(s.samples)]
    f = np.array([s.plain.f(d) for d in draws])
    return np.mean([outer(f[k] - f.mean(axis=0), d - s.p) for k, d in enumerate(draws)], axis=0)


def muprop(s):
    d, p = s.draw(), s.p[None]
    slope = s.plain.gradient(p)
    linear = s.plain.f(p) + (slope * (d - p)).sum((1, 2))
    return outer(s.plain.f(d) - linear, d - p) + times_jacobian(p, slope)


def local_expectation(s):
    d = s.draw()
    f = np.empty((N, *s.logits.shape))
    for v, c in np.ndindex(*s.logits.shape):
        changed = d.copy()
        changed[:, v] = np.eye(s.logits.shape[1])[c]
        f[:, v, c] = s.plain.f(changed)
    return times_jacobian(np.broadcast_to(s.p, f.shape), f)


def unordered_set(s):
    p, out = s.p[0], np.empty((N, 1, s.p.shape[1]))
    scores = (s.logits + s.noise("gumbel"))[:, 0]
    f = s.plain.f(np.eye(p.size)[:, None, :])

    def chance(members, taken=()):
        """Of a set to come next, once some are taken, over all its orders."""
        total = 0.0
        for order in itertools.permutations(members):
            left, product = 1.0 - sum(p[list(taken)]), 1.0
            for i in order:
                product *= p[i] / left
                left -= p[i]
            total += product
        return total

    for n, row in enumerate(scores):
        members = set(np.argsort(-row)[: s.samples].tolist())
        out[n] = 0.0
        for i in members:
            rest = members - {i}
            baseline = p[i] * f[i] + sum(
                p[other] * chance(rest - {other}, (i, other)) / chance(rest, (i,)) * f[other]
                for other in rest
            )
            ratio = chance(rest, (i,)) / chance(members)
            out[n, 0] += p[i] * ratio * (f[i] - baseline) * (np.eye(p.size)[i] - p)
    return out


def gumbel_score(s):
    return outer(s.plain.f(s.draw()), 1 - s.noise("exponential"))


def gumbel_score_baseline(s):
    best = np.eye(s.logits.shape[1])[s.logits.argmax(axis=1)]
    return outer(s.plain.f(s.draw()) - s.plain.f(best[None]), 1 - s.noise("exponential"))


def _dirichlet(s):
    exponentials = s.noise("exponential")
    return exponentials / exponentials.sum(axis=2, keepdims=True)


def augment_reinforce(s):
    pi = _dirichlet(s)
    d = np.eye(pi.shape[2])[(pi * np.exp(-s.logits)).argmin(axis=2)]
    return outer(s.plain.f(d), 1 - pi.shape[2] * pi)


def arsm(s):
    pi = _dirichlet(s)
    categories = pi.shape[2]
    f = np.empty((categories, categories, N))
    for i, j in np.ndindex(categories, categories):
        swapped = pi.copy()
        swapped[:, :, i], swapped[:, :, j] = pi[:, :, j], pi[:, :, i]
        d = np.eye(categories)[(swapped * np.exp(-s.logits)).argmin(axis=2)]
        f[i, j] = s.plain.f(d)
    return np.einsum("ijn,nvj->nvi", f - f.mean(axis=0), 1 / categories - pi)


def _pair(s):
    """u, and the two draws; sigmoids by hand."""
    exponentials = s.noise("exponential")
    u = exponentials[:, :, 0] / exponentials.sum(axis=2)
    theta = 1 / (1 + np.exp(s.logits[:, 0] - s.logits[:, 1]))
    b, other = (u > 1 - theta).astype(int), (u < theta).astype(int)
    return u, theta, b, other


def _in_both(by_logit):
    return np.stack([-by_logit, by_logit], axis=2)


def arm(s):
    u, _, b, other = _pair(s)
    f = s.plain.f(np.eye(2)[b]) - s.plain.f(np.eye(2)[other])
    return _in_both(f[:, None] * (u - 0.5))


def disarm(s):
    _, theta, b, other = _pair(s)
    f = s.plain.f(np.eye(2)[b]) - s.plain.f(np.eye(2)[other])
    sign = np.where(b == other, 0.0, np.where(other == 1, -1.0, 1.0))
    return _in_both(0.5 * f[:, None] * sign * np.maximum(theta, 1 - theta))


def _relaxed(s):
    return softmax((s.logits + s.noise("gumbel")) / TEMPERATURE)


def concrete(s):
    y = _relaxed(s)
    return times_jacobian(y, s.plain.gradient(y)) / TEMPERATURE, s.direct(y)


def straight_through(s):
    d = s.draw()
    return times_jacobian(np.broadcast_to(s.p, d.shape), s.plain.gradient(d)), s.direct(d)


def st_gumbel_softmax(s):
    d, y = s.draw(), _relaxed(s)
    return times_jacobian(y, s.plain.gradient(d)) / TEMPERATURE, s.direct(d)


def darn(s):
    d = s.draw()
    inner = ((d - s.p) * s.plain.gradient(d)).sum(axis=2, keepdims=True)
    return (d - s.p) * inner, s.direct(d)


def _given(s, d, k=0):
    """θ + G given that its argmax is d, by rejection-free inversion: truncated Gumbels."""
    top = np.log(np.exp(s.logits).sum(axis=1))[:, None]
    e = s.conditional(k)
    largest = top - np.log((e * d).sum(axis=2, keepdims=True))
    others = -np.log(np.exp(-largest) + e * np.exp(-s.logits))
    return np.where(d == 1, largest, others)


def gumbel_rao(s):
    d = s.draw()
    g = s.plain.gradient(d)
    terms = [times_jacobian(softmax(_given(s, d, k) / TEMPERATURE), g) for k in range(s.samples)]
    return np.mean(terms, axis=0) / TEMPERATURE, s.direct(d)


def reinmax(s):
    d, q, w = s.draw(), softmax(s.logits / TEMPERATURE), s.settings["weight"]
    g = s.plain.gradient(d)
    inner = ((d - q) * g).sum(axis=2, keepdims=True)
    return times_jacobian(q, g) - w * times_jacobian(s.p, g) + w * (d - q) * inner, s.direct(d)


def gapped_st(s):
    d, top = s.draw(), s.logits.max(axis=1, keepdims=True)
    p_drawn = (d * s.p).sum(axis=2, keepdims=True)
    gap = s.settings["gap"]
    if s.settings["adaptive"]:
        gap = -np.log(1 - p_drawn) / p_drawn
    behind = np.maximum(s.logits - top + gap, 0.0)
    moved = s.logits + (top[:, 0] - (d * s.logits).sum(axis=2))[:, :, None] * d - (1 - d) * behind
    y = softmax(moved / TEMPERATURE)
    return times_jacobian(y, s.plain.gradient(d)) / TEMPERATURE, s.direct(d)


def rebar(s, step=1e-6):
    """Its gradients through z given D are taken by differences, with D and the noise held fixed."""
    d, y, eta = s.draw(), _relaxed(s), s.settings["eta"]
    conditional = softmax(_given(s, d) / TEMPERATURE)
    through = times_jacobian(y, s.plain.gradient(y)) / TEMPERATURE
    given = np.empty_like(through)
    logits = s.logits.copy()
    for v, c in np.ndindex(*logits.shape):
        ends = []
        for sign in (1, -1):
            s.logits = logits.copy()
            s.logits[v, c] += sign * step
            ends.append(softmax(_given(s, d) / TEMPERATURE))
        s.logits = logits
        slope = s.plain.gradient(conditional)
        given[:, v, c] = (slope * (ends[0] - ends[1])).sum((1, 2)) / (2 * step)
    weight = s.plain.f(d) - eta * s.plain.f(conditional)
    direct = s.direct(d) + eta * (s.direct(y) - s.direct(conditional))
    return outer(weight, d - s.p) + eta * (through - given), direct


def grpo(s):
    draws = [s.draw(k) for k in range(s.samples)]
    f = np.array([s.plain.f(d) for d in draws])
    deviation = f.std(axis=0, ddof=s.settings["ddof"])
    equal = f.max(axis=0) - f.min(axis=0) <= 1e-12 * np.abs(f).max()
    weight = np.where(equal, 0.0, (f - f.mean(axis=0)) / np.where(equal, 1.0, deviation))
    return np.mean([outer(weight[k], d - s.p) for k, d in enumerate(draws)], axis=0)


def double_cv(s):
    a, b, alpha = s.draw(0), s.draw(1), s.settings["alpha"]
    slope_a, slope_b = s.plain.gradient(a), s.plain.gradient(b)
    f_a = s.plain.f(a) - alpha * (slope_b * (a - s.p)).sum((1, 2))
    f_b = s.plain.f(b) - alpha * (slope_a * (b - s.p)).sum((1, 2))
    p = np.broadcast_to(s.p, a.shape)
    rest = times_jacobian(p, slope_a) + times_jacobian(p, slope_b)
    return 0.5 * outer(f_a - f_b, a - b) + 0.5 * alpha * rest


def top_k_sum(s):
    p, identity = s.p[0], np.eye(s.p.shape[1])
    order = sorted(range(p.size), key=lambda i: -p[i])
    top, others = order[: s.samples], order[s.samples :]
    total = sum(p[i] * s.plain.f(identity[i][None, None])[0] * (identity[i] - p) for i in top)
    out = np.broadcast_to(total, (N, 1, p.size)).copy()
    if others:
        race = (s.noise("exponential")[:, 0] / p)[:, others]
        d = identity[np.array(others)[race.argmin(axis=1)]][:, None]
        out += outer(s.plain.f(d), p[others].sum() * (d - s.p))
    return out


def stratified(s):
    edges, terms = np.cumsum(s.p[0]), []
    for k in range(s.samples):
        u = s.noise("uniform", 0 if s.settings["systematic"] else k, per="variable")[:, 0]
        place = np.searchsorted(edges[:-1], (k + u) / s.samples, side="right")
        d = np.eye(edges.size)[place][:, None]
        terms.append(outer(s.plain.f(d), d - s.p))
    return np.mean(terms, axis=0)


def _broken_sticks(s):
    """Numbers of the sticks taken (samples, n, variables), and categories of sticks."""
    order = np.argsort(s.p, axis=1, kind="stable")
    p = np.take_along_axis(s.p, order, axis=1)
    exponentials = np.array([s.conditional(k) for k in range(s.samples)])
    share = exponentials / exponentials.sum(axis=0)
    place = np.full(share.shape[:3], p.shape[1] - 1)
    for v, c in np.ndindex(p.shape[0], p.shape[1] - 1):
        chance = p[v, c] / p[v, c:].sum()
        taken = share[:, :, v, c] > 1 - chance ** (1 / (s.samples - 1))
        place[:, :, v] = np.where(taken & (place[:, :, v] > c), c, place[:, :, v])
    return place, order, p


def _pair_probability(p, i, j, samples):
    """Of two draws to take sticks i < j: what each stick before them does, multiplied."""
    total = 1.0
    for c in range(j + 1):
        chance = p[c] / p[c:].sum()
        both = max(0.0, 2 * chance ** (1 / (samples - 1)) - 1) ** (samples - 1)
        if c < i:
            total *= 1 - 2 * chance + both
        elif c == i:
            total *= chance - both
        else:
            total *= chance if c == j else 1 - chance
    return total


def carms(s):
    place, order, p = _broken_sticks(s)
    samples, _, variables = place.shape
    identity = np.eye(p.shape[1])
    draws = np.stack([identity[order[v][place[:, :, v]]] for v in range(variables)], axis=2)
    f = np.array([s.plain.f(d) for d in draws])
    out = np.zeros((N, *s.p.shape))
    for k, other in itertools.combinations(range(samples), 2):
        for v, n in np.ndindex(variables, N):
            i, j = sorted((place[k, n, v], place[other, n, v]))
            if i < j:
                ratio = p[v, i] * p[v, j] / _pair_probability(p[v], i, j, samples)
                difference = draws[k, n, v] - draws[other, n, v]
                out[n, v] += ratio * (f[k, n] - f[other, n]) * difference
    return out / (samples * (samples - 1))


def arms(s):
    """Leave-one-out over the correlation, by logits of category 1."""
    exponentials = np.array([s.conditional(k)[:, :, 0] for k in range(s.samples)])
    share, others = exponentials / exponentials.sum(axis=0), s.samples - 1
    rare = s.p.argsort(axis=1, kind="stable")[:, 0]
    q = s.p.min(axis=1)
    drawn = share > 1 - q ** (1 / others)
    b = np.where(drawn, rare, 1 - rare)
    f = np.array([s.plain.f(np.eye(2)[one]) for one in b])
    both = np.maximum(0.0, 2 * q ** (1 / others) - 1) ** others
    correlation = (both - q**2) / (q * (1 - q))
    less = f - (f.sum(axis=0) - f) / others
    by_logit = (less[:, :, None] * (b - s.p[:, 1])).mean(axis=0) / (1 - correlation)
    return _in_both(by_logit)


def redge(s, step=1e-6):
    """The derivative of the soft draw by differences, its noise held fixed."""
    epsilon = s.noise("normal")

    def soft(logits):
        y, x, before = np.broadcast_to(softmax(logits), epsilon.shape), epsilon, 1.0
        for t in np.linspace(1.0, s.settings["time"], s.settings["steps"])[1:]:
            direction = (x - (1 - before) * y) / before
            x, before = (1 - t) * y + t * direction, t
            y = softmax(logits + (1 - t) / t**2 * x)
        return y

    race = s.noise("exponential") / soft(s.logits)
    d = np.eye(s.logits.shape[1])[race.argmin(axis=2)]
    slope, out = s.plain.gradient(d), np.empty(d.shape)
    for v, c in np.ndindex(*s.logits.shape):
        moved = np.zeros(s.logits.shape)
        moved[v, c] = step
        change = soft(s.logits + moved) - soft(s.logits - moved)
        out[:, v, c] = (slope * change).sum((1, 2)) / (2 * step)
    return out, s.direct(d)


def decoupled_st(s):
    race = s.noise("exponential") * np.exp(-s.logits / s.settings["forward"])
    d = np.eye(s.logits.shape[1])[race.argmin(axis=2)]
    q = np.broadcast_to(softmax(s.logits / TEMPERATURE), d.shape)
    return times_jacobian(q, s.plain.gradient(d)) / TEMPERATURE, s.direct(d)


def imle(s):
    d, step = s.draw(), s.settings["lambda"]
    moved = s.logits - step * s.plain.gradient(d) + s.noise("gumbel")
    return (d - np.eye(d.shape[2])[moved.argmax(axis=2)]) / step, s.direct(d)


def relax(s):
    """REBAR's twin with a control variate more, of the weights that were fitted."""
    kinds = 1 if s.settings["surrogate"] == "linear" else 2
    preparation = Preparation(s.bound, s.settings, TEMPERATURE, None, SEED)
    weights = np.zeros((2, *s.logits.shape))
    weights.ravel()[: kinds * s.logits.size] = control_variate.fitted(preparation, kinds)
    linear, square = weights
    f, gradient, eta = s.plain.f, s.plain.gradient, s.settings["eta"]
    s.plain.f = lambda x: f(x) + (linear * x + square * x**2).sum((1, 2)) / eta
    s.plain.gradient = lambda x: gradient(x) + (linear + 2 * square * x) / eta
    by_logits, direct = rebar(s)
    d = s.draw()
    s.plain.f, s.plain.gradient = f, gradient
    return by_logits - outer((linear * d + square * d**2).sum((1, 2)) / eta, d - s.p), direct


def exact(s):
    shape = s.logits.shape
    total = np.zeros(shape)
    for outcome in np.ndindex(*[shape[1]] * shape[0]):
        x = np.eye(shape[1])[list(outcome)]
        total += (x * s.p).sum(axis=1).prod() * s.plain.f(x[None])[0] * (x - s.p)
    return np.broadcast_to(total, (N, *shape))
