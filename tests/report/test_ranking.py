"""The verdict against brute force over budgets, and what things cost."""

import csv
import dataclasses
import io
import math

import fake_records
import numpy as np
import pytest

import gumbench
from gumbench.errors import InputError
from gumbench.report import envelope, ranking, tables
from gumbench.report.cost import CostModel

# Brute force, in plain Python, from the numbers of variance.csv


def cost_of(row, reuse=1000):
    value, gradient = float(row["evaluations"]), float(row["gradient_evaluations"])
    prepared = float(row["prepare_evaluations"]) + 3 * float(row["prepare_gradient_evaluations"])
    return value + 3 * gradient + prepared / reuse


def errors_at(row, budget):
    """Direction error and error of the average that a budget pays for, or None."""
    if cost_of(row) > budget:
        return None
    square = float(row["truth_norm"]) ** 2 - float(row["truth_error"]) ** 2
    noise = float(row["variance"]) * cost_of(row) / budget
    unbiased = row["unbiased"] == "True" and float(row["bias_p"]) >= 1e-6
    if unbiased:
        along, length, bias = square, square, 0.0
    else:
        gain, error = float(row["gain"]), float(row["gain_error"])
        along = (gain * square) ** 2 / square if gain > 4 * error else 0.0
        length = float(row["mean_norm"]) ** 2 - float(row["variance"]) / float(row["estimates"])
        length, bias = max(length, along), float(row["bias_norm"])
    direction = 1.0 if length + noise == 0 else 1 - along / (length + noise)
    return direction, (bias**2 + noise) / square


def rows_of(records):
    text = tables.csv_text("variance", tables.rows("variance", records))
    return list(csv.DictReader(io.StringIO(text)))


def random_records(generator):
    """Candidates of any kind: unbiased, shrunk, turned, lengthened, without variance, backwards."""
    gradient = generator.standard_normal(3) * 10 ** generator.uniform(-3, 3)
    size = np.linalg.norm(gradient)
    for number in range(generator.integers(2, 9)):
        kind = generator.integers(6)
        turned = gradient + size * generator.standard_normal(3) * 10 ** generator.uniform(-3, 0)
        mean = [
            gradient,
            gradient,
            turned,
            turned * generator.uniform(0.1, 2),
            -gradient,
            0 * turned,
        ]
        variance = size**2 * 10 ** generator.uniform(-3, 3) * (generator.random() > 0.15)
        yield fake_records.record(
            f"e{number}",
            fake_records.part(
                gradient,
                mean[kind],
                variance,
                generator,
                bias_p=0.5 if kind < 2 else 1e-12,
                rounding=1e-9 * size,
            ),
            unbiased=bool(kind < 2 or generator.random() < 0.1),
            evaluations=float(generator.integers(0, 9)),
            gradients=float(generator.integers(0, 3)) + 0.25,
            prepare_evaluations=int(generator.integers(0, 3000)) * int(generator.random() < 0.3),
        )


@pytest.mark.parametrize("by", ["direction", "error"])
def test_the_envelope_is_what_a_search_over_budgets_finds(by):
    generator = np.random.default_rng(11)
    for _ in range(200):
        records = list(random_records(generator))
        (found,) = ranking.compare(records, by=by)
        rows = {row["estimator"]: row for row in rows_of(records)}
        for budget in np.geomspace(0.3, 1e6, 700):
            errors = {name: errors_at(row, budget) for name, row in rows.items()}
            errors = {n: e[by == "error"] for n, e in errors.items() if e is not None}
            errors = {n: e for n, e in errors.items() if by == "error" or e < 1}
            best = found.best_at(budget)
            if not errors:
                assert best is None or found.ranges[0].start > budget or by == "direction"
                continue
            least = min(errors.values())
            assert errors[best.estimator] <= least * (1 + 1e-9) + 1e-15, budget


def test_a_wrong_envelope_is_seen():
    """The control: of two lines that cross, the wrong one on one side."""
    a = envelope.Line(np.zeros(65), np.full(65, 8.0), 1.0)
    b = envelope.Line(np.full(65, 1.0), np.full(65, 2.0), 1.0)
    found = envelope.envelope([a, b], lambda e: e)
    assert [(s.start, s.best) for s in found] == [(1.0, 1), (pytest.approx(6.0), 0)]
    assert a.at([3.0])[0, 0] > b.at([3.0])[0, 0]
    assert a.at([12.0])[0, 0] < b.at([12.0])[0, 0]


