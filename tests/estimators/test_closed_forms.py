"""Variances that are known in closed form, and the references themselves."""

import itertools
from typing import Any, NamedTuple

import exact
import numpy as np
import pytest
from measured import (
    ESTIMATES,
    LEVEL,
    bind,
    covers,
    first_part,
    mean_ps,
    measured,
    numbers,
    sidak,
    variance_p,
)

import gumbench

HEAVY = 131_072
EPSILON = float(np.finfo(np.float32).eps)


# The settings whose variance is known, each with its exact value.


class Setting(NamedTuple):
    estimator: str
    problem: str
    dimension: int
    settings: tuple
    inner: int | None
    estimates: int
    variance: float

    @property
    def bound(self):
        return bind(self.problem, self.dimension, self.settings)

    def run(self, seed, times=1):
        return first_part(self.bound, self.estimator, seed, times * self.estimates, self.inner)


LECTURE = [  # a, b, theta, sigma; the mean is aθ + b
    *itertools.product((1.0,), (0.0,), (0.0, 0.5, 1.0, 2.0), (0.5, 1.0, 2.0)),
    *itertools.product((-2.0, 0.5), (1.0,), (0.5, -1.0), (1.0, 0.3)),
]


def lecture_settings():
    for (a, b, theta, sigma), d in itertools.product(LECTURE, (1, 2, 5)):
        settings = tuple({"a": a, "b": b, "theta": theta, "sigma": sigma}.items())
        m, scale = a * theta + b, a * a * d
        rows = [
            ("score", None, exact.quadratic_score(m, sigma, d)),
            ("score-baseline", None, exact.quadratic_score_baseline(m, sigma, d)),
            ("score-mean", None, exact.quadratic_score_mean(m, sigma, d)),
            ("score-loo", 2 + d, exact.quadratic_score_loo(m, sigma, d, 2 + d)),
        ]
        if d != 5:
            rows.append(("pathwise", None, exact.quadratic_pathwise(sigma)))
        for name, inner, variance in rows:
            estimates = HEAVY if name == "score" and d == 1 else ESTIMATES
            yield Setting(
                name, "gaussian-quadratic", d, settings, inner, estimates, scale * variance
            )


def kl_settings():
    for mu, sigma in itertools.product((0.0, 0.5, 1.0, -2.0), (0.2, 0.5, 0.8, 1.5, 3.0)):
        settings = (("mu", mu), ("sigma", sigma))
        for d in (1, 4):
            rows = [
                ("pathwise", d * exact.kl_pathwise(sigma)),
                ("sticking-the-landing", d * exact.kl_sticking(sigma)),
            ]
            if d == 1:
                rows.append(("score", exact.kl_score(mu, sigma)))
            for name, variance in rows:
                yield Setting(name, "gaussian-kl", d, settings, None, HEAVY, variance)


def distribution(problem, dimension, settings):
    """Probabilities and values of the outcomes of a problem with one variable."""
    bound = bind(problem, dimension, settings)
    p, data = exact.softmax(numbers(bound.theta)), numbers(bound.data)
    if problem == "categorical-linear":
        return p, data
    target = data[:-1]
    square = exact.norm_square(target)
    return p, [square + 1 - 2 * b for b in target]


ONE_VARIABLE = [
    (name, c, (("instance", 7 * i + c), ("skew", skew)))
    for name in ("categorical-quadratic", "categorical-linear")
    for c in (2, 3, 5, 10, 30, 100, 300, 1000)
    for i, skew in enumerate((0.5, 1.0, 2.0))
]


def one_variable_settings():
    for i, (name, c, settings) in enumerate(ONE_VARIABLE):
        p, f = distribution(name, c, settings)
        samples = (2, 3, 4, 8)[i % 4]
        rows = [
            ("score", None, exact.score_trace(p, f)),
            ("score-loo", samples, exact.score_loo_trace(p, f, samples)),
            ("score-mean", None, exact.score_trace(p, f, exact.mean_of(p, f))),
            ("gumbel-score", None, exact.gumbel_score_trace(p, f)),
        ]
        if c > 2:
            rows.append(("score-baseline", None, exact.score_baseline_trace(p, f)))
        if name == "categorical-quadratic":
            rows.append(("straight-through", None, exact.straight_through_quadratic_trace(p)))
        for estimator, inner, variance in rows:
            yield Setting(estimator, name, c, settings, inner, ESTIMATES, variance)


