"""A user's own problems and estimators: the same numbers as built in, and every refusal."""

import csv
import re
import shlex
from importlib import metadata
from pathlib import Path

import numpy as np
import pytest
import twin

import gumbench
from gumbench import registry
from gumbench.cli import main
from gumbench.engine import validate
from gumbench.errors import InputError
from gumbench.report.tables import variance
from gumbench.user_code import loading

OWN = Path(__file__).parent / "own"
GOOD, RULES, FAULTY = (f"{OWN}/{name}.py" for name in ("good", "rules", "faulty"))
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


@pytest.fixture
def place(tmp_path, monkeypatch):
    """An empty folder to stand in."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


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
        p = [twin.softmax(row) for row in linked.dist_params]
        return sum(p[0][x[0]] * p[1][x[1]] * f(total(x)) for x in twin.outcomes((2, 3)))

    by_logit = twin.enumerated_gradient(
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
    compiled = registry.make_problem(f"{OWN}/decoder.py:compiled")
    torch = registry.make_problem(f"{OWN}/decoder.py:by_torch")
    for dtype in ("float32", "float64"):
        for estimator in ("score", "concrete", "straight-through"):
            compare_estimates((torch, estimator), (compiled, estimator), dtype)
    exact, wanted = (gumbench.exact_gradient(p).gradient for p in (torch, compiled))
    np.testing.assert_allclose(exact, wanted, rtol=1e-12)
    found, wanted = (
        [statistics(f"{OWN}/decoder.py:{n}", "concrete", ("variance", "mse"), threads=t)]
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


# Refusals

BROKEN_FILES = {
    "empty.py": "",
    "syntax.py": "import gumbench\n\ndef value(x:\n    pass\n",
    "importing.py": "import gumbench\n\nimport no_such_module\n",
    "raising.py": "import gumbench\n\n\nraise ValueError('not today')\n",
    "leaving.py": "import sys\n\nsys.exit(0)\n",
    "problem_wrong.py": "import gumbench\n\np = gumbench.CategoricalProblem([1, 2], None)\n",
    "binary.py": "\0\1",
    "one.py": "def toy(dimension=2):\n    return 3\n",
}

# Name in faulty.py, what is said of it, and a line of the file that it points at.
# fmt: off
PROBLEMS = [
    ("gradient_wrong", r"gradient by variable 0, category 0 less the mean of its categories", ""),
    ("gaussian_wrong", r"gradient by variable 2, category 0, at x = \[", ""),
    ("index_outside", "value (LINE): IndexError", "out[b] = data[x.shape[1]]"),
    ("has_raise", "has `raise` (LINE): compiled loops cannot", 'raise ValueError("too large")'),
    ("has_assert", "has `assert` (LINE)", "assert x[0, 0, 0] < 2"),
    ("helper_raises", "has `raise` (LINE)", 'raise ValueError("too large in the helper")'),
    ("neighbour_raises", "has `raise` (helpers.py, line ", ""),
    ("array_captured", "uses the global array TARGET (LINE)", "def captures_array"),
    ("helper_plain", "which is not compiled: write @numba.njit above its def (LINE)", "def not_c"),
    ("list_captured", "uses the global list NUMBERS (LINE)", "def captures_list"),
    ("overflowing", "value gives nan in float32 at [1, 0, 0, 0]; it must write", ""),
    ("out_unwritten", "value gives nan in float32 at [", ""),
    ("not_compiling", "value does not compile (LINE): ", "x.nothing(3)"),
    ("three_arguments", "value takes 3 arguments; give (x, theta, data, out) (LINE)", "def three"),
    ("value_at_wrong", "value_at gives 1, value ", ""),
    ("direct_wrong", "direct by parameter 1 at x = [", ""),
    ("pullback_wrong", "pullback by parameter 0: differences give ", ""),
    ("logits_differ", "the link makes 0 of θ at [0, 0], but 0.5 was given", ""),
    ("forward_unwritten", "a logit of variable 0 is nan", ""),
    ("truth_wrong", "truth says 1 for parameter ", ""),
    ("truth_short", "truth has shape (3,); give finite numbers of shape (4,)", ""),
    ("truth_raises", "truth (LINE): IndexError: index 7", "theta[7]"),
    ("plain_raises", "value (LINE): ZeroDivisionError", "return 1 / 0"),
    ("plain_outside", "value (LINE): IndexError: index 9", "return x[:, 0, 9]"),
    ("plain_shape", "value returned an array of shape (1, 4); give (", ""),
    ("plain_words", "value (LINE): ValueError: could not convert string", 'lambda x: "word"'),
    ("plain_nan", "value gives nan in float32 at [", ""),
    ("plain_gradient_wrong", "gradient by variable 0, category ", ""),
    ("plain_direct_wrong", "direct is ∂f/∂θ, but value takes no theta", ""),
    ("makes_raise", "line LINE: RuntimeError: no such thing", "raise RuntimeError"),
    ("makes_number", "makes_number returned 3; give a gumbench.CategoricalProblem", ""),
    ("makes_nan", "logits hold NaN", ""),
    ("has_no_default", "the setting skew has no default", ""),
    ("default_of_word", "the default dimension is 'four'; give a whole number", ""),
    ("number", "number is no problem: give a gumbench.CategoricalProblem", ""),
    ("value", "value is no problem|returned|arguments", ""),
    ("gradient_wron", "did you mean gradient_wrong", ""),
    ("", "name one, ", ""),
]
ESTIMATORS = [
    ("shapeless", "shapeless returned an array of shape (3,); give (", ""),
    ("nan", "nan on categorical-quadratic: an estimate is not finite", ""),
    ("asking_for_a_mean", "(LINE): AttributeError: categorical-quadratic has no", "problem.mean"),
    ("failing", "(LINE): IndexError: list index out of range", "[][noise.count]"),
    ("kernel_of_three", "kernel takes 3 arguments; give (noise, temperature, ", ""),
    ("kernel_raises", "kernel has `raise` (LINE)", 'raise ValueError("no")'),
    ("kernel_outside", "on categorical-quadratic (LINE): IndexError", "def outside_"),
    ("kernel_of_old", "has the argument gumbels: write noise, and declare", ""),
    ("kernel_nan", "an estimate is not finite", ""),
    ("shapless", "did you mean shapeless", ""),
    ("", "name one, ", ""),
    ("value", "is no estimator: decorate a function with @gumbench.estimator", ""),
]
FILES = [
    ("missing.py", "cannot read missing.py: No such file"),
    ("folder.py", "cannot read folder.py: Is a directory"),
    ("empty.py", "empty.py has no problem: give a gumbench.CategoricalProblem"),
    ("syntax.py", "syntax.py, line 3: "),
    ("importing.py", "importing.py, line 3: ModuleNotFoundError: No module named 'no_such_module'"),
    ("raising.py", "raising.py, line 4: ValueError: not today"),
    ("leaving.py", "leaving.py, line 3: SystemExit"),
    ("problem_wrong.py", "problem_wrong.py, line 3: value is missing; give a function"),
    ("binary.py", "binary.py"),
    ("one.py", "one.py:toy returned 3; give a gumbench.CategoricalProblem"),
    ("one.py:", "one.py:toy returned 3"),
    (f"{RULES}", "rules.py has no problem: give a gumbench.CategoricalProblem"),
    (f"{RULES}:score", "rules.py:score is no problem"),
]
# fmt: on


def refused(capsys, arguments):
    """What a command says that ends with status 2 and writes nothing."""
    capsys.readouterr()
    before = sorted(Path.cwd().rglob("*"))
    assert main(shlex.split(f"sweep --estimates 128 {arguments}")) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert "Traceback" not in said.err
    after = (p for p in Path.cwd().rglob("*") if "__pycache__" not in p.parts)
    assert sorted(after) == before
    return said.err


def check_said(said, message, text):
    """Some reading of `message` is in what was said, LINE being where `text` is in faulty.py."""
    lines = Path(FAULTY).read_text().splitlines()
    (*_, number) = (n for n, line in enumerate(["", *lines]) if text in line)
    place = f"{number}" if "line LINE" in message else f"faulty.py, line {number}"
    readings = [m.replace("LINE", place).replace("\\", "") for m in message.split("|")]
    assert any(reading in said for reading in readings), said


@pytest.mark.parametrize(("name", "message", "text"), PROBLEMS)
def test_a_wrong_problem_is_refused(name, message, text, place, capsys):
    check_said(refused(capsys, f"--problems {FAULTY}:{name}"), message, text)


@pytest.mark.parametrize(("name", "message", "text"), ESTIMATORS)
def test_a_wrong_estimator_is_refused(name, message, text, place, capsys):
    command = f"--problems categorical-quadratic --dimensions 4 --estimators {FAULTY}:{name}"
    check_said(refused(capsys, command), message, text)


@pytest.mark.parametrize(("name", "message"), FILES)
def test_a_wrong_file_is_refused(name, message, place, capsys):
    Path("folder.py").mkdir()
    for file, text in BROKEN_FILES.items():
        Path(file).write_text(text)
    assert message in refused(capsys, f"--problems {name}")


def test_an_estimator_of_another_family_is_refused(place, capsys):
    command = f"--problems gaussian-kl --dimensions 1 --estimators {RULES}:score"
    assert "no such estimator for the gaussian family" in refused(capsys, command)


def test_a_dimension_that_the_problem_has_not_is_refused(place, capsys):
    said = refused(capsys, f"--problems {GOOD}:quadratic --dimensions 4")
    assert "does not allow n = 4: allowed is 8" in said
    said = refused(capsys, f"--problems {GOOD}:masked --set closed=5")
    assert "one variable's are all -inf" in said
    assert "good.py:masked" in said


NUMBER = r"(-?[\d.]+(?:e[-+]\d+)?)"


def numbers_in(pattern, said):
    """Numbers in the first match of a pattern; lists of numbers as arrays."""
    groups = re.search(pattern.replace("NUMBER", NUMBER), said).groups()
    return [np.array(g.split(", "), float) if "," in g else float(g) for g in groups]


WRONG_GRADIENT = (
    r"variable (\d+), category (\d+).* x = \[([^]]*)\]: "
    r"differences give NUMBER, gradient gives NUMBER\. --trust"
)


def test_the_numbers_of_a_wrong_gradient_are_right(place, capsys):
    said = refused(capsys, f"--problems {FAULTY}:gradient_wrong")
    _, category, x, differences, claimed = numbers_in(WRONG_GRADIENT, said)
    np.testing.assert_allclose(x.sum(), 1, rtol=1e-5)
    ahead = x - registry.make_problem(f"{FAULTY}:gradient_wrong").data
    slope = ahead[int(category)] - ahead.mean()
    assert (differences, claimed) == pytest.approx((2 * slope, 3 * slope), rel=1e-3)


def test_the_component_of_a_wrong_gaussian_gradient_is_right(place, capsys):
    said = refused(capsys, f"--problems {FAULTY}:gaussian_wrong")
    variable, _, z, differences, claimed = numbers_in(WRONG_GRADIENT, said)
    assert variable == 2
    assert (differences, claimed) == pytest.approx((3 * z[2] ** 2, 4 * z[2] ** 2), rel=1e-3)


def test_the_numbers_of_other_contradictions_are_right(place, capsys):
    said = refused(capsys, f"--problems {FAULTY}:value_at_wrong")
    draw, at, value = numbers_in(r"draw \[(\d)\] value_at gives NUMBER, value NUMBER\. ", said)
    problem = registry.make_problem(f"{FAULTY}:value_at_wrong")
    one_hot = np.eye(4)[int(draw)]
    assert (at, value) == pytest.approx((1, ((one_hot - problem.data) ** 2).sum()))

    said = refused(capsys, f"--problems {FAULTY}:truth_wrong")
    given, parameter, exact = numbers_in(r"NUMBER for parameter (\d), enumeration NUMBER\. ", said)
    p, f = np.array(twin.softmax(list(problem.theta))), -2 * problem.data
    assert (given, exact) == pytest.approx((1, (p * (f - p @ f))[int(parameter)]))

    said = refused(capsys, f"--problems {FAULTY}:direct_wrong")
    x, *pair = numbers_in(r"x = \[([^]]*)\]: differences give NUMBER, direct gives NUMBER\. ", said)
    assert pair == pytest.approx([x[0], 0], rel=1e-4)


@pytest.mark.parametrize(
    "name", ["gradient_wrong", "gaussian_wrong", "value_at_wrong", "truth_wrong", "direct_wrong"]
)
def test_trust_runs_what_contradicts_itself(name, place):
    command = f"sweep --trust --estimates 128 --output run --problems {FAULTY}:{name}"
    assert main([*shlex.split(command), "--estimators", "score"]) == 0
    assert {row["status"] for row in table("run")} == {"done"}


def table(folder):
    with open(Path(folder) / "variance.csv", newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


# Nothing good is refused

BUILT_IN = {
    "gaussian-step": ({}, {"force": 1}),
    "classification": ({}, {"loss": "cross-entropy"}),
    "bernoulli-toy": ({}, {"theta": 0.01}),
    "gaussian-kl": ({}, {"mu": 30.0, "sigma": 0.01}),
    "categorical-quadratic": ({}, {"skew": 20.0}),
}


@pytest.mark.parametrize("name", registry.names("problems"))
def test_every_built_in_problem_passes_its_trial(name):
    for settings in BUILT_IN.get(name, ({},)):
        dimension = min(registry.problem_maker(name).dimensions)
        validate.check(registry.make_problem(name, dimension, settings))


@pytest.mark.parametrize("closed", [1, 3, 4])
def test_masked_logits_pass(closed):
    problem = registry.make_problem(f"{GOOD}:masked", 5, {"closed": closed})
    validate.check(problem)
    found = gumbench.estimate(problem, "score", 200)
    assert (found[:, :closed] == 0).all()
    assert np.isfinite(gumbench.exact_gradient(problem).gradient).all()


def test_plain_problems_with_masked_logits_or_one_category_pass():
    def value(x):
        return x[:, 0, -1]

    for logits in ([-np.inf, 0.0, 1.0], [0.0], [[0.0]]):
        validate.check(gumbench.CategoricalProblem(logits, value, compiled=False))


# Runs of edited files

TOY = """
import gumbench
from constants import target, SCALE


