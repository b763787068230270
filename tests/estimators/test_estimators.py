"""Every estimator against a naive twin in NumPy that gets the same noise, on every problem."""

import numpy as np
import numpy_problems
import pytest

import gumbench
from gumbench import registry
from gumbench.engine import applicability
from gumbench.engine.bound_problem import BoundProblem

N = 40
SEED = 17
SIZES = {"categorical-vae": 3, "bernoulli-toy": 1, "classification": 3}
TEMPERATURE = 0.7


def softmax(x, axis=-1):
    weights = np.exp(x - x.max(axis=axis, keepdims=True))
    return weights / weights.sum(axis=axis, keepdims=True)


class Setting:
    """What a twin sees: noise (K, n, variables, categories) and the problem in plain NumPy."""

    def __init__(self, problem, inner):
        self.bound = BoundProblem(problem, "float64")
        self.noise = np.array(
            [np.moveaxis(self.bound.noise(SEED, None, 0, N, draw=k), 2, 0) for k in range(inner)]
        )
        self.plain = numpy_problems.PROBLEMS[problem.name](self.bound)
        self.logits = self.bound.dist_params
        self.p = softmax(self.logits) if problem.family == "categorical" else None
        self.keeps_direct = problem.direct is not None

    def draw(self, k=0):
        category = (self.logits + self.noise[k]).argmax(axis=2)
        return np.eye(self.logits.shape[1])[category]

    def z(self, k=0):
        mean, scale = self.logits
        return mean[:, None] + scale[:, None] * self.noise[k]

    def direct(self, x):
        return self.plain.direct(x) if self.keeps_direct else 0.0


def outer(weight, score):
    return weight[:, None, None] * score


def times_jacobian(y, g):
    return y * (g - (y * g).sum(axis=2, keepdims=True))


def score(s):
    d = s.draw()
    return outer(s.plain.f(d), d - s.p)


def score_baseline(s):
    shape = s.logits.shape
    if shape[1] ** shape[0] > 5000:
        return None
    outcomes = np.array(list(np.ndindex(*[shape[1]] * shape[0])))
    x = np.eye(shape[1])[outcomes]
    weight = (x * s.p).sum(axis=2).prod(axis=1)
    length = ((x - s.p) ** 2).sum((1, 2))
    c = (weight * length * s.plain.f(x)).sum() / (weight * length).sum()
    d = s.draw()
    return outer(s.plain.f(d) - c, d - s.p)


def score_mean(s):
    shape = s.logits.shape
    if shape[1] ** shape[0] > 5000:
        return None
    x = np.eye(shape[1])[np.array(list(np.ndindex(*[shape[1]] * shape[0])))]
    c = ((x * s.p).sum(axis=2).prod(axis=1) * s.plain.f(x)).sum()
    d = s.draw()
    return outer(s.plain.f(d) - c, d - s.p)


def score_loo(s):
    draws = [s.draw(k) for k in range(len(s.noise))]
    f = [s.plain.f(d) for d in draws]
    terms = []
    for k, d in enumerate(draws):
        others = np.mean([f[j] for j in range(len(f)) if j != k], axis=0)
        terms.append(outer(f[k] - others, d - s.p))
    return np.mean(terms, axis=0)


def local_expectation(s):
    d = s.draw()
    f = np.empty((N, *s.logits.shape))
    for v, c in np.ndindex(*s.logits.shape):
        changed = d.copy()
        changed[:, v] = np.eye(s.logits.shape[1])[c]
        f[:, v, c] = s.plain.f(changed)
    return times_jacobian(np.broadcast_to(s.p, f.shape), f)


def gumbel_score(s):
    return outer(s.plain.f(s.draw()), 1 - np.exp(-s.noise[0]))


def concrete(s):
    y = softmax((s.logits + s.noise[0]) / TEMPERATURE)
    return times_jacobian(y, s.plain.gradient(y)) / TEMPERATURE, s.direct(y)


def straight_through(s):
    d = s.draw()
    return times_jacobian(np.broadcast_to(s.p, d.shape), s.plain.gradient(d)), s.direct(d)


def st_gumbel_softmax(s):
    d, y = s.draw(), softmax((s.logits + s.noise[0]) / TEMPERATURE)
    return times_jacobian(y, s.plain.gradient(d)) / TEMPERATURE, s.direct(d)


def exact(s):
    shape = s.logits.shape
    total = np.zeros(shape)
    for outcome in np.ndindex(*[shape[1]] * shape[0]):
        x = np.eye(shape[1])[list(outcome)]
        total += (x * s.p).sum(axis=1).prod() * s.plain.f(x[None])[0] * (x - s.p)
    return np.broadcast_to(total, (N, *shape))