BERNOULLIS = list(itertools.product((1, 2, 5, 20, 200), (0.45, 0.2), (0.1, 0.5, 0.8)))


def bernoulli_settings():
    for i, (d, t, theta) in enumerate(BERNOULLIS):
        name = "bernoulli-toy" if d == 1 else "bernoulli-sum"
        settings = (("t", t), ("theta", theta))
        moments = exact.BinomialMoments(t, theta, d)
        samples = (2, 2, 5)[i % 3]
        rows = [
            ("score", None, moments.score()),
            ("score-loo", samples, moments.score_loo(samples)),
            ("gumbel-score", None, moments.gumbel_score()),
        ]
        # At θ = 1/2 two values are equally likely: the sample variance is off to second order only.
        if d > 1 or theta != 0.5:
            rows.append(("straight-through", None, exact.bernoulli_straight_through(theta, d)))
        if d > 1:
            rows.append(("score-baseline", None, moments.score_baseline()))
        for estimator, inner, variance in rows:
            yield Setting(estimator, name, d, settings, inner, ESTIMATES, variance)


def table_of(bound):
    """Probabilities of the variables and f as a function of a draw, of the table problem."""
    theta, data = numbers(bound.theta), numbers(bound.data)
    p = [exact.softmax(theta[i : i + 3]) for i in (0, 3, 6)]
    return p, lambda x: data[9 * x[0] + 3 * x[1] + x[2]]


def table_settings():
    for instance in range(40):
        settings = (("instance", instance), ("skew", (0.5, 1.0, 2.0)[instance % 3]))
        p, f = table_of(bind("table", settings=settings))
        rows = [("local-expectation", None, exact.enumerated_local_expectation(p, f)[1])]
        if instance < 12:
            best = exact.enumerated_best_constant(p, f)
            rows += [
                ("score", None, exact.enumerated_score(p, f)[1]),
                ("score-baseline", None, exact.enumerated_score(p, f, best)[1]),
                ("score-mean", None, exact.enumerated_score(p, f, exact.enumerated_mean(p, f))[1]),
                ("score-loo", 2, exact.enumerated_score_loo(p, f, 2)[1]),
                ("gumbel-score", None, exact.enumerated_gumbel_score(p, f)),
            ]
        for estimator, inner, variance in rows:
            yield Setting(estimator, "table", 1, settings, inner, ESTIMATES, variance)


def all_settings():
    return [
        *lecture_settings(),
        *kl_settings(),
        *one_variable_settings(),
        *bernoulli_settings(),
        *table_settings(),
    ]


def family(setting):
    return setting.bound.problem.family


class Outcome(NamedTuple):
    setting: Setting
    seed: int
    found: Any
    family: str

    @property
    def hit(self):
        return covers(self.found, self.setting.variance)


@pytest.fixture(scope="module")
def everything():
    """Every setting measured once, its number the seed."""
    return [
        Outcome(setting, 1000 + i, setting.run(1000 + i), family(setting))
        for i, setting in enumerate(all_settings())
    ]


def by_estimator(everything):
    groups = {}
    for outcome in everything:
        groups.setdefault((outcome.family, outcome.setting.estimator), []).append(outcome)
    return groups


def share(hits):
    hits = list(hits)
    return sum(hits) / len(hits)


def test_intervals_cover_the_exact_variance(everything):
    assert len(everything) >= 500
    assert 0.92 <= share(o.hit for o in everything) <= 0.98


def test_intervals_cover_for_each_estimator(everything):
    groups = by_estimator(everything)
    assert min(len(group) for group in groups.values()) >= 40
    assert len(groups) == 13
    low = {name: share(o.hit for o in group) for name, group in groups.items()}
    assert min(low.values()) >= 0.82, low


def test_no_setting_disagrees(everything):
    ps = [variance_p(o.found, o.setting.variance) for o in everything]
    worst = everything[int(np.argmin(ps))]
    assert sidak(ps) > LEVEL, (worst.setting, worst.seed, min(ps))


def test_settings_missed_once_are_covered_with_ten_times_the_estimates(everything):
    """Chance misses one in twenty again; a wrong formula is missed by ten times the estimates."""
    missed = [o for o in everything if not o.hit]
    again = [(o, o.setting.run(o.seed, times=10)) for o in missed]
    both = [
        (o.setting, o.seed, variance_p(o.found, o.setting.variance), p)
        for o, found in again
        for p in [variance_p(found, o.setting.variance)]
    ]
    # Its first tenth is the run that missed, so a miss again is likelier than one in twenty.
    assert share(covers(found, o.setting.variance) for o, found in again) >= 0.75, both
    assert sidak([p for *_, p in both]) > LEVEL, both


