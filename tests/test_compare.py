"""Ranking, paired intervals and break-evens, against exact values and direct simulation."""

import dataclasses
import textwrap

import numpy as np
import pytest
import twin

import gumbench
from gumbench import compare, registry
from gumbench.compare import Cost, paired_ratio
from gumbench.errors import InputError
from gumbench.estimators import categorical
from gumbench.types import Record

SHIFTED = '''
    """The optimal baseline, off by so much that the variance is 3 % larger."""
    import numpy as np
    from gumbench.estimators.categorical import score_baseline
    from gumbench.types import Estimator


    def prepare(bound, seed, settings):
        prepared = score_baseline.prepare(bound, seed, settings)
        prepared[-1] += SHIFT
        return prepared


    ESTIMATOR = Estimator(
        family="categorical", kernel=score_baseline.kernel, prepare=prepare, formula="", paper="",
        unbiased=True, draw_evaluations=lambda k: 1, evaluations=lambda k, v, c: 1,
    )
'''
MIRRORED = '''
    """Score, with the noise of the categories turned around."""
    import numpy as np
    from gumbench.families.categorical import probability_table
    from gumbench.kernels import simplex
    from gumbench.types import Estimator


    def kernel(gumbels, temperature, prepared, objective, out, extra):
        variables, categories, block = out.shape
        turned = np.empty_like(gumbels[0])
        for c in range(categories):
            turned[0, c] = gumbels[0, 0, categories - 1 - c]
        index = np.empty((variables, block), np.int32)
        f = np.empty(block, out.dtype)
        simplex.draw(objective.natural, turned, index)
        simplex.value_of_draw(index, objective, 0, categories, f)
        simplex.score(prepared, index, f, out)


    ESTIMATOR = Estimator(
        family="categorical", kernel=kernel, prepare=probability_table, formula="", paper="",
        unbiased=True, draw_evaluations=lambda k: 1, evaluations=lambda k, v, c: 1,
    )
'''


@pytest.fixture
def added(tmp_path, monkeypatch):
    """Adds an estimator's file for the length of a test."""

    def add(name, text):
        (tmp_path / f"{name}.py").write_text(textwrap.dedent(text))
        monkeypatch.setattr(categorical, "__path__", [*categorical.__path__, str(tmp_path)])
        registry.aliases.cache_clear()

    yield add
    registry.aliases.cache_clear()


def score_variance(p, f, c):
    """Trace of the covariance of (f - c)(D - p), by enumeration."""
    g = [pi * (fi - np.dot(p, f)) for pi, fi in zip(p, f, strict=True)]
    square = sum(
        pi * (fi - c) ** 2 * (1 - 2 * pi + np.dot(p, p)) for pi, fi in zip(p, f, strict=True)
    )
    return square - np.dot(g, g)


def test_a_planted_difference_of_three_percent_is_found(added):
    made = gumbench.make_problem("categorical-linear", 6)
    p, f = twin.softmax(list(made.theta)), made.data
    weight = [pi * (1 - 2 * pi + np.dot(p, p)) for pi in p]
    best = np.dot(weight, f) / sum(weight)
    least = score_variance(p, f, best)
    shift = (0.03 * least / sum(weight)) ** 0.5
    assert score_variance(p, f, best + shift) == pytest.approx(1.03 * least)
    added("shifted", SHIFTED.replace("SHIFT", repr(float(shift))))
    spec = {"problems": ["categorical-linear"], "dimensions": [6], "estimates": 1_000_000}
    (found,) = gumbench.sweep(**spec, estimators=["shifted", "score-baseline"]).compare()
    assert found.best.estimator == "score-baseline"
    (other,) = (c for c in found.candidates if c is not found.best)
    assert other.to_best.apart
    assert other.to_best.low < 1.03 < other.to_best.high
    assert other.to_best.high - other.to_best.low < 0.03
    assert not found.ties


