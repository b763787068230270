"""Every categorical estimator once more, in NumPy: a function (Setting) of the estimator's name.

It returns gradients in the logits (n, variables, categories), and ∂f/∂θ beside them where f may
depend on θ; None where it is not known.
"""

import itertools

import numpy as np
from twin_setting import TEMPERATURE, N, outer, softmax, times_jacobian


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


def exact(s):
    shape = s.logits.shape
    total = np.zeros(shape)
    for outcome in np.ndindex(*[shape[1]] * shape[0]):
        x = np.eye(shape[1])[list(outcome)]
        total += (x * s.p).sum(axis=1).prod() * s.plain.f(x[None])[0] * (x - s.p)
    return np.broadcast_to(total, (N, *shape))