def value(x, theta, data, out):
    for b in range(out.size):
        out[b] = SCALE * target(x[0, 1, b])


toy = gumbench.CategoricalProblem([0.0, 1.0, 2.0], value)
"""
CONSTANTS = """
import numba

SCALE = 1.0


@numba.njit
def target(a):
    return 2.0 * a
"""
PLAIN_TOY = """
import gumbench


def value(x):
    return 2.0 * x[:, 0, 1]


toy = gumbench.CategoricalProblem([0.0, 1.0, 2.0], value, compiled=False)


@gumbench.estimator("categorical", unbiased=True, cost=gumbench.Cost(values=1))
def rule(problem, noise, temperature, inner_samples):
    draws = gumbench.one_hot((problem.logits + noise.gumbel()).argmax(-1), problem.categories)
    return problem.value(draws)[:, None, None] * (draws - problem.probabilities)
"""
SWEEP = "sweep --problems toy.py --estimators score --estimates 128 --quiet"


@pytest.fixture
def toy(place):
    Path("toy.py").write_text(TOY)
    Path("constants.py").write_text(CONSTANTS)
    return place


def edit(file, old, new):
    text = Path(file).read_text()
    assert old in text
    Path(file).write_text(text.replace(old, new))


def swept(command=SWEEP, **flags):
    """The newest default folder's variances."""
    before = set(Path().glob("results/*"))
    typed = [word for key, value in flags.items() for word in (f"--{key}", value)]
    assert main([*shlex.split(command), *typed]) == 0
    (folder,) = set(Path().glob("results/*")) - before
    return [float(row["variance"]) for row in table(folder)]


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("toy.py", "out[b] = ", "out[b] = 3 * "),
        ("constants.py", "2.0 * a", "3 * 2.0 * a"),
        ("constants.py", "SCALE = 1.0", "SCALE = 1.0 * 3"),
    ],
)
def test_an_edited_file_is_a_new_run_with_new_numbers(file, old, new, toy):
    (first,) = swept()
    edit(file, old, new)
    (second,) = swept()
    assert second == pytest.approx(9 * first, rel=1e-5)