def test_a_zero_or_reversed_gradient_beats_nothing():
    generator = np.random.default_rng(3)
    gradient = np.array([1.0, 2.0])
    records = [
        fake_records.record(
            "zero", fake_records.part(gradient, 0 * gradient, 0.0, generator, bias_p=0.0)
        ),
        fake_records.record(
            "back", fake_records.part(gradient, -gradient, 0.1, generator, bias_p=0.0)
        ),
        fake_records.record(
            "noisy", fake_records.part(gradient, gradient, 1e6, generator), unbiased=True
        ),
    ]
    (found,) = ranking.compare(records)
    errors = {c.estimator: c.direction_error for c in found.candidates}
    assert errors["zero"] == errors["back"] == 1.0
    assert errors["noisy"] < 1
    assert [r.candidate.estimator for r in found.ranges] == ["noisy"]
    (found,) = ranking.compare(records[:2])
    assert found.ranges == ()
    assert found.verdict[0] == "None of these leaves less error than no step at all."


def test_a_winner_whose_bias_was_not_seen_is_said_to_have_one():
    generator = np.random.default_rng(3)
    gradient = np.array([1.0, 2.0])
    quiet = fake_records.part(gradient, gradient, 0.1, generator, bias_p=0.3, bias_high=0.5)
    noisy = fake_records.part(gradient, gradient, 9.0, generator)
    for unbiased in (False, True):
        records = [
            fake_records.record("quiet", quiet, unbiased=unbiased),
            fake_records.record("noisy", noisy, unbiased=True),
        ]
        (found,) = ranking.compare(records)
        said = "The bias of quiet was not seen: it may be up to 22 % of the gradient."
        assert (said in found.verdict) == (not unbiased)
    seen = fake_records.record("quiet", dataclasses.replace(quiet, bias_p=0.01))
    (found,) = ranking.compare([seen, records[1]])
    assert not any("was not seen" in sentence for sentence in found.verdict)


def test_equal_errors_go_to_the_cheaper_and_then_not_to_the_exact():
    generator = np.random.default_rng(3)
    gradient = np.array([1.0, 2.0])

    def without_variance(name, cost, **more):
        part = fake_records.part(gradient, gradient, 0.0, generator)
        return fake_records.record(name, part, unbiased=True, evaluations=cost, **more)

    exact = without_variance("exact", 4, deterministic=True)
    other, dear = without_variance("other", 4), without_variance("dear", 6)
    for records in ([exact, other, dear], [dear, other, exact]):
        (found,) = ranking.compare(records)
        assert [(r.start, r.candidate.estimator, r.rivals) for r in found.ranges] == [
            (4.0, "other", ())
        ]
        assert found.verdict == ("From 4 evaluations of f a step: other.",)


def test_a_line_says_where_the_two_errors_differ():
    generator = np.random.default_rng(3)
    gradient = np.array([1.0, 2.0])
    shrunk = fake_records.part(gradient, 0.2 * gradient, 0.01, generator, bias_p=0.0)
    noisy = fake_records.part(gradient, gradient, 10.0, generator)
    records = [
        fake_records.record("shrunk", shrunk),
        fake_records.record("noisy", noisy, unbiased=True),
    ]
    (found,) = ranking.compare(records)
    assert found.verdict[0].startswith("From 1 evaluation of f a step: shrunk")
    assert found.verdict[1].startswith("By the error, which is without the best step size: From ")
    (other,) = ranking.compare(records, by="error")
    assert other.verdict[0] == found.verdict[1].partition(": ")[2]


@pytest.mark.parametrize(
    ("budget", "mean", "said"),
    [
        (None, 0.0, "Below 44 evaluations of f, no step at all leaves less."),
        (None, None, "Below 44 evaluations of f, no step at all leaves less."),
        (40, None, "No step at all leaves less."),
        (50, None, ""),
    ],
)
def test_by_the_error_a_line_says_below_which_budget_it_is_less_than_nothing(budget, mean, said):
    """A zero gradient has error 1; of 220 / 5 = 44 estimates on an unbiased one has less."""
    generator = np.random.default_rng(3)
    gradient = np.array([1.0, 2.0])
    noisy = fake_records.part(gradient, gradient, 220.0, generator)
    records = [fake_records.record("noisy", noisy, unbiased=True)]
    if mean is not None:
        records.append(
            fake_records.record(
                "zero", fake_records.part(gradient, mean * gradient, 0.0, generator)
            )
        )
    (found,) = ranking.compare(records, by="error", budget=budget)
    assert ("no step at all" in found.verdict[0].lower()) == bool(said)
    assert found.verdict[0].endswith(said)


