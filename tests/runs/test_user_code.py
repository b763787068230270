"""Runs of a user's own code: edited files, installed packages, objects in Python."""

import shlex
from importlib import metadata
from pathlib import Path

import numpy as np
import pytest
from user_code_helpers import FAULTY, GOOD, RULES, refused, table

import gumbench
from gumbench import registry
from gumbench.cli import main
from gumbench.errors import InputError
from gumbench.report.tables import variance
from gumbench.user_code import loading

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