def gaussian_terms(s, k=0):
    e = s.noise[k][:, :, 0]
    scale = s.logits[1]
    return np.stack([e / scale, (e**2 - 1) / scale], axis=1)


def gaussian_score(s):
    return outer(s.plain.f(s.z()), gaussian_terms(s))


def gaussian_score_loo(s):
    f = np.array([s.plain.f(s.z(k)) for k in range(len(s.noise))])
    others = (f.sum(axis=0) - f) / (len(f) - 1)
    return np.mean([outer(f[k] - others[k], gaussian_terms(s, k)) for k in range(len(f))], axis=0)


def gaussian_score_baseline(s):
    random = np.concatenate(list(s.bound.pilot(SEED, 65_536)), axis=2)[:, 0].T
    mean, scale = s.logits
    z = (mean + scale * random)[:, :, None]
    squares = np.stack([random**2, (random**2 - 1) ** 2], axis=1)
    c = (s.plain.f(z)[:, None, None] * squares).mean(axis=0) / squares.mean(axis=0)
    return (s.plain.f(s.z())[:, None, None] - c) * gaussian_terms(s)


def gaussian_score_mean(s):
    random = np.concatenate(list(s.bound.pilot(SEED, 65_536)), axis=2)[:, 0].T
    mean, scale = s.logits
    c = s.plain.f((mean + scale * random)[:, :, None]).mean()
    return outer(s.plain.f(s.z()) - c, gaussian_terms(s))


def path(s):
    g = s.plain.gradient(s.z())[:, :, 0]
    return np.stack([g, g * s.noise[0][:, :, 0]], axis=1)


def pathwise(s):
    return path(s), s.direct(s.z())


TWINS = {
    ("categorical", "exact"): exact,
    ("categorical", "score"): score,
    ("categorical", "score-baseline"): score_baseline,
    ("categorical", "score-mean"): score_mean,
    ("categorical", "score-loo"): score_loo,
    ("categorical", "local-expectation"): local_expectation,
    ("categorical", "gumbel-score"): gumbel_score,
    ("categorical", "concrete"): concrete,
    ("categorical", "straight-through"): straight_through,
    ("categorical", "st-gumbel-softmax"): st_gumbel_softmax,
    ("gaussian", "score"): gaussian_score,
    ("gaussian", "score-loo"): gaussian_score_loo,
    ("gaussian", "score-baseline"): gaussian_score_baseline,
    ("gaussian", "score-mean"): gaussian_score_mean,
    ("gaussian", "pathwise"): pathwise,
    ("gaussian", "sticking-the-landing"): path,
}


def pairs():
    for name in registry.names("problems"):
        problem = registry.make_problem(name, SIZES.get(name, 5))
        for estimator in registry.names("estimators"):
            found = registry.estimators(estimator).get(problem.family)
            if not applicability.why_not(found, problem):
                yield name, estimator


def test_every_estimator_has_a_twin():
    families = {
        (family, name)
        for name in registry.names("estimators")
        for family in registry.estimators(name)
    }
    assert families == set(TWINS)
    assert set(numpy_problems.PROBLEMS) == set(registry.names("problems"))


@pytest.mark.parametrize(("problem", "estimator"), list(pairs()))
def test_estimates_are_the_twins(problem, estimator):
    made = registry.make_problem(problem, SIZES.get(problem, 5))
    found = registry.estimators(estimator)[made.family]
    inner = 3 if found.inner_samples else None
    setting = Setting(made, inner or 1)
    wanted = TWINS[made.family, estimator](setting)
    dist_params, direct = wanted if isinstance(wanted, tuple) else (wanted, 0.0)
    wanted = numpy_problems.pull_back(setting.bound, dist_params) + direct
    options = {"temperature": TEMPERATURE, "inner_samples": inner, "seed": SEED}
    sample = setting.z() if made.family == "gaussian" else setting.draw()
    scale = np.abs(wanted).max() + np.abs(setting.plain.f(sample)).max()
    got = gumbench.estimate(made, estimator, N, dtype="float64", **options)
    np.testing.assert_allclose(got, wanted, rtol=1e-10, atol=1e-12 * scale)
    single = gumbench.estimate(made, estimator, N, dtype="float32", **options)
    np.testing.assert_allclose(single, wanted, atol=3e-5 * scale)


def test_a_missing_factor_would_be_seen():
    made = registry.make_problem("categorical-quadratic", 5)
    setting = Setting(made, 1)
    wrong = concrete(setting)[0][:, 0] * TEMPERATURE
    got = gumbench.estimate(
        made, "concrete", N, temperature=TEMPERATURE, seed=SEED, dtype="float64"
    )
    assert not np.allclose(got, wrong, rtol=1e-3)