def test_a_rejected_claim_counts_as_biased_and_is_named():
    generator = np.random.default_rng(3)
    gradient = np.array([1.0, 2.0])
    part = fake_records.part(gradient, 0.09 * gradient, 0.01, generator, bias_p=1e-30)
    records = [
        fake_records.record("liar", part, unbiased=True),
        fake_records.record(
            "honest", fake_records.part(gradient, gradient, 0.01, generator), unbiased=True
        ),
    ]
    (found,) = ranking.compare(records)
    liar = next(c for c in found.candidates if c.estimator == "liar")
    assert liar.rejected and not liar.unbiased
    assert liar.error == pytest.approx(0.91**2, rel=0.02)
    assert (
        "liar is declared unbiased, and the bias test says otherwise (p = 1e-30)"
        in found.verdict[0]
    )


def test_an_oracle_takes_no_part_unless_it_is_let():
    generator = np.random.default_rng(3)
    gradient = np.array([1.0, 2.0])
    records = [
        fake_records.record(
            "oracle", fake_records.part(gradient, gradient, 1.0, generator), True, oracle=True
        ),
        fake_records.record("method", fake_records.part(gradient, gradient, 9.0, generator), True),
    ]
    (found,) = ranking.compare(records)
    assert {r.candidate.estimator for r in found.ranges} == {"method"}
    assert [c.estimator for c in found.candidates] == ["oracle", "method"]
    (found,) = ranking.compare(records, oracles=True)
    assert {r.candidate.estimator for r in found.ranges} == {"oracle"}


@pytest.mark.parametrize("truth", ["none", "estimated", "closed form"])
def test_without_a_gradient_to_compare_with(truth):
    generator = np.random.default_rng(3)
    gradient = np.zeros(2) if truth == "closed form" else np.array([0.1, 0.2])
    more = {"truth": truth}
    if truth == "estimated":
        more |= {"truth_error": 0.2, "truth_square_error": 0.03}
    biased = fake_records.part(gradient, gradient + 1, 0.1, generator, bias_p=0.0, **more)
    noisy, quiet = (fake_records.part(gradient, gradient, v, generator, **more) for v in (8.0, 4.0))
    records = [
        fake_records.record("biased", biased),
        fake_records.record("noisy", noisy, unbiased=True),
        fake_records.record("quiet", quiet, unbiased=True, evaluations=1.5),
    ]
    (found,) = ranking.compare(records)
    assert not found.relative
    assert found.by == "error"
    assert all("direction" not in c.lines for c in found.candidates)
    said = {
        "none": "There is no exact gradient: those declared unbiased rank by variance × cost.",
        "estimated": "The gradient cannot be told from 0: errors are in absolute size.",
        "closed form": "The gradient is 0: errors are in absolute size.",
    }
    assert found.verdict[0] == said[truth]
    assert found.best_at(1e6).estimator == "quiet"
    row = rows_of(records)[1]
    assert row["gain"] == row["cosine"] == row["relative_variance"] == ""


@pytest.mark.parametrize("spread", [0.5, 0.9])
def test_what_was_never_drawn_may_win_or_lose(spread):
    """A variance that may be larger than what was seen is not surely smaller than another."""
    generator = np.random.default_rng(3)
    gradient = np.array([1.0, 2.0])
    unseen = {"half_width": spread, "expected": 0.5, "enough": 1e6}
    lucky = fake_records.part(gradient, gradient, 0.95, generator, unseen=unseen, variance_high=1.9)
    sure = fake_records.part(gradient, gradient, 1.0, generator)
    records = [fake_records.record("lucky", lucky, True), fake_records.record("sure", sure, True)]
    (found,) = ranking.compare(records)
    (only,) = found.ranges
    assert only.candidate.estimator == "lucky"
    assert [c.estimator for c in only.rivals] == ["sure"]
    assert found.verdict[0].endswith("lucky or sure: cannot be told apart.")
    assert not found.candidates[0].exact


@pytest.mark.parametrize("seen", [0.0, 1e-9, 1e-6, 0.5, 2.9])
@pytest.mark.parametrize("by", ["direction", "error"])
def test_who_may_hide_more_variance_than_was_seen_takes_no_part(seen, by):
    generator = np.random.default_rng(3)
    gradient = np.array([1.0, 2.0])
    unseen = {"half_width": 3.0, "expected": 0.5, "enough": 1e6}
    lucky = fake_records.part(
        gradient, gradient, seen, generator, unseen=unseen, variance_high=3.0 + seen
    )
    sure = fake_records.part(gradient, gradient, 4.0, generator)
    records = [
        fake_records.record("lucky", lucky, True),
        fake_records.record("sure", sure, True, evaluations=3),
    ]
    (found,) = ranking.compare(records, by=by)
    assert [r.candidate.estimator for r in found.ranges] == ["sure"]
    assert [(c.estimator, c.unseen) for c in found.candidates] == [("sure", False), ("lucky", True)]
    assert found.candidates[1].error is found.candidates[1].direction_error is None
    assert found.verdict[0].startswith("Not in the race: lucky. What was hardly ever drawn may")
    assert found.plain()["candidates"][1]["unseen"] is True
    (alone,) = ranking.compare(records[:1], by=by)
    assert alone.ranges == ()
    assert alone.verdict[-1] == "No estimator was seen well enough to say which is best."