def test_an_edited_plain_file_is_a_new_run_with_new_numbers(place):
    Path("toy.py").write_text(PLAIN_TOY)
    (first,) = swept(estimators="toy.py:rule")
    edit("toy.py", "return 2.0", "return 6.0")
    (second,) = swept(estimators="toy.py:rule")
    assert second == pytest.approx(9 * first, rel=1e-5)


@pytest.mark.parametrize("file", ["toy.py", "constants.py"])
def test_the_folder_of_an_edited_file_is_refused(file, toy, capsys):
    command = f"{SWEEP} --output run"
    assert main(shlex.split(command)) == 0
    before = {p: p.read_bytes() for p in Path("run").iterdir()}
    edit(file, "\n\n\n", "\n\n\n\n")
    capsys.readouterr()
    assert main(shlex.split(command)) == 2
    said = capsys.readouterr().err
    assert "run is of before toy.py:toy was edited" in said
    assert "--force" in said
    assert {p: p.read_bytes() for p in Path("run").iterdir()} == before
    assert main([*shlex.split(command), "--force"]) == 0


def test_the_same_again_computes_nothing(toy, monkeypatch):
    assert main(shlex.split(f"{SWEEP} --output run")) == 0
    before = Path("run/cells.jsonl").read_bytes()
    monkeypatch.setattr("gumbench.runs.run._measure", lambda *_: pytest.fail("computed again"))
    monkeypatch.setattr("gumbench.engine.validate.check", lambda *_: pytest.fail("tried again"))
    assert main(shlex.split(f"{SWEEP} --output run")) == 0
    assert Path("run/cells.jsonl").read_bytes() == before


