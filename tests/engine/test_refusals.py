"""A user's own code that is refused, and good code that is not."""

import re
import shlex
from pathlib import Path

import numpy as np
import pytest
import reference_noise
from user_code_helpers import FAULTY, GOOD, RULES, refused, table

import gumbench
from gumbench import registry
from gumbench.cli import main
from gumbench.engine import validate

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
    p, f = np.array(reference_noise.softmax(list(problem.theta))), -2 * problem.data
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


# Nothing good is refused

BUILT_IN = {
    "gaussian-step": ({}, {"force": 1}),
    "classification": ({}, {"loss": "cross-entropy"}),
    "bernoulli-toy": ({}, {"theta": 0.01}),
    "gaussian-kl": ({}, {"mu": 30.0, "sigma": 0.01}),
    "categorical-quadratic": ({}, {"skew": 20.0}),
}


LARGE = ("categorical-vae", "gaussian-vae", "categorical-nonseparable", "discrete-gan", "published")


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=pytest.mark.slow) if name in LARGE else name
        for name in registry.names("problems")
    ],
)
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