RARE_OUTCOME = """
import numpy as np
import gumbench

LOG_P = np.log([[0.37, 1e-5, 0.62999]])
OTHER = np.array([0.2, 5.6, 0.2001])


def first(x):
    return x[:, 0] @ np.array([0.0, 1000.0, 0.0])


def second(x):
    return x[:, 0] @ OTHER


rare = gumbench.CategoricalProblem(LOG_P, first, compiled=False)
other = gumbench.CategoricalProblem(LOG_P, second, compiled=False)
"""


@pytest.mark.parametrize("name", ["rare", "other"])
def test_an_outcome_never_drawn_wins_nothing(name, tmp_path):
    (tmp_path / "p.py").write_text(RARE_OUTCOME)
    wanted = ["score", "score-loo", "score-mean", "gumbel-score", "local-expectation"]
    run = gumbench.sweep(
        problems=[f"{tmp_path / 'p.py'}:{name}"], estimators=wanted, estimates=6400
    )
    (found,) = run.compare()
    assert found.ranges[-1].candidate.estimator == "local-expectation"
    assert not any(r.candidate.unseen for r in found.ranges)
    unseen = {c.estimator for c in found.candidates if c.unseen}
    assert {"score-mean", "score-loo"} <= unseen
    assert found.candidates[0].estimator == "local-expectation"


@pytest.mark.parametrize("temperature", [1e-6, 3e-6, 1e-5])
@pytest.mark.parametrize("estimator", ["concrete", "st-gumbel-softmax"])
def test_a_relaxation_that_was_always_zero_has_shown_nothing(estimator, temperature):
    run = gumbench.sweep(
        problems=["categorical-quadratic"],
        dimensions=[4],
        estimators=[estimator, "straight-through"],
        temperatures=[temperature],
        estimates=640,
    )
    row = next(r for r in run.rows("variance") if r["estimator"] == estimator)
    if row["variance"] == 0:
        assert (row["bias_p"], row["bias_high"], row["variance_high"]) == (1.0, None, None)
        (found,) = run.compare(by="error")
        assert {r.candidate.estimator for r in found.ranges} == {"straight-through"}
        assert "zero-gradient" in row["notes"]
    else:
        assert row["variance_high"] > row["variance"]


# Costs


def test_costs():
    record = fake_records.record(
        "score",
        fake_records.part([1.0], [1.0], 1.0, np.random.default_rng(0)),
        evaluations=4,
        gradients=2,
        prepare_evaluations=500,
    )
    timed = dataclasses.replace(record, clock={"rounds": [3.0, 1.0, 2.0], "prepare_seconds": 50.0})
    assert CostModel().of(record) == CostModel().of(timed) == 10.5
    assert CostModel(gradient_cost=1.0).of(record) == 6.5
    assert CostModel(reuse=50).of(record) == 20
    assert CostModel("estimates").of(record) == 1
    assert CostModel("time").of(timed) == pytest.approx(2.05)
    assert CostModel("time", reuse=100).of(timed) == pytest.approx(2.5)
    assert CostModel(cost_of_f=0.002).of(record) == pytest.approx(0.021)
    assert CostModel(cost_of_f=0.002).of(timed) == pytest.approx(2.071)
    assert CostModel(cost_of_f=0.002, cost_of_gradient=0.007).of(record) == pytest.approx(
        4 * 0.002 + 2 * 0.007 + 0.5 * 0.002
    )
    assert CostModel(batched=True).of(record) == 4.5
    assert CostModel(cost_of_f=0.002, batched=True).of(record) == pytest.approx(0.009)
    exact = dataclasses.replace(record, result={**record.result, "deterministic": True})
    assert CostModel(batched=True).of(exact) == 10.5
    with pytest.raises(InputError, match="score on bernoulli-toy has no time"):
        CostModel("time").of(record)