def test_an_own_estimator_extends_a_run(toy):
    """What else is loaded from the folder does not change the identity of a cell."""
    Path("rule.py").write_text(PLAIN_TOY)
    assert main(shlex.split(f"{SWEEP} --output run")) == 0
    (line,) = Path("run/cells.jsonl").read_text().splitlines()
    more = shlex.split(f"{SWEEP} --output run --estimators score,rule.py:rule")
    assert main(more) == 0
    assert Path("run/cells.jsonl").read_text().startswith(line)
    assert [row["status"] for row in table("run")] == ["done", "done"]


def test_threads_do_not_change_a_plain_problem(place):
    estimators = f"score,concrete,exact,{RULES}:score_loo,{RULES}:concrete"
    command = f"sweep --problems {GOOD}:linked_plain --estimators {estimators} --estimates 4096"
    for threads in ("1", "2"):
        assert main([*shlex.split(command), "--threads", threads, "--output", threads]) == 0
    first, second = (
        [{k: v for k, v in row.items() if k not in CLOCK} for row in table(n)] for n in "12"
    )
    assert first == second
    assert len(first) == 9


CLOCK = [column.name for column in variance.COLUMNS if column.clock]


def test_explain_of_a_file(capsys):
    assert main(["explain", f"{RULES}:score_loo"]) == 0
    said = capsys.readouterr().out
    assert "Leave one out." in said
    assert "--inner-samples 4 by default, at least 2" in said
    assert main(["explain", f"{GOOD}:masked"]) == 0
    assert "closed = 2" in capsys.readouterr().out


