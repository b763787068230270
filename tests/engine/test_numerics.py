"""Extreme inputs: finite results and the right limits."""

import dataclasses
import itertools
from types import SimpleNamespace

import numpy as np
import pytest

import gumbench
from gumbench import registry
from gumbench.engine import applicability
from gumbench.engine.bound_estimator import bind_estimator
from gumbench.engine.bound_problem import BoundProblem
from gumbench.engine.moments import Grouping, Silent, accumulate
from gumbench.errors import InputError
from gumbench.kernels.loops import driver, records
from gumbench.types import BATCHES

LOGITS = {
    "wide": [1e4, 0.0, -1e4, 3.0],
    "masked": [0.0, -np.inf, 1.0, 0.5],
    "equal": [2.0, 2.0, 2.0, 2.0],
    "single": [0.7],
    "all but one masked": [-np.inf, 0.3, -np.inf, -np.inf],
    "binary": [-1e4, 1e4],
    "binary and masked": [0.7, -np.inf],
}
# Their estimates are scores of the noise, which a masked category has as well.
OF_NOISE = ("gumbel-score", "gumbel-score-baseline", "augment-reinforce", "arsm")
TEMPERATURES = [1e-4, 1.0, 1e4]


def quadratic(logits):
    made = gumbench.make_problem("categorical-quadratic", len(logits))
    return dataclasses.replace(made, theta=np.array(logits))


def applicable():
    """Pairs of an estimator and the name of logits."""
    for name in registry.names("estimators"):
        for logits, row in LOGITS.items():
            declared, problem = registry.estimators(name).get("categorical"), quadratic(row)
            if applicability.why_not(declared, problem):
                continue
            if declared.inner_samples and declared.inner_samples.why_not(2, problem):
                continue
            yield name, logits


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("name", "logits"), list(applicable()))
def test_estimates_are_finite(name, logits, dtype):
    estimator, logits = registry.estimators(name)["categorical"], LOGITS[logits]
    for temperature in TEMPERATURES if estimator.takes_temperature else [None]:
        got = gumbench.estimate(quadratic(logits), name, 200, temperature=temperature, dtype=dtype)
        assert np.isfinite(got).all()
        if name not in OF_NOISE:
            assert (got[:, np.isneginf(logits)] == 0).all()


@pytest.mark.parametrize("logits", LOGITS.values(), ids=LOGITS)
def test_exact_gradients_are_finite(logits):
    problem = quadratic(logits)
    closed = gumbench.exact_gradient(problem)
    enumerated = BoundProblem(problem, "float64")
    assert np.isfinite(closed.gradient).all()
    np.testing.assert_allclose(
        closed.gradient, enumerated.family.exact_gradient(enumerated), atol=1e-12
    )


def test_limits_of_the_temperature():
    logits = [1.0, 0.0, -1.0]
    cold = gumbench.concrete(logits, 1e-4, 4000, seed=2)
    hot = gumbench.concrete(logits, 1e4, 4000, seed=2)
    assert np.mean(cold.max(axis=1) == 1) > 0.99
    np.testing.assert_allclose(hot, 1 / 3, atol=1e-3)
    np.testing.assert_array_equal(cold.argmax(axis=1), hot.argmax(axis=1))


def test_one_category_has_no_gradient():
    for estimator in ("concrete", "score", "straight-through", "local-expectation", "exact"):
        got = gumbench.estimate(quadratic([0.7]), estimator, 100, temperature=1.0)
        np.testing.assert_allclose(got, 0, atol=1e-6)


def test_invariance_to_a_shift_of_the_logits():
    logits = np.array([0.5, -1.0, 0.25])
    for estimator in ("score", "concrete"):
        pair = [
            gumbench.estimate(
                quadratic(logits + c), estimator, 500, temperature=0.5, dtype="float64"
            )
            for c in (0.0, 64.0)
        ]
        np.testing.assert_allclose(*pair, atol=1e-9)


@pytest.mark.parametrize(
    ("logits", "message"),
    [
        ([0.0, np.nan], "nan"),
        ([0.0, np.inf], "inf"),
        ([-np.inf, -np.inf], "every logit"),
    ],
)
def test_logits_that_are_no_distribution_are_refused(logits, message):
    with pytest.raises(InputError, match=message):
        gumbench.estimate(quadratic(logits), "score", 10)


def test_many_categories():
    made = gumbench.make_problem("categorical-quadratic", 1_000_000)
    for estimator in ("concrete", "score"):
        got = gumbench.estimate(made, estimator, 3, temperature=0.5)
        assert got.shape == (3, 1_000_000)
        assert np.isfinite(got).all()


def test_a_function_that_is_not_finite_is_reported_with_the_first_estimate():
    problem = dataclasses.replace(gumbench.make_problem("gaussian-step", 1), value=rarely_infinite)
    bound = BoundProblem(problem, "float32")
    estimator = registry.estimators("score")["gaussian"]
    bound_estimator = bind_estimator(bound, estimator, [1.0], None, 3)
    found = accumulate(bound_estimator, Grouping(bound, np.zeros(2)), 500, Silent(), "").at(0)
    for batch in range(64):
        estimates = bound_estimator.collect(batch, 0, 500)
        bad = np.flatnonzero(~np.isfinite(estimates).all(axis=1))
        assert found.not_finite[batch] == (bad[0] if bad.size else -1)


def rarely_infinite(x, theta, data, out):
    for b in range(out.size):
        out[b] = np.inf if x[0, 0, b] > 2.5 else x[0, 0, b]