def test_variances_wrong_by_a_tenth_are_not_covered(everything):
    """The control of the coverage: what an error of 10 % in every reference would look like."""
    for name, group in by_estimator(everything).items():
        for factor in (0.9, 1.1):
            assert share(covers(o.found, factor * o.setting.variance) for o in group) < 0.6, name


def test_no_bias_in_unbiased_estimators(everything):
    """All but straight-through are unbiased: no bias is seen among them all."""
    unbiased = [o for o in everything if o.setting.estimator != "straight-through"]
    worst = min(unbiased, key=lambda o: o.found["bias_p"])
    ps = [o.found["bias_p"] for o in unbiased]
    assert sidak(ps) > LEVEL, (worst.setting, worst.seed)


def test_the_public_sweep_gives_the_same_numbers():
    setting = next(one_variable_settings())
    rows = gumbench.sweep(
        problems=setting.problem,
        dimensions=setting.dimension,
        estimators=setting.estimator,
        settings=dict(setting.settings),
        estimates=setting.estimates,
        seed=5,
    ).variance
    assert rows.variance[0] == setting.run(5)["variance"]


# The references themselves, by a second route.


@pytest.mark.parametrize(("a", "b", "theta", "sigma"), LECTURE)
@pytest.mark.parametrize("d", [1, 2, 7])
def test_lecture_forms_by_polynomials(a, b, theta, sigma, d):
    m = a * theta + b
    moments = exact.ScoreMoments(exact.quadratic_polynomial(m, sigma), [0.0, 1 / sigma], d)
    assert moments.constant(0.0) == pytest.approx(exact.quadratic_score(m, sigma, d))
    assert moments.best() == pytest.approx(exact.quadratic_score_baseline(m, sigma, d))
    for k in (2, 3, 8):
        assert moments.loo(k) == pytest.approx(exact.quadratic_score_loo(m, sigma, d, k))
    assert exact.quadratic_score_mean(m, sigma) == pytest.approx(8 * m * m + 10 * sigma * sigma)


def test_the_lecture_numbers():
    assert exact.quadratic_score(1, 1) == 30
    assert exact.quadratic_score_baseline(1, 1) == 14
    assert exact.quadratic_pathwise(1) == 4
    assert exact.quadratic_score(0, 1, 1) != pytest.approx(exact.quadratic_score(0, 1, 2))


@pytest.mark.parametrize(("mu", "sigma"), [(0.0, 0.5), (1.0, 0.5), (-2.0, 3.0)])
def test_kl_score_by_polynomials(mu, sigma):
    moments = exact.ScoreMoments(exact.kl_polynomial(mu, sigma), [0.0, 1 / sigma])
    assert moments.constant(0.0) == pytest.approx(exact.kl_score(mu, sigma))
    assert moments.gradient == pytest.approx(mu)


@pytest.mark.parametrize(("name", "c", "settings"), [row for row in ONE_VARIABLE if row[1] <= 30])
def test_categorical_forms_by_enumeration(name, c, settings):
    p, f = distribution(name, c, settings)
    mean, trace = exact.enumerated_score([p], lambda x: f[x[0]])
    assert mean == pytest.approx(exact.categorical_gradient(p, f), abs=1e-12)
    assert trace == pytest.approx(exact.score_trace(p, f))
    best = exact.enumerated_best_constant([p], lambda x: f[x[0]])
    assert best == pytest.approx(exact.best_constant(p, f))
    gumbel = exact.enumerated_gumbel_score([p], lambda x: f[x[0]])
    assert gumbel == pytest.approx(exact.gumbel_score_trace(p, f))
    for k in range(2, {2: 7, 3: 5, 5: 4, 10: 3}.get(c, 2)):
        _, trace = exact.enumerated_score_loo([p], lambda x: f[x[0]], k)
        assert trace == pytest.approx(exact.score_loo_trace(p, f, k))
    gradients = [[2.0 * ((i == k) - f[k]) for k in range(c)] for i in range(c)]
    _, trace = exact.enumerated_straight_through(p, gradients)
    assert trace == pytest.approx(exact.straight_through_quadratic_trace(p))


