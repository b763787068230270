"""A user's own problems and estimators: the same numbers as built in."""

import numpy as np
import pytest
import reference_noise
from user_code_helpers import GOOD, RULES, USER_FILES

import gumbench
from gumbench import registry
from gumbench.errors import InputError
from gumbench.user_code import loading

STATISTICS = (
    *("family", "part", "parameters", "truth", "truth_norm", "bias_norm", "bias_low", "bias_high"),
    *("bias_z", "bias_p", "bias_groups", "variance", "variance_low", "variance_high", "mse"),
)
FLOAT32 = {"rtol": 2e-4, "atol": 2e-5}
FLOAT64 = {"rtol": 1e-10, "atol": 1e-11}
TOLERANCES = {"float32": FLOAT32, "float64": FLOAT64}


def statistics(problem, estimator, columns=STATISTICS, **more):
    """Columns of the rows of a small sweep, without the names."""
    spec = {"problems": [problem], "estimators": [estimator], "temperatures": [0.5]}
    rows = gumbench.sweep(**spec | {"estimates": 2048, "seed": 3} | more).rows("variance")
    assert {row["status"] for row in rows} == {"done"}
    return [[row[name] for name in columns] for row in rows]


def compare_estimates(ours, theirs, dtype, tolerance=None, **more):
    """Raw estimates of two pairs (problem, estimator)."""
    more = {"temperature": 0.5, "seed": 11, "dtype": dtype} | more
    found, wanted = (gumbench.estimate(*pair, 600, **more) for pair in (ours, theirs))
    assert found.dtype == wanted.dtype == dtype
    np.testing.assert_allclose(found, wanted, **tolerance or TOLERANCES[dtype])
    assert np.ptp(found, axis=0).max() > 0


# The same numbers as built in


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("estimator", ["score", "score-loo", "concrete", "straight-through"])
def test_a_problem_that_restates_a_built_in_one_gives_its_bits(estimator, dtype):
    built_in = statistics("categorical-quadratic", estimator, dimensions=[8], dtype=dtype)
    assert statistics(f"{GOOD}:quadratic", estimator, dtype=dtype) == built_in


def test_the_exact_row_of_a_restated_problem():
    built_in = statistics("categorical-quadratic", "exact", dimensions=[8])
    assert statistics(f"{GOOD}:quadratic", "exact") == built_in


@pytest.mark.parametrize("estimator", ["score", "score-loo", "pathwise"])
@pytest.mark.parametrize("a", [1.0, -0.75])
def test_a_gaussian_with_a_link_gives_the_bits_of_the_built_in_one(estimator, a):
    more = {"dimensions": [4], "settings": {"a": [a], "b": [0.5], "sigma": [2.0]}}
    built_in = statistics("gaussian-quadratic", estimator, **more)
    assert statistics(f"{GOOD}:square", estimator, **more) == built_in


@pytest.mark.parametrize("name", ["quadratic_array_truth", "quadratic_enumerated"])
def test_a_truth_as_an_array_and_one_by_enumeration(name):
    of_function = statistics(f"{GOOD}:quadratic", "score", ("truth_norm", "bias_norm"))
    found = statistics(f"{GOOD}:{name}", "score", ("truth_norm", "bias_norm"))
    np.testing.assert_allclose(found, of_function, rtol=1e-6)
    source = "closed form" if "array" in name else "enumeration"
    assert statistics(f"{GOOD}:{name}", "score", ("truth",)) == [[source]]


def test_the_exact_gradient_has_link_and_direct_term():
    linked = registry.make_problem(f"{GOOD}:linked")
    table, weights = linked.data[:24].reshape(6, 4), linked.data[24:].reshape(2, 3)
    first, second = linked.theta[:2]

    def total(x):
        return sum(weights[v, c] for v, c in enumerate(x))

    def mean(f):
        p = [reference_noise.softmax(row) for row in linked.dist_params]
        return sum(p[0][x[0]] * p[1][x[1]] * f(total(x)) for x in reference_noise.outcomes((2, 3)))

    by_logit = reference_noise.enumerated_gradient(
        linked.dist_params, lambda x: first * total(x) ** 2 + second * total(x)
    )
    direct = [mean(lambda s: s**2), mean(lambda s: s), 0, 0]
    wanted = by_logit.ravel() @ table + direct
    for name in ("linked", "linked_plain"):
        found = gumbench.exact_gradient(registry.make_problem(f"{GOOD}:{name}"))
        assert found.source == "enumeration"
        np.testing.assert_allclose(found.gradient, wanted, rtol=1e-12)