@pytest.mark.parametrize(
    ("facts", "message"),
    [
        ({"unit": "evaluation"}, "did you mean"),
        ({"unit": "estimates", "cost_of_f": 0.002}, "--cost-of-f gives a price in time"),
        ({"unit": "evaluations", "cost_of_f": 0.002}, "--cost-of-f gives a price in time"),
        ({"cost_of_f": 0.002, "cost_of_gradient": 0.001}, "alone takes longer"),
        ({"cost_of_gradient": 0.001}, "--cost-of-f"),
        ({"unit": "time", "gradient_cost": 1.0}, "--gradient-cost is about evaluations"),
        ({"unit": "estimates", "batched": True}, "--batched is about evaluations"),
        ({"unit": "estimates", "reuse": 5}, "--reuse spreads what is prepared"),
        ({"reuse": 0}, "--reuse 0"),
        ({"reuse": 2.5}, "--reuse 2.5"),
        ({"gradient_cost": math.nan}, "give a number"),
        ({"cost_of_f": -1.0}, "give more than 0"),
        ({"cost_of_f": math.inf}, "give a number"),
        ({"gradient_cost": True}, "give a number"),
    ],
)
def test_costs_that_contradict_themselves(facts, message):
    with pytest.raises(InputError, match=message):
        CostModel(**facts)


def test_what_is_prepared_counts():
    """A pilot of 65,536 is charged, a moving average is not, an enumeration is one estimate."""
    run = gumbench.sweep(
        problems=["gaussian-quadratic"], dimensions=[2], estimates=640, measurements=["variance"]
    )
    prepared = dict(zip(run.variance.estimator, run.variance.prepare_evaluations, strict=True))
    assert prepared == {
        "pathwise": 0,
        "pathwise-antithetic": 0,
        "pathwise-rqmc": 0,
        "measure-valued": 0,
        "score-antithetic": 0,
        "score": 0,
        "score-loo": 0,
        "score-mean": 0,
        "score-baseline": 65_536,
    }
    toy = gumbench.sweep(problems=["bernoulli-toy"], estimates=640, measurements=["variance"])
    prepared = dict(zip(toy.variance.estimator, toy.variance.prepare_evaluations, strict=True))
    asked = {name: count for name, count in prepared.items() if count}
    assert asked == {
        "score-baseline": 2,
        "score-greedy": 1,
        "gumbel-score-baseline": 1,
        "muprop": 1,
        "relax": 8192,
    }


# The first of the faults: 4,096 categories, 1,280 estimates


LARGE = [
    "score",
    "score-mean",
    "score-baseline",
    "score-loo",
    "muprop",
    "unordered-set",
    "local-expectation",
    "straight-through",
    "concrete",
    "gumbel-rao",
    "darn",
]


@pytest.fixture(scope="module")
def large():
    return gumbench.sweep(
        problems=["categorical-quadratic"],
        dimensions=[4096],
        estimators=LARGE,
        temperatures=[1.0],
        estimates=1280,
        measurements=["variance"],
    )


def test_a_variance_small_beside_another_is_not_none(large):
    (found,) = large.compare(oracles=True)
    by_name = {c.estimator: c for c in found.candidates}
    for name, work in (("score-mean", 0.335), ("score-loo", 0.447), ("score-baseline", 1.71)):
        c = by_name[name]
        assert not c.exact
        assert c.row["variance"] * c.cost == pytest.approx(work, rel=0.05)
    (found,) = large.compare(oracles=True, reuse=1_000_000)
    best = next(c for c in found.candidates if c.estimator == "score-baseline")
    assert best.row["variance"] * best.cost == pytest.approx(0.336, rel=0.05)


def test_the_verdict_there(large):
    (found,) = large.compare()
    assert [(r.start, r.candidate.estimator) for r in found.ranges] == [
        (1.0, "score-mean"),
        (3.0, "straight-through"),
        (4096.0, "local-expectation"),
    ]
    assert found.verdict[0] == (
        "From 1 evaluation of f a step: score-mean. From 3: straight-through. From 4,096: "
        "local-expectation."
    )


def test_the_least_variance_of_a_small_problem_is_not_rounding():
    """Dimension 2, instance 3: a baseline's 1e-16 is rounding, wherever it is asked."""
    run = gumbench.sweep(
        problems=["categorical-quadratic"],
        dimensions=[2],
        settings={"instance": [3]},
        temperatures=[1.0],
        estimates=6400,
        measurements=["variance"],
    )
    (found,) = run.compare(oracles=True)
    exact = {c.estimator for c in found.candidates if c.exact}
    assert {"exact", "local-expectation", "score-baseline"} <= exact
    assert "score-loo" not in exact
    assert found.best_at(1.0).estimator == "score-mean"