@pytest.mark.parametrize(("d", "t", "theta"), BERNOULLIS)
def test_bernoulli_forms_by_the_binomial(d, t, theta):
    moments = exact.BinomialMoments(t, theta, d)
    assert moments.score() == pytest.approx(exact.bernoulli_sum_score(t, theta, d))
    baseline = exact.bernoulli_sum_score_baseline(t, theta, d)
    assert moments.score_baseline() == pytest.approx(baseline, abs=1e-15)
    assert moments.score_loo(2) == pytest.approx(exact.bernoulli_sum_score_loo2(t, theta, d))
    if d == 1:
        assert moments.score() == pytest.approx(exact.bernoulli_score(t, theta))


# Variances that are zero but for rounding.


ZEROS = [  # estimator, problem, dimension, settings; one that does not cancel the same terms
    *(
        (estimator, problem, d, (("t", t), ("theta", theta)), "score")
        for t, theta in itertools.product((0.45, 0.2), (0.1, 0.5, 0.8))
        for estimator, problem, d in (
            ("score-baseline", "bernoulli-toy", 1),
            ("local-expectation", "bernoulli-toy", 1),
            ("local-expectation", "bernoulli-sum", 20),
        )
    ),
    ("score-loo", "bernoulli-toy", 1, (("t", 0.5), ("theta", 0.3)), "gumbel-score"),
    ("score-baseline", "categorical-quadratic", 2, (("instance", 3),), "score"),
    *(
        (estimator, "categorical-linear", c, (("instance", c), ("skew", skew)), "score")
        for c, skew in itertools.product((4, 64), (0.5, 2.0))
        for estimator in ("straight-through", "local-expectation")
    ),
    *(
        ("sticking-the-landing", "gaussian-kl", 1, (("mu", mu), ("sigma", 1.0)), "pathwise")
        for mu in (0.0, 2.0)
    ),
]


@pytest.mark.parametrize("number", range(len(ZEROS)))
def test_zero_variances(number):
    """Below (16 eps)² times the second moment of an estimator whose terms do not cancel."""
    estimator, problem, dimension, settings, control = ZEROS[number]
    bound = bind(problem, dimension, settings)
    found = first_part(bound, estimator, 3000 + number, ESTIMATES)
    other = first_part(bound, control, 3000 + number, ESTIMATES)
    limit = (16 * EPSILON) ** 2 * (other["variance"] + other["truth_norm"] ** 2)
    assert found["variance"] <= limit
    assert found["bias_p"] > LEVEL
    assert other["variance"] > 1e6 * limit


# gaussian-kl: pathwise and sticking the landing are different estimators.

KL_POINTS = [(1.0, 0.5), (-0.5, 2.0), (2.0, 0.8)]
KL_FORMS = {
    ("pathwise", "mean"): lambda mu, sigma: exact.kl_pathwise(sigma),
    ("pathwise", "scale"): exact.kl_pathwise_scale,
    ("sticking-the-landing", "mean"): lambda mu, sigma: exact.kl_sticking(sigma),
    ("sticking-the-landing", "scale"): exact.kl_sticking_scale,
}


@pytest.fixture(scope="module")
def kl_runs():
    return {
        (estimator, point): measured(
            bind("gaussian-kl", 1, (("mu", point[0]), ("sigma", point[1])), "float64"),
            estimator,
            4000 + i,
            1 << 20,
        )
        for i, (estimator, point) in enumerate(
            itertools.product(("pathwise", "sticking-the-landing"), KL_POINTS)
        )
    }


def kl_ps(kl_runs, swapped=False):
    names = {"pathwise": "sticking-the-landing", "sticking-the-landing": "pathwise"}
    return [
        variance_p(parts[part], KL_FORMS[names[name] if swapped else name, part](*point))
        for (name, point), parts in kl_runs.items()
        for part in ("mean", "scale")
    ]


def test_kl_forms(kl_runs):
    assert sidak(kl_ps(kl_runs)) > LEVEL
    ps = [
        mean_ps(parts[part], [truth])
        for (_, (mu, sigma)), parts in kl_runs.items()
        for part, truth in (("mean", mu), ("scale", sigma - 1 / sigma))
    ]
    assert sidak(ps) > LEVEL


def test_kl_forms_swapped_are_rejected(kl_runs):
    assert max(kl_ps(kl_runs, swapped=True)) < 1e-6