UNBIASED = [
    *[("linked", e) for e in ("score", "score-loo", "local-expectation", f"{RULES}:score")],
    *[("linked_plain", e) for e in ("score-baseline", f"{RULES}:score_loo", "exact")],
    *[("warped", e) for e in ("score", "score-loo", "pathwise", f"{RULES}:pathwise")],
    *[("warped_plain", e) for e in ("score-baseline", "pathwise", f"{RULES}:pathwise")],
    *[("quadratic", f"{RULES}:{e}") for e in ("score", "score_at", "by_uniform")],
]


@pytest.mark.parametrize(("problem", "estimator"), UNBIASED)
def test_unbiased_estimators_have_no_bias_on_own_problems(problem, estimator):
    found = statistics(f"{GOOD}:{problem}", estimator, ("bias_p",), estimates=8192)
    assert min(p for (p,) in found) > 1e-3


def test_an_estimated_truth_of_a_gaussian_without_one():
    def value(x):
        return np.cos(x).sum((1, 2))

    problem = gumbench.GaussianProblem(
        [0.5, 1.0], 0.5, value, gradient=lambda x: -np.sin(x), compiled=False
    )
    found = gumbench.exact_gradient(problem, truth_estimates=8192)
    assert found.source == "estimated"
    sine, cosine = np.sin([0.5, 1.0]), np.cos([0.5, 1.0])
    wanted = -np.exp(-0.125) * np.concatenate([sine, 0.5 * cosine])
    assert (np.abs(found.gradient - wanted) < 5 * found.error).all()


# Plain problems and their compiled twins

CATEGORICAL = ("score", "score-loo", "concrete", "straight-through", "local-expectation")
TWINS = [
    *[("quadratic", estimator) for estimator in CATEGORICAL[:-1]],
    *[("linked", estimator) for estimator in CATEGORICAL],
    *[("warped", estimator) for estimator in ("score", "score-loo", "pathwise")],
]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("name", "estimator"), TWINS)
def test_a_plain_problem_agrees_with_its_compiled_twin(name, estimator, dtype):
    plain, compiled = (registry.make_problem(f"{GOOD}:{n}") for n in (f"{name}_plain", name))
    compare_estimates((plain, estimator), (compiled, estimator), dtype)


@pytest.mark.parametrize("estimator", ["score", "concrete"])
def test_a_plain_problem_gives_the_rows_of_its_twin(estimator):
    plain, compiled = (
        statistics(f"{GOOD}:{n}", estimator, ("variance", "mse", "truth_norm"))
        for n in ("quadratic_plain", "quadratic")
    )
    np.testing.assert_allclose(plain, compiled, rtol=1e-4)


def test_a_decoder_in_torch_agrees_with_its_compiled_twin():
    pytest.importorskip("torch")
    compiled = registry.make_problem(f"{USER_FILES}/decoder.py:compiled")
    torch = registry.make_problem(f"{USER_FILES}/decoder.py:by_torch")
    for dtype in ("float32", "float64"):
        for estimator in ("score", "concrete", "straight-through"):
            compare_estimates((torch, estimator), (compiled, estimator), dtype)
    exact, wanted = (gumbench.exact_gradient(p).gradient for p in (torch, compiled))
    np.testing.assert_allclose(exact, wanted, rtol=1e-12)
    found, wanted = (
        [statistics(f"{USER_FILES}/decoder.py:{n}", "concrete", ("variance", "mse"), threads=t)]
        for n, t in (("by_torch", 2), ("compiled", 1))
    )
    np.testing.assert_allclose(found, wanted, rtol=1e-4)


# Own estimators and their built-in twins

OWN_AND_BUILT_IN = [
    *[(p, "score", "score") for p in ("categorical-quadratic", "linked", "linked_plain")],
    *[(p, "score_at", "score") for p in ("categorical-quadratic", "linked_plain")],
    *[(p, "score_loo", "score-loo") for p in ("categorical-quadratic", "linked")],
    *[(p, "concrete", "concrete") for p in ("categorical-quadratic", "linked", "linked_plain")],
    *[(p, "pathwise", "pathwise") for p in ("gaussian-quadratic", "gaussian-kl", "square")],
    *[(p, "pathwise", "pathwise") for p in ("warped", "warped_plain")],
]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("name", "own", "built_in"), OWN_AND_BUILT_IN)
def test_a_plain_estimator_agrees_with_the_built_in_one(name, own, built_in, dtype):
    problem = registry.make_problem(name if "-" in name else f"{GOOD}:{name}")
    compare_estimates((problem, f"{RULES}:{own}"), (problem, built_in), dtype)