def test_equal_variances_with_other_noise_cannot_be_told_apart(added):
    added("mirrored", MIRRORED)
    spec = {"problems": ["categorical-linear"], "dimensions": [5], "estimates": 6400}
    spec |= {"estimators": ["score", "mirrored"], "settings": {"skew": [0.0]}}
    ties = 0
    for seed in range(200):
        (found,) = gumbench.sweep(**spec, seed=seed).compare()
        ties += len(found.ties)
    assert 182 <= ties <= 198


CASES = [
    (problem, dimension, estimator, temperature)
    for problem, dimension in [
        ("categorical-quadratic", 4),
        ("categorical-quadratic", 6),
        ("categorical-linear", 4),
        ("bernoulli-toy", 1),
    ]
    for estimator in ("concrete", "st-gumbel-softmax")
    for temperature in (1.0, 1.5, 2.0, 3.0, 5.0, 8.0)
]
SKEWED = {"theta": [0.8], "skew": [1.5]}
PAIRED = ("score", "concrete", "st-gumbel-softmax")


@pytest.fixture(scope="module")
def break_evens():
    """Comparisons with `score` as the only unbiased candidate, by problem and dimension."""
    found = {}
    for problem, dimension in dict.fromkeys(case[:2] for case in CASES):
        settings = {"theta": [0.8]} if problem == "bernoulli-toy" else {"skew": [1.5]}
        results = gumbench.sweep(
            problems=[problem],
            dimensions=[dimension],
            estimators=list(PAIRED),
            temperatures=[1.0, 1.5, 2.0, 3.0, 5.0, 8.0],
            settings=settings,
            estimates=200_000,
        )
        (found[problem, dimension],) = results.compare(cost="evaluations", gradient_cost=1.0)
    return found


def mean_square(problem, estimator, temperature, count, truth):
    """Mean squared error of averages of `count` estimates, and its standard error."""
    raw = gumbench.estimate(problem, estimator, 4000 * count, temperature=temperature, seed=77)
    averages = raw.reshape(4000, count, -1).astype(np.float64).mean(axis=1)
    errors = ((averages - truth) ** 2).sum(axis=1)
    return errors.mean(), errors.std() / len(errors) ** 0.5


def test_break_evens_agree_with_a_direct_simulation(break_evens):
    tested = 0
    for problem, dimension, estimator, temperature in CASES:
        (candidate,) = (
            c
            for c in break_evens[problem, dimension].candidates
            if c.estimator == estimator and c.temperature == temperature
        )
        n = candidate.break_even
        if not 3 <= n <= 400 or candidate.break_even_high / candidate.break_even_low > 1.1:
            continue
        settings = {"theta": 0.8} if problem == "bernoulli-toy" else {"skew": 1.5}
        made = gumbench.make_problem(problem, dimension, settings)
        truth = gumbench.exact_gradient(made).gradient
        for factor, ahead in ((0.6, True), (1.6, False)):
            count = max(1, round(factor * n))
            biased, noise = mean_square(made, estimator, temperature, count, truth)
            unbiased, other = mean_square(made, "score", None, count, truth)
            difference = (unbiased - biased) / np.hypot(noise, other)
            assert (difference > 0) == ahead, (problem, estimator, temperature, n)
        tested += 1
    assert tested >= 20


def test_break_even_is_the_formula(break_evens):
    for found in break_evens.values():
        best = found.best
        for c in found.candidates:
            if not c.unbiased and c.break_even:
                gain = best.variance * best.cost - c.variance * c.cost
                assert c.break_even == pytest.approx(gain / c.bias_norm**2 / found.reference.cost)


def test_the_most_biased_does_not_win_by_its_small_variance(break_evens):
    found = break_evens["categorical-quadratic", 4]
    assert found.best.estimator == "score"
    hottest = [c for c in found.candidates if c.temperature == 8.0]
    assert all(c.work < found.best.work for c in hottest)
    large = gumbench.sweep(
        problems=["categorical-quadratic"], dimensions=[4], estimates=50_000, temperatures=[8.0]
    ).compare(budget=1e6)
    assert large[0].candidates[0].unbiased