# Installed packages


class Point:
    """An entry point of a package."""

    def __init__(self, name, load):
        self.name, self.load = name, load


@pytest.fixture
def installed(monkeypatch):
    """Installs entry points for the length of a test."""
    caches = loading.entry_points, registry.aliases

    def install(**points):
        found = {f"gumbench.{kind}": p for kind, p in points.items()}
        monkeypatch.setattr(metadata, "entry_points", lambda group: found.get(group, ()))
        for cache in caches:
            cache.cache_clear()

    yield install
    for cache in caches:
        cache.cache_clear()


def of_file(kind, name):
    return {"problems": loading.problem_maker, "estimators": loading.estimator}[kind](name)


@pytest.mark.parametrize(("problem", "rule"), [("their-toy", "their-rule"), ("Toy_2", "my_Rule")])
def test_entry_points_are_names_like_others(problem, rule, installed, place, capsys):
    installed(
        problems=[Point(problem, lambda: of_file("problems", f"{GOOD}:masked").make)],
        estimators=[Point(rule, lambda: of_file("estimators", f"{RULES}:score_loo"))],
    )
    for kind, name in (("problems", problem), ("estimators", rule)):
        assert main(["list", kind]) == 0
        assert name in capsys.readouterr().out
        assert main(["explain", name]) == 0
        assert capsys.readouterr().out.startswith(f"{name} (categorical)")
    command = f"sweep --problems {problem} --estimators {rule},mine-loo,rloo --estimates 128"
    assert main([*shlex.split(command), "--set", "closed=1", "--output", "run"]) == 0
    assert [(r["problem"], r["estimator"]) for r in table("run")] == [
        (problem, rule),
        (problem, "score-loo"),
    ]
    assert main(shlex.split(f"list estimators --for {problem}")) == 0
    assert rule in capsys.readouterr().out


