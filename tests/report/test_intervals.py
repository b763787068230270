"""Intervals of the verdict, and direct simulation of what it promises."""

import dataclasses
import math
import textwrap

import fake_records
import numpy as np
import pytest
import reference_noise

import gumbench
from gumbench import registry
from gumbench.errors import InputError
from gumbench.estimators import categorical
from gumbench.report import envelope, ranking
from gumbench.types import Record

# Intervals

SHIFTED = '''
    """The optimal baseline, off by so much that the variance is 3 % larger."""
    from gumbench.estimators.categorical import score_baseline
    from gumbench.types import Cost, Estimator, Noise


    def prepare(preparation):
        prepared = score_baseline.prepare(preparation)
        prepared[-1] += SHIFT
        return prepared


    ESTIMATOR = Estimator(
        family="categorical", kernel=score_baseline.kernel, prepare=prepare, formula="",
        unbiased=True, noise=lambda k: [Noise("draw")],
        cost=lambda sizes: Cost(1, at_draws=True),
    )
'''
MIRRORED = '''
    """Score, with the noise of the categories turned around."""
    import numpy as np
    from gumbench.distributions.categorical import probability_table
    from gumbench.kernels.blocks import simplex
    from gumbench.types import Cost, Estimator, Noise


    def kernel(noise, temperature, prepared, objective, out, theta_gradient):
        variables, categories, block = out.shape
        gumbels = noise.by_category[0]
        turned = np.empty_like(gumbels)
        for c in range(categories):
            turned[0, c] = gumbels[0, categories - 1 - c]
        category = np.empty((variables, block), np.int32)
        f = np.empty(block, out.dtype)
        simplex.draw(objective.dist_params, turned, category)
        simplex.value_of_draw(category, objective, 0, categories, f)
        simplex.score(prepared, category, f, out)


    ESTIMATOR = Estimator(
        family="categorical", kernel=kernel, prepare=probability_table, formula="",
        unbiased=True, noise=lambda k: [Noise("gumbel")],
        cost=lambda sizes: Cost(1, at_draws=True),
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
    problem = gumbench.make_problem("categorical-linear", 6)
    p, f = reference_noise.softmax(list(problem.theta)), problem.data
    weight = [pi * (1 - 2 * pi + np.dot(p, p)) for pi in p]
    best = np.dot(weight, f) / sum(weight)
    least = score_variance(p, f, best)
    shift = (0.03 * least / sum(weight)) ** 0.5
    assert score_variance(p, f, best + shift) == pytest.approx(1.03 * least)
    added("shifted", SHIFTED.replace("SHIFT", repr(float(shift))))
    spec = {"problems": ["categorical-linear"], "dimensions": [6], "estimates": 1_000_000}
    run = gumbench.sweep(**spec, estimators=["shifted", "score-baseline"])
    (found,) = run.compare(oracles=True, cost="estimates")
    (only,) = found.ranges
    assert only.candidate.estimator == "score-baseline"
    assert not only.rivals


@pytest.mark.slow
def test_equal_variances_with_other_noise_cannot_be_told_apart(added):
    added("mirrored", MIRRORED)
    spec = {"problems": ["categorical-linear"], "dimensions": [5], "estimates": 6400}
    spec |= {"estimators": ["score", "mirrored"], "settings": {"skew": [0.0]}}
    ties = 0
    for seed in range(200):
        (found,) = gumbench.sweep(**spec, seed=seed).compare()
        ties += len(found.ranges[0].rivals)
    assert 182 <= ties <= 198


def test_paired_intervals_are_tighter_than_those_of_other_noise():
    generator = np.random.default_rng(0)
    shared = np.append(50.0, generator.chisquare(50, 64))

    def line(noise):
        means = (shared[1:] * (1 + 0.01 * noise)).sum() - shared[1:] * (1 + 0.01 * noise)
        left = np.append(means.mean() / 63, means / 63)
        return envelope.Line(np.zeros(65), left, 1.0)

    same, other = line(generator.standard_normal(64)), line(generator.standard_normal(64))
    turned = envelope.Line(other.level, np.append(other.slope[0], other.slope[:0:-1]), 1.0)
    scaled = [dataclasses.replace(o, slope=1.01 * o.slope) for o in (other, turned)]
    paired, unpaired = (envelope.covers(s, same, [5.0], lambda e: e)[0] for s in scaled)
    assert not paired
    assert unpaired


def test_a_crossing_has_an_interval_that_holds_the_true_one():
    """Of 300 crossings with known places, about 95 % of the intervals hold it."""
    generator = np.random.default_rng(8)
    gradient = np.array([1.0, -1.0, 0.5])
    hits = 0
    for _ in range(300):
        noise = fake_records.part(gradient, gradient, 8.0, generator)
        hat = 8.0 * np.exp(0.02 * generator.standard_normal())
        noise = fake_records.part(gradient, gradient, hat, generator, spread=0.16)
        biased = fake_records.part(
            gradient, 0.5 * gradient + [0, 0, 0.5], 1.0, generator, bias_p=0.0
        )
        records = [fake_records.record("noise", noise, True), fake_records.record("biased", biased)]
        (found,) = ranking.compare(records)
        crossing = found.ranges[1].crossing
        along, length = (0.5 * 2.25 + 0.25) ** 2 / 2.25, 0.25 * 2.25 + 0.25 + 0.25
        true = (8.0 / 2.25 - 1.0 / along) / ((length - along) / along)
        assert crossing.low <= crossing.value <= crossing.high
        hits += crossing.low <= true <= crossing.high
    assert 0.9 < hits / 300 <= 1


# Against a direct simulation of averaged estimates

SIMULATED = [
    (problem, dimension, setting)
    for problem, dimension, setting in [
        *[("categorical-quadratic", c, {"skew": s}) for c in (4, 6, 12) for s in (0.5, 1.5, 2.5)],
        *[("categorical-linear", c, {"skew": s}) for c in (4, 12) for s in (1.0, 2.0)],
        *[("bernoulli-sum", d, {"theta": t}) for d in (1, 2, 3) for t in (0.3, 0.8)],
        ("categorical-vae", 2, {"categories": 3}),
    ]
]
RACING = ("score", "score-mean", "score-loo", "concrete", "straight-through", "local-expectation")
TEMPERATURES = (0.5, 1.0, 2.0)
REPLICATES = 500


def simulated(problem, candidate, budget, truth):
    """Direction error of averages that a budget pays for, and its value in each jackknife group."""
    count = round(budget / candidate.cost)
    raw = gumbench.estimate(
        problem,
        candidate.estimator,
        REPLICATES * count,
        temperature=candidate.temperature,
        inner_samples=candidate.inner_samples,
        seed=77,
    )
    means = raw.reshape(REPLICATES, count, -1).astype(np.float64).mean(axis=1)
    groups = np.array_split(np.arange(REPLICATES), 20)
    kept = [np.delete(np.arange(REPLICATES), group) for group in groups]

    def direction(rows):
        along = max(0.0, means[rows].mean(axis=0) @ truth)
        return 1 - along**2 / (truth @ truth * (means[rows] ** 2).sum(axis=1).mean())

    return np.array([direction(slice(None)), *map(direction, kept)])


def test_there_are_twenty_settings():
    assert len(SIMULATED) == 20


@pytest.mark.parametrize(("name", "dimension", "settings"), SIMULATED)
def test_the_winner_is_first_in_a_direct_simulation(name, dimension, settings):
    problem = gumbench.make_problem(name, dimension, settings)
    truth = gumbench.exact_gradient(problem).gradient
    run = gumbench.sweep(
        problems=[name],
        dimensions=[dimension],
        settings={key: [value] for key, value in settings.items()},
        estimators=list(RACING),
        temperatures=list(TEMPERATURES),
        estimates=200_000,
    )
    (found,) = run.compare()
    for budget in (12.0, 48.0, 192.0):
        paid = [c for c in found.candidates if c.cost <= budget]
        assert all((budget / c.cost).is_integer() for c in paid)
        errors = {c.name: simulated(problem, c, budget, truth) for c in paid}
        winner = errors[found.best_at(budget).name]
        for error in errors.values():
            difference = winner - error
            left = difference[1:]
            noise = math.sqrt(19 / 20 * ((left - left.mean()) ** 2).sum())
            assert difference[0] <= 4 * noise + 1e-7


def test_the_least_error_is_not_the_least_variance():
    """The control of that: the candidate of least variance is not first everywhere."""
    problem = gumbench.make_problem("categorical-quadratic", 4, {"skew": 1.5})
    truth = gumbench.exact_gradient(problem).gradient
    run = gumbench.sweep(
        problems=["categorical-quadratic"],
        dimensions=[4],
        settings={"skew": [1.5]},
        estimators=["score-mean", "concrete"],
        temperatures=[2.0],
        estimates=200_000,
    )
    (found,) = run.compare()
    least = min(found.candidates, key=lambda c: c.row["variance"])
    first, second = (simulated(problem, c, 192.0, truth)[0] for c in (found.best_at(192.0), least))
    assert least.estimator == "concrete"
    assert first < 0.5 * second


# The same everywhere


def test_python_json_and_the_commands_say_the_same(tmp_path, monkeypatch, capsys):
    import json

    from gumbench.cli import main

    monkeypatch.chdir(tmp_path)
    words = (
        "sweep --problems categorical-quadratic --dimensions 8 --temperatures 0.5,1 --output run"
    )
    assert main([*words.split(), "--estimates", "6400", "--no-throughput"]) == 0
    swept = " ".join(capsys.readouterr().out.split())
    assert main(["compare", "run"]) == 0
    compared = " ".join(capsys.readouterr().out.split())
    assert main(["compare", "run", "--json"]) == 0
    (plain,) = json.loads(capsys.readouterr().out)
    (found,) = gumbench.load("run").compare()
    assert list(found.verdict) == plain["verdict"]
    for sentence in found.verdict:
        assert sentence in swept
        assert sentence in compared
    assert [r["best"] for r in plain["ranges"]] == [r.candidate.name for r in found.ranges]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"by": "variance"}, "no kind of error is called"),
        ({"budget": 0}, "--budget 0"),
        ({"budget": math.inf}, "--budget inf"),
        ({"where": ["status=skipped"]}, "no row has status=skipped"),
        ({"where": ["colour=red"]}, "no column is called"),
    ],
)
def test_mistakes_in_python(options, message):
    record = fake_records.record(
        "a", fake_records.part([1.0], [1.0], 1.0, np.random.default_rng(0)), True
    )
    with pytest.raises(InputError, match=message):
        ranking.compare([record], **options)


def test_nothing_to_compare_and_what_is_missing():
    record = fake_records.record(
        "a", fake_records.part([1.0], [1.0], 1.0, np.random.default_rng(0)), True
    )
    failed = Record(
        "k", "variance", dataclasses.replace(record.cell, estimator="b"), "diverged", {}, (), "inf"
    )
    with pytest.raises(InputError, match="there is no finished cell"):
        ranking.compare([failed])
    (found,) = ranking.compare([record, failed])
    assert found.missing == (("b", "diverged: inf"),)