def test_a_budget_that_pays_for_no_estimate_is_said_so():
    results = gumbench.sweep(problems=["bernoulli-sum"], dimensions=[6], estimates=5000)
    (found,) = results.compare(budget=3.0)
    errors = {c.estimator: c.mse for c in found.candidates}
    assert errors["exact"] == errors["score-loo"] == np.inf
    assert found.candidates[0].mse < np.inf


def test_costs():
    result = {"evaluations": 4.0, "gradient_evaluations": 2.0, "parts": {"": {"variance": 1.0}}}
    cell = {"estimator": "score", "problem": "toy"}
    record = Record("", "variance", cell, "done", result)
    timed = dataclasses.replace(record, clock={"rounds": [3.0, 1.0, 2.0]})
    assert Cost().of(record) == Cost().of(timed) == 10
    assert Cost(gradient_cost=1.0).of(record) == 6
    assert Cost("estimates").of(record) == 1
    assert Cost("time").of(timed) == 2
    assert Cost(seconds_of_f=0.002).of(record) == pytest.approx(0.02)
    assert Cost("time", seconds_of_f=0.002).of(timed) == pytest.approx(2.02)
    with pytest.raises(InputError, match="score on toy has no time: give --cost evaluations"):
        Cost("time").of(record)
    with pytest.raises(InputError, match="did you mean"):
        Cost("evaluation")
    with pytest.raises(InputError, match="leave out --cost estimates"):
        Cost("estimates", seconds_of_f=0.002)
    for unit in ("time", "estimates"):
        with pytest.raises(InputError, match="--gradient-cost prices evaluations"):
            Cost(unit, gradient_cost=1.0)
    assert Cost("time", gradient_cost=1.0, seconds_of_f=0.002).of(timed) == pytest.approx(2.012)


def test_paired_intervals_are_tighter_than_unpaired_ones():
    generator = np.random.default_rng(0)
    shared = generator.chisquare(50, 64)
    over = shared * (1 + 0.01 * generator.standard_normal(64))
    paired, unpaired = paired_ratio(over, shared), compare.unpaired_ratio(over, shared)
    assert paired.high - paired.low < 0.3 * (unpaired.high - unpaired.low)
    assert paired.low < 1 < paired.high


def test_runs_with_an_estimator_without_variance():
    spec = {"problems": ["bernoulli-toy"], "estimators": ["score", "exact"], "estimates": 5000}
    first, second = (gumbench.sweep(**spec, seed=seed) for seed in (1, 2))
    for other in (first, second):
        (exact,) = (c for c in compare.changes(first, other) if c.estimator == "exact")
        assert exact.ratio == compare.Ratio(1.0, 1.0, 1.0)


def test_a_reference_that_costs_nothing():
    spec = {"problems": ["categorical-linear"], "dimensions": [4], "temperatures": [1.0]}
    results = gumbench.sweep(**spec, estimators=["score", "concrete"], estimates=5000)
    (found,) = results.compare(gradient_cost=0.0, reference="concrete")
    (concrete,) = (c for c in found.candidates if c.estimator == "concrete")
    assert concrete.cost == 0
    assert concrete.break_even == np.inf


def test_changes_between_runs(tmp_path):
    spec = {"problems": ["bernoulli-toy"], "estimators": ["score", "concrete"]}
    first = gumbench.sweep(**spec, estimates=20_000, seed=1)
    same = compare.changes(first, gumbench.sweep(**spec, estimates=20_000, seed=1))
    assert all(change.ratio.value == 1 for change in same)
    other = compare.changes(first, gumbench.sweep(**spec, estimates=40_000, seed=2))
    assert len(other) == 4
    assert all(0.8 < change.ratio.value < 1.25 for change in other)
    with pytest.raises(InputError, match="no cell in common"):
        compare.changes(first, gumbench.sweep(problems=["gaussian-kl"], estimates=200))