def test_a_wrong_problem_of_a_package_is_refused(installed, place, capsys):
    wrong = registry.make_problem(f"{FAULTY}:gradient_wrong")
    installed(problems=[Point("their-toy", lambda: wrong), Point("gone", lambda: 1 / 0)])
    assert "their-toy: gradient by variable" in refused(capsys, "--problems their-toy")
    said = refused(capsys, "--problems gone")
    assert "gone of an installed package cannot be loaded: division by zero" in said


def test_a_broken_estimator_of_a_package_does_not_stop_others(installed, place, capsys):
    installed(estimators=[Point("gone", lambda: 1 / 0)])
    command = "sweep --problems bernoulli-toy --estimators score --estimates 128 --output run"
    assert main(shlex.split(command)) == 0
    assert "cannot be loaded" in refused(capsys, "--problems bernoulli-toy --estimators gone")


# In Python


def nothing(x, theta, data, out):
    out[:] = 0.0


LINK = (nothing, nothing)
MADE_WRONG = [
    (lambda: gumbench.CategoricalProblem([], nothing), "logits have shape"),
    (lambda: gumbench.CategoricalProblem(np.zeros((2, 2, 2)), nothing), r"shape \(2, 2, 2\)"),
    (lambda: gumbench.CategoricalProblem([0, np.nan], nothing), "NaN"),
    (lambda: gumbench.CategoricalProblem([0, np.inf], nothing), r"\+inf"),
    (lambda: gumbench.CategoricalProblem([[0, 0], [-np.inf] * 2], nothing), "all -inf"),
    (lambda: gumbench.CategoricalProblem([[0], [0, 1]], nothing), "logits: give numbers"),
    (lambda: gumbench.CategoricalProblem("logits", nothing), "logits: give numbers"),
    (lambda: gumbench.CategoricalProblem([0, 1], 3), "value is 3; give a plain function"),
    (lambda: gumbench.CategoricalProblem([0, 1], np.sum), "give a plain function"),
    (lambda: gumbench.CategoricalProblem([0, 1], 3, compiled=False), "give a function"),
    (lambda: gumbench.CategoricalProblem([0, 1], None), "value is missing"),
    (lambda: gumbench.CategoricalProblem([0, 1], nothing, gradient=[1]), r"gradient is \[1\]"),
    (lambda: gumbench.CategoricalProblem([0, 1], nothing, theta=[1.0]), "theta and link"),
    (lambda: gumbench.CategoricalProblem([0, 1], nothing, link=LINK), "theta and link"),
    (lambda: gumbench.CategoricalProblem([0], nothing, link=nothing, theta=[1]), "two functions"),
    (lambda: gumbench.CategoricalProblem([0], nothing, link=(1, 2), theta=[1]), "link is 1"),
    (lambda: gumbench.CategoricalProblem([0], nothing, link=LINK, theta=[]), "theta has shape"),
    (lambda: gumbench.CategoricalProblem([0], nothing, link=LINK, theta=[np.nan]), "finite"),
    (lambda: gumbench.CategoricalProblem([0, 1], nothing, truth=[1.0]), "truth has 1 numbers"),
    (lambda: gumbench.CategoricalProblem([0, 1], nothing, truth=[1, np.nan]), "truth has 2"),
    (lambda: gumbench.CategoricalProblem([0, 1], nothing, data=["a"]), "data: give numbers"),
    (lambda: gumbench.GaussianProblem([0, 1], 0.0, nothing), "scales above 0"),
    (lambda: gumbench.GaussianProblem([0, 1], [1, -1], nothing), "scales above 0"),
    (lambda: gumbench.GaussianProblem([0, np.nan], 1, nothing), "finite numbers"),
    (lambda: gumbench.GaussianProblem([0, 1], [1, 1, 1], nothing), "give one length"),
    (lambda: gumbench.GaussianProblem([], 1, nothing), "mean has shape"),
    (lambda: gumbench.GaussianProblem(np.zeros((2, 2)), 1, nothing), "mean has shape"),
    (lambda: gumbench.GaussianProblem([0], 1, nothing, truth=[1.0]), "truth has 1 numbers; give 2"),
    (lambda: gumbench.estimator("poisson", unbiased=True, cost=gumbench.Cost(values=1)), "poisson"),
    (
        lambda: gumbench.estimator(
            "gaussian", unbiased=True, cost=gumbench.Cost(values=1), formla=""
        ),
        "formla=.*known are .*formula",
    ),
]