@pytest.mark.parametrize("inner", [2, 5])
def test_inner_samples_reach_a_plain_estimator(inner):
    pair = "categorical-quadratic", f"{RULES}:score_loo"
    compare_estimates(pair, (pair[0], "rloo"), "float32", inner_samples=inner)
    with pytest.raises(InputError, match="inner_samples = 1"):
        gumbench.estimate(*pair, 10, inner_samples=1)


@pytest.mark.parametrize("temperature", [0.1, 3.0])
def test_temperatures_reach_a_plain_estimator(temperature):
    pair = "categorical-quadratic", f"{RULES}:concrete"
    more = {"temperature": temperature, "tolerance": {"rtol": 1e-3, "atol": 1e-3}}
    compare_estimates(pair, (pair[0], "concrete"), "float32", **more)
    with pytest.raises(InputError, match="takes a temperature"):
        gumbench.estimate(*pair, 10)


def test_a_plain_estimator_gives_the_rows_of_the_built_in_one():
    columns = ("variance", "mse", "temperature", "inner_samples", "evaluations")
    for own, built_in in (("score_loo", "score-loo"), ("concrete", "concrete")):
        more = {"columns": columns, "temperatures": [0.5, 1.0], "dimensions": [6]}
        found = statistics("categorical-quadratic", f"{RULES}:{own}", **more)
        wanted = statistics("categorical-quadratic", built_in, **more)
        assert [row[2:] for row in found] == [row[2:] for row in wanted]
        np.testing.assert_allclose(*([row[:2] for row in r] for r in (found, wanted)), rtol=1e-4)


def test_an_estimator_as_an_object_is_the_one_in_the_file():
    own = loading.estimator(f"{RULES}:score")
    problem = registry.make_problem(f"{GOOD}:quadratic")
    by_name = gumbench.estimate(problem, f"{RULES}:score", 100, seed=2)
    np.testing.assert_array_equal(gumbench.estimate(problem, own, 100, seed=2), by_name)
    with pytest.raises(InputError, match="gaussian"):
        gumbench.estimate("gaussian-kl", own, 100)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("problem", ["categorical-quadratic", "bernoulli-sum", "linked"])
def test_a_compiled_estimator_gives_the_bits_of_the_built_in_one(problem, dtype):
    problem = problem if "-" in problem else f"{GOOD}:{problem}"
    found = statistics(problem, f"{RULES}:compiled_score", dtype=dtype)
    assert found == statistics(problem, "score", dtype=dtype)


def test_noise_of_a_plain_estimator():
    seen = {}

    @gumbench.estimator("categorical", unbiased=True, cost=gumbench.Cost(values=1))
    def watching(problem, noise, temperature, inner_samples):
        for kind in ("gumbel", "normal", "uniform"):
            array = getattr(noise, kind)()
            np.testing.assert_array_equal(getattr(noise, kind)(0), array)
            assert (getattr(noise, kind)(1) != array).any()
            assert array.shape == (noise.count, problem.variables, problem.categories)
            seen[kind] = array.copy()
            array += 1
            assert (getattr(noise, kind)() != array).all()
        return np.zeros((noise.count, *problem.dist_params.shape))

    problem = registry.make_problem("categorical-quadratic", 4)
    gumbench.estimate(problem, watching, 10, seed=4)
    assert seen["uniform"].shape[0] == 64
    gumbench.estimate(problem, watching, 1000, seed=4)
    assert 0 < seen["uniform"].min() < 0.01
    assert 0.99 < seen["uniform"].max() < 1
    wanted = gumbench.gumbel((64, 4), seed=4)
    np.testing.assert_array_equal(seen["gumbel"][:64, 0], wanted)


def test_what_a_plain_estimator_sees_of_a_problem():
    def look(problem, noise, temperature, inner_samples):
        assert problem.logits.shape == (2, 3)
        np.testing.assert_allclose(problem.probabilities.sum(axis=1), 1, rtol=1e-6)
        draws = gumbench.one_hot(np.zeros((5, 2), int), 3)
        np.testing.assert_allclose(problem.value(draws), problem.value_at(draws.argmax(-1)))
        assert problem.gradient(draws).shape == draws.shape
        assert problem.direct(draws).shape == (5, problem.theta.size)
        with pytest.raises(AttributeError, match="has no 'scale'"):
            _ = problem.scale
        return np.zeros((noise.count, 2, 3)), np.ones((noise.count, problem.theta.size))

    declare = gumbench.estimator(
        "categorical", unbiased=True, cost=gumbench.Cost(values=1, gradients=1)
    )
    looking = declare(look)
    problem = registry.make_problem(f"{GOOD}:linked")
    assert (gumbench.estimate(problem, looking, 10) == 1).all()