PARTS = [(1,), (2,), (1, 100), (100, 1), (64, 1), (3, 65, 1, 17)]


def grouped(sizes):
    """A Grouping of parts of these sizes, and a shift for each component."""
    problem = SimpleNamespace(parts={f"part{i}": n for i, n in enumerate(sizes)})
    shift = np.random.default_rng(1).normal(size=sum(sizes))
    return Grouping(SimpleNamespace(problem=problem, real=np.float64), shift), shift


def added(grouping, estimates, block=128):
    """The driver's sums of estimates (components, n), some at once."""
    sums = records.no_sums(1, 1, len(estimates), grouping.rows)
    count = estimates.shape[1]
    for first in range(0, count, block):
        valid = min(block, count - first)
        padded = np.full((len(estimates), block), np.nan)
        padded[:, :valid] = estimates[:, first : first + valid]
        driver.add("float64")(padded, valid, first, grouping.driver, 0, 0, sums)
    return sums


@pytest.mark.parametrize("sizes", PARTS)
def test_rows_are_the_sums_of_their_groups(sizes):
    grouping, shift = grouped(sizes)
    estimates = np.random.default_rng(2).normal(size=(sum(sizes), 128))
    sums = added(grouping, estimates.copy())
    x = estimates - shift[:, None]
    components, of_rows = records.totals(sums.components)[0, 0], records.totals(sums.rows)[0, 0]
    np.testing.assert_allclose(grouping.sign * components[:, 0], x.sum(axis=1), atol=1e-12)
    np.testing.assert_allclose(components[:, 1], (x**2).sum(axis=1))
    seen = []
    for (part, groups, rows), size in zip(grouping.parts.values(), sizes, strict=True):
        assert part.stop - part.start == size
        levels = range(len(groups.sizes))
        assert list(rows) == list(levels[1:] if groups.single and size > 1 else levels)
        for level, place in rows.items():
            expected, wrong = np.zeros((2, groups.sizes[level], 128))
            np.add.at(expected, groups.leaf // 4**level, groups.sign[:, None] * x[part])
            np.add.at(wrong, groups.leaf // 4**level, x[part])
            both = np.stack([expected.sum(axis=1), (expected**2).sum(axis=1)], axis=1)
            np.testing.assert_allclose(of_rows[place], both, atol=1e-12)
            assert (groups.sign > 0).all() or not np.allclose(wrong, expected)
            seen += place.tolist()
    assert sorted(seen) == list(range(grouping.rows))


def test_moments_are_those_of_the_estimates():
    bound = BoundProblem(gumbench.make_problem("categorical-quadratic", 70), "float64")
    estimator = registry.estimators("concrete")["categorical"]
    bound_estimator = bind_estimator(bound, estimator, [2.0], None, 3)
    grouping = Grouping(bound, np.linspace(-1.0, 1.0, 70))
    found = accumulate(bound_estimator, grouping, 100, Silent(), "moments")
    assert (grouping.sign < 0).any()
    x = (
        np.array([bound_estimator.collect(batch, 0, 100) for batch in range(BATCHES)])
        - grouping.shift
    )
    np.testing.assert_allclose(found.batch_means[0], x.mean(axis=1), atol=1e-13)
    m2 = ((x - x.mean(axis=(0, 1))) ** 2).sum(axis=(0, 1))
    np.testing.assert_allclose(found.at(0).m2, m2, rtol=1e-10)


@pytest.mark.parametrize("sizes", PARTS)
def test_the_first_that_is_not_finite_is_found_in_every_part(sizes):
    grouping, _ = grouped(sizes)
    estimates = np.zeros((sum(sizes), 128))
    assert added(grouping, estimates.copy()).not_finite[0, 0] == -1
    for part, _, _ in grouping.parts.values():
        broken = estimates.copy()
        broken[part.stop - 1, [77, 90]] = np.nan
        assert added(grouping, broken).not_finite[0, 0] == 77


def test_the_first_that_is_not_finite_is_the_same_in_any_block():
    grouping, _ = grouped((3, 65, 1, 17))
    estimates = np.zeros((86, 128))
    estimates[0, 40], estimates[85, 3], estimates[30, 100] = np.nan, np.inf, np.nan
    assert {added(grouping, estimates, b).not_finite[0, 0] for b in (64, 128, 192)} == {3}


@pytest.mark.parametrize("count", [1, 63, 65, 129, 500])
def test_sums_have_the_same_bits_in_any_block(count):
    grouping, _ = grouped((3, 65, 1, 17))
    estimates = np.random.default_rng(count).normal(size=(86, count))
    first, *others = (added(grouping, estimates, block) for block in (64, 128, 192, 512))
    for other in others:
        np.testing.assert_array_equal(other.components, first.components)
        np.testing.assert_array_equal(other.rows, first.rows)


def test_blocks():
    chunk = driver.CHUNK
    for block, count in itertools.product([64, 128, 192, 512, 4096], [1, 63, 64, 65, 1563, 5000]):
        found = driver.block_for(block, count)
        assert found % chunk == 0
        assert chunk <= found <= block
        assert -(-count // found) == -(-count // block)
        assert found == chunk or -(-count // (found - chunk)) > -(-count // block)
    for elements in [1, 8, 100, 1024, 1025, 5000, 50_000, 10**6]:
        assert driver.block_size(elements) in [chunk << i for i in range(7)]