@pytest.mark.parametrize(("make", "message"), MADE_WRONG)
def test_what_is_no_problem_is_refused_in_python(make, message):
    with pytest.raises(InputError, match=message):
        make()


def test_own_problems_in_python_are_tried_unless_trusted():
    wrong = loading.problem_maker(f"{FAULTY}:gradient_wrong").make(4)
    with pytest.raises(InputError, match="the problem: gradient by variable"):
        gumbench.exact_gradient(wrong)
    with pytest.raises(InputError, match="the problem: gradient by variable"):
        gumbench.estimate(wrong, "score", 10)
    right = np.zeros(4)
    right[:] = gumbench.exact_gradient(wrong, trust=True).gradient
    assert np.abs(right.sum()) < 1e-12 < np.abs(right).max()
    assert gumbench.estimate(wrong, "score", 10, trust=True).shape == (10, 4)
    with pytest.raises(InputError, match="shapeless returned an array of shape"):
        gumbench.estimate("categorical-quadratic", f"{FAULTY}:shapeless", 10)


def test_problems_made_in_a_function_are_compiled_with_what_they_capture():
    def made(power):
        def value(x, theta, data, out):
            for b in range(out.size):
                out[b] = x[0, 0, b] * power

        return gumbench.CategoricalProblem([0.0, 1.0], value)

    one, three = (gumbench.exact_gradient(made(power)).gradient for power in (1.0, 3.0))
    np.testing.assert_allclose(three, 3 * one)


FAILING_LATER = """
import gumbench
from gumbench.engine.validate.problem import POINTS


def value(x):
    if len(x) > POINTS:
        raise ValueError("too many")
    return x[:, 0, 0]


toy = gumbench.CategoricalProblem([0.0, 1.0], value, compiled=False)
"""


def test_a_plain_function_that_fails_where_its_trial_has_not_been(place, capsys):
    Path("toy.py").write_text(FAILING_LATER)
    command = "sweep --problems toy.py --estimators score,exact --estimates 100000 --output run"
    assert main(shlex.split(command)) == 3
    assert "Traceback" not in capsys.readouterr().err
    found = {row["estimator"]: (row["status"], row["message"]) for row in table("run")}
    assert found == {"score": ("error", "ValueError: too many (toy.py:8)"), "exact": ("done", "")}
