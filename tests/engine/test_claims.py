"""What a user's code claims, and what it does."""

import dataclasses
import pickle
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from examples import problem_for
from user_code_helpers import COMPILED, USER_FILES

import gumbench
from gumbench import registry
from gumbench.cli import main
from gumbench.engine import applicability
from gumbench.errors import InputError
from gumbench.runs import digest

# Code that is not what it says

CHANGING = {
    "x": "x[0, 0, b] -= data[0]",
    "theta": "theta[0] += 1.0",
    "data": "data[0] = data[0] + 1.0",
}
CHANGING_ROLES = {
    "value": "def {role}(x, theta, data, out):\n    for b in range(x.shape[2]):\n        {write}\n"
    "        out[b] = x[0, 1, b]\n",
    "gradient": "def {role}(x, theta, data, out):\n    for b in range(x.shape[2]):\n"
    "        {write}\n        out[0, 0, b] = 0.0\n        out[0, 1, b] = 1.0\n",
}


@pytest.mark.parametrize("argument", CHANGING)
@pytest.mark.parametrize("role", CHANGING_ROLES)
def test_a_function_that_changes_its_arguments_is_refused(role, argument, place, capsys):
    text = "import gumbench\n\n\n"
    text += CHANGING_ROLES["value"].format(role="value", write="pass") if role != "value" else ""
    text += CHANGING_ROLES[role].format(role=role, write=CHANGING[argument])
    more = "" if role == "value" else f", {role}={role}"
    text += f"\ntoy = gumbench.CategoricalProblem([0.0, 1.0], value{more}, data=[1.0])\n"
    Path("toy.py").write_text(text)
    line = 1 + next(i for i, t in enumerate(text.split("\n")) if CHANGING[argument] in t)
    assert main(shlex.split("sweep --problems toy.py --output run")) == 2
    said = capsys.readouterr().err
    assert f"{role} changes its argument {argument} (toy.py, line {line})" in " ".join(said.split())


def test_a_draw_that_is_changed_is_refused():
    def value(x, theta, data, out):
        for b in range(out.size):
            out[b] = x[0, 1, b]

    def value_at(category, theta, data, out):
        for b in range(out.size):
            out[b] = category[0, b]
            category[0, b] = 0

    with pytest.raises(InputError, match="value_at changes its argument category"):
        gumbench.exact_gradient(gumbench.CategoricalProblem([0.0, 1.0], value, value_at=value_at))


def test_a_kernel_that_changes_what_it_is_given_is_refused(place, capsys):
    for write in (
        "noise.by_category[0, 0, 0, 0] = 1.0",
        "noise.draws[0, 0, 0] = -1",
        "prepared[0] = 0.5",
        "objective.theta[0] = 1.0",
    ):
        text = COMPILED.replace("    simplex.score", f"    {write}\n    simplex.score")
        declared = '[gumbench.Noise("draw"), gumbench.Noise("gumbel")]'
        Path("rule.py").write_text(text.replace('[gumbench.Noise("draw")]', declared))
        command = "sweep --problems categorical-quadratic --estimators rule.py --output run"
        assert main(shlex.split(command)) == 2
        assert "the kernel changes" in capsys.readouterr().err


def test_a_python_estimator_cannot_change_the_problem():
    def rule(problem, noise, temperature, inner_samples):
        problem.logits[0] = 1.0

    rule = gumbench.estimator("categorical", unbiased=True, cost=gumbench.Cost(values=1))(rule)
    with pytest.raises(InputError, match="read-only"):
        gumbench.estimate("categorical-quadratic", rule, 8)


CHANCE = np.random.default_rng(0)


def noisy(x):
    return x[:, 0, 0] + 0.1 * CHANCE.standard_normal(len(x))


def batch_norm(x):
    return (x[:, 0, 0] - x[:, 0, 0].mean()) / x[:, 0, 0].std()


def dropout(x):
    return (x[:, 0] * (CHANCE.random(x[:, 0].shape) > 0.5)).sum(axis=1)


COUNTED = []


def counting(x):
    COUNTED.append(x)
    return x[:, 0, 0] + len(COUNTED)


@pytest.mark.parametrize(
    ("value", "how"),
    [
        (noisy, "for the same x "),
        (dropout, "for the same x "),
        (counting, "for the same x "),
        (batch_norm, "for the same x in another batch "),
        (lambda x: x[:, 0, 0] * len(np.unique(x)), "for the same x in another batch "),
    ],
    ids=["noise", "dropout", "a counter", "batch norm", "the batch itself"],
)
def test_f_by_chance_or_by_its_batch_is_refused(value, how):
    problem = gumbench.CategoricalProblem([0.0, 1.0, 2.0], value, compiled=False)
    wanted = f"value gives different numbers {how}" + r"\(dropout, batch norm in train mode\?\)"
    with pytest.raises(InputError, match=wanted):
        gumbench.exact_gradient(problem)
    gumbench.exact_gradient(problem, trust=True)


def test_a_gradient_by_chance_is_refused():
    problem = gumbench.CategoricalProblem(
        [0.0, 1.0],
        lambda x: x[:, 0, 0],
        gradient=lambda x: np.eye(2)[0] + 0.1 * CHANCE.standard_normal(x.shape),
        compiled=False,
    )
    with pytest.raises(InputError, match="gradient gives different numbers for the same x"):
        gumbench.exact_gradient(problem)


def test_a_compiled_function_by_chance_is_refused():
    def value(x, theta, data, out):
        for b in range(out.size):
            out[b] = x[0, 1, b] + np.random.random()

    with pytest.raises(InputError, match="value gives different numbers for the same x"):
        gumbench.exact_gradient(gumbench.CategoricalProblem([0.0, 1.0], value))


def rule_of(weigh):
    def rule(problem, noise, temperature, inner_samples):
        x = gumbench.one_hot((problem.logits + noise.gumbel()).argmax(-1), problem.categories)
        return weigh(problem.value(x))[:, None, None] * (x - problem.probabilities)

    return gumbench.estimator("categorical", unbiased=True, cost=gumbench.Cost(values=1))(rule)


@pytest.mark.parametrize(
    ("weigh", "message"),
    [
        (lambda f: f + CHANCE.standard_normal(f.shape), "other estimates for the same noise"),
        (lambda f: counting(f[:, None, None]), "other estimates for the same noise"),
        (lambda f: f - f.mean(), "an estimate depends on the others of its batch"),
        (lambda f: f / f.std(), "an estimate depends on the others of its batch"),
        (lambda f: f - np.roll(f, 1), "an estimate depends on the others of its batch"),
    ],
    ids=["noise", "a counter", "batch mean", "batch spread", "neighbour"],
)
def test_an_estimator_by_chance_or_by_its_batch_is_refused(weigh, message):
    with pytest.raises(InputError, match=message):
        gumbench.estimate("categorical-quadratic", rule_of(weigh), 8)
    assert gumbench.estimate("categorical-quadratic", rule_of(lambda f: f - 1.0), 8).shape == (8, 4)


def calls_of(values, gradients, *declared):
    def rule(problem, noise, temperature, inner_samples):
        x = gumbench.one_hot((problem.logits + noise.gumbel()).argmax(-1), problem.categories)
        for _ in range(values):
            f = problem.value(x)
        for _ in range(gradients):
            problem.gradient(x)
        return f[:, None, None] * (x - problem.probabilities)

    return gumbench.estimator("categorical", unbiased=True, cost=gumbench.Cost(*declared))(rule)


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        (calls_of(10, 0, 1), r"declares Cost\(values=1\) an estimate and makes 10"),
        (calls_of(2, 0, 1.5), r"declares Cost\(values=1.5\) an estimate and makes 2"),
        (calls_of(1, 1, 1), r"declares Cost\(gradients=0\) an estimate and makes 1"),
        (calls_of(1, 3, 1, 2), r"Cost\(gradients=2\)"),
        (calls_of(4, 0, 1), "values=1. an estimate and makes 4"),
    ],
)
def test_calls_that_are_not_declared_are_refused(rule, message):
    with pytest.raises(InputError, match=message):
        gumbench.estimate("categorical-quadratic", rule, 8)


def test_calls_that_are_declared_pass():
    for values, gradients in ((1, 0), (3, 2)):
        rule = calls_of(values, gradients, values, gradients)
        assert len(gumbench.estimate("categorical-quadratic", rule, 8)) == 8


def test_calls_of_a_compiled_estimator_are_counted(place, capsys):
    text = COMPILED.replace("Cost(1, at_draws=True)", "Cost(0, at_draws=True)")
    Path("rule.py").write_text(text)
    command = "sweep --problems categorical-quadratic --estimators rule.py --output run"
    assert main(shlex.split(command)) == 2
    assert "declares Cost(values=0) an estimate and makes 1" in capsys.readouterr().err


SEEN_ALWAYS = ("pathwise", "rebar", "score-loo")


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=() if name in SEEN_ALWAYS else pytest.mark.slow)
        for name in registry.names("estimators")
    ],
)
def test_built_in_estimators_declare_what_they_call(name):
    from gumbench.engine.bound_estimator import bind_estimator
    from gumbench.engine.bound_problem import BoundProblem

    for estimator in registry.estimators(name).values():
        problem = problem_for(estimator)
        if estimator.deterministic or problem.value is None:
            # Of an enumeration, and of rewards that are data, no call is seen.
            continue
        inner = estimator.inner_samples.usual(problem) if estimator.inner_samples else None
        bound_estimator = bind_estimator(
            BoundProblem(problem, "float32"), estimator, [0.5], inner, 0
        )
        calls, changed = bound_estimator.run_checked(0)
        cost = estimator.cost(gumbench.Sizes(inner or 1, *problem.shape))
        assert (calls.values / 64, calls.gradients / 64) == (cost.values, cost.gradients)
        assert changed == []


OF_THETA = {
    "value": lambda x, theta: x[:, 0, 0] * theta[1],
    "a log": lambda x, theta: x[:, 0] @ (theta - np.log(np.exp(theta).sum())),
    "a little": lambda x, theta: x[:, 0, 0] + 1e-3 * theta[2],
    "a norm": lambda x, theta: x[:, 0, 0] + (theta**2).sum(),
    "one place": lambda x, theta: x[:, 0, 0] + theta[0],
}


@pytest.mark.parametrize("name", OF_THETA)
def test_f_of_theta_without_its_derivative_is_refused(name):
    problem = gumbench.CategoricalProblem([0.3, 1.0, 2.0], OF_THETA[name], compiled=False)
    with pytest.raises(InputError, match=r"value changes with theta .*, and there is no direct"):
        gumbench.exact_gradient(problem)
    gumbench.exact_gradient(problem, trust=True)


def test_a_compiled_f_of_theta_without_its_derivative_is_refused():
    def value(x, theta, data, out):
        for b in range(out.size):
            out[b] = x[0, 1, b] * theta[0]

    with pytest.raises(InputError, match="value changes with theta"):
        gumbench.exact_gradient(gumbench.CategoricalProblem([0.5, 1.0], value))
    with pytest.raises(InputError, match="value changes with theta"):
        gumbench.exact_gradient(
            gumbench.GaussianProblem(
                0.5, 1.0, lambda z, theta: z[:, 0, 0] * theta[0], compiled=False
            )
        )


LIAR = """
import gumbench


@gumbench.estimator("categorical", unbiased=True, cost=gumbench.Cost(values=1))
def liar(problem, noise, temperature, inner_samples):
    x = gumbench.one_hot((problem.logits + noise.gumbel()).argmax(-1), problem.categories)
    return 0.09 * problem.value(x)[:, None, None] * (x - problem.probabilities)
"""


def test_a_wrong_claim_of_a_users_ends_a_sweep_with_status_1(place, capsys):
    Path("liar.py").write_text(LIAR)
    command = "sweep --problems bernoulli-sum --dimensions 3 --set t=9 --estimators liar.py,score "
    command += "--estimates 50000 --output run"
    assert main(shlex.split(command)) == 1
    said = capsys.readouterr()
    assert "liar.py:liar is declared unbiased, and the bias test says otherwise" in said.out
    assert "score is declared unbiased, and" not in said.out
    (found,) = gumbench.load("run").compare(by="error")
    assert found.best_at(1e6).estimator == "score"


# A gradient that nobody can say, and problems that are Gaussian


def test_without_a_truth_every_temperature_has_its_row(place, capsys):
    noisy = f"{USER_FILES}/noisy.py"
    command = f"sweep --problems {noisy}:noisy --estimators score,score-loo,{noisy}:softened"
    command += " --temperatures 0.5,1,2 --estimates 6400 --no-throughput --output run"
    assert main(shlex.split(command)) == 0
    assert "gradient in logits, not known" in capsys.readouterr().out
    run = gumbench.load("run")
    rows = run.rows("variance")
    assert [r["temperature"] for r in rows] == [None, None, 0.5, 1.0, 2.0]
    assert {r["truth"] for r in rows} == {"none"}
    assert all(r["variance"] > 0 and r["bias_norm"] is r["gain"] is None for r in rows)
    (found,) = run.compare()
    assert {r.candidate.estimator for r in found.ranges} <= {"score", "score-loo"}
    assert found.verdict[0].startswith("There is no exact gradient")


def test_gaussians_under_noise_on_f_are_refused_by_their_family():
    problem = gumbench.make_problem("gaussian-quadratic")
    noisy = dataclasses.replace(problem, reward_noise=1.0)
    for name in ("score", "score-loo", "pathwise"):
        estimator = registry.estimators(name)["gaussian"]
        assert not applicability.why_not(estimator, problem)
        assert applicability.why_not(estimator, noisy) == "noise on f is for draws of categories"


@pytest.mark.parametrize("estimator", ["score", "score-mean", "score-loo"])
def test_what_a_gaussian_missed_is_nothing_that_was_never_drawn(estimator):
    """Its law has no outcomes, and the bias test adds nothing for those that were never seen."""
    run = gumbench.sweep(problems=["gaussian-kl"], estimators=[estimator], estimates=640)
    assert all(part.unseen is None for r in run.records for part in r.parts.values())
    assert [r["status"] for r in run.rows("variance")] == ["done"] * 6


def test_a_digest_sees_the_file_that_a_problem_borrows_from(monkeypatch):
    """`classification` has its digits from `categorical_vae`: other bytes there, another digest."""
    for name, borrows in (("classification", True), ("categorical-quadratic", False)):
        seen = []
        monkeypatch.setattr(digest, "_hash", lambda files, to=seen: to.extend(files) or b"")
        monkeypatch.setattr(digest, "shared_files", lambda measurement: [])
        digest.digest("variance", gumbench.make_problem(name), None)
        assert ("categorical_vae.py" in {path.name for path in seen}) == borrows


# Objects in a user's process


def test_problems_and_estimators_can_be_pickled():
    code = f"""
import pickle, sys
sys.path.insert(0, {str(USER_FILES)!r})
import elbo, good, rules
import gumbench

for thing in (elbo.compiled, elbo.by_numpy, good.quadratic_array_truth, rules.score, rules.settled):
    there = pickle.loads(pickle.dumps(thing))
    assert type(there) is type(thing)
problem = pickle.loads(pickle.dumps(good.quadratic_array_truth))
assert (gumbench.exact_gradient(problem).gradient == good.quadratic_array_truth.truth(0, 0)).all()
estimator = pickle.loads(pickle.dumps(rules.score))
assert estimator.compute is rules.score.compute
tied = gumbench.CategoricalProblem([0.0, 0.0], good.quadratic_value, tie=[0, 0], data=[1.0, 2.0])
assert (pickle.loads(pickle.dumps(tied)).link_data == tied.link_data).all()
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_users_process_is_left_as_it_was():
    code = """
import numba, numpy as np
np.seterr(all="raise")
before = {k: v for k, v in vars(numba.config).items() if k.isupper()}
errors = np.geterr()
import gumbench
names = ["bernoulli-sum", "categorical-vae", "gaussian-kl"]
few = ["score", "concrete", "pathwise", "exact"]
gumbench.sweep(problems=names, dimensions=[2], estimators=few, estimates=640)
gumbench.gumbel(10, seed=0), gumbench.concrete([0.0, 1.0], 1.0, 5, seed=0)
gumbench.categorical([0.0, -np.inf], 5, seed=0)
after = {k: v for k, v in vars(numba.config).items() if k.isupper()}
assert before == after, {k: (before[k], after[k]) for k in before if before[k] != after[k]}
assert np.geterr() == errors
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("nope", "gumbench list problems"),
        ("bernouli-toy", "did you mean bernoulli-toy"),
        ("score", "gumbench list problems"),
        ("", "gumbench list problems"),
        ("categorical_vea", "did you mean categorical-vae"),
    ],
)
def test_a_name_that_there_is_not(name, hint):
    with pytest.raises(InputError, match=hint):
        gumbench.make_problem(name)
    with pytest.raises(InputError):
        gumbench.exact_gradient(name)


def test_names_are_taken_as_elsewhere():
    assert gumbench.make_problem("Categorical_VAE", 2).name == "categorical-vae"
    with pytest.raises(InputError, match="dimension"):
        gumbench.make_problem("bernoulli-toy", 1.5)
    assert pickle.loads(pickle.dumps(InputError("x"))).args == ("x",)


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({"inner_samples": 2}, r"inner_samples=2\): give \(least, default\)"),
        ({"inner_samples": (2, 1)}, "give .least, default., whole numbers"),
        ({"inner_samples": (0, 1)}, "whole numbers from 1"),
        ({"inner_samples": (1.5, 2)}, "whole numbers from 1"),
        ({"unbiased": "x"}, "give True or False"),
        ({"cost": "a"}, r"give gumbench.Cost\(values=1\)"),
        ({"cost": 1}, r"give gumbench.Cost\(values=1\)"),
        ({"needs": ("grad",)}, "no need is called 'grad'"),
    ],
)
def test_what_an_estimator_declares_is_checked(facts, said):
    with pytest.raises(InputError, match=said):
        gumbench.estimator("categorical", **{"unbiased": True, "cost": gumbench.Cost(1), **facts})


def test_estimates_that_differ_are_not_deterministic():
    def rule(problem, noise, temperature, inner_samples):
        draws = gumbench.one_hot(noise.draw(), problem.categories)
        return problem.value(draws)[:, None, None] * (draws - problem.probabilities)

    declared = {"unbiased": True, "cost": gumbench.Cost(values=1)}
    made = gumbench.estimator("categorical", **declared, deterministic=True)(rule)
    with pytest.raises(InputError, match="declared deterministic, and its estimates differ"):
        gumbench.estimate("categorical-quadratic", made, 8)

    def same(problem, noise, temperature, inner_samples):
        return np.ones((noise.count, problem.variables, problem.categories))

    made = gumbench.estimator("categorical", **declared, deterministic=True)(same)
    assert len(gumbench.estimate("categorical-quadratic", made, 8)) == 8


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("from gumbench.families.categorical import probability_table", "write gumbench.blocks"),
        ("from gumbench.kernels import simplex", "write gumbench.blocks"),
        ("gumbench.Estimator(family='categorical', evaluations=1)", "write cost=gumbench.Cost(val"),
        ("gumbench.Estimator(family='categorical', draw_evaluations=1)", "at_draws=True"),
        ("gumbench.estimator('categorical', unbiased=True, evaluations=1)", "write cost=gumb"),
        ("gumbench.estimator('categorical', unbiased=True, gradient_evaluations=1)", "gradients="),
        ("gumbench.estimator('categorical', unbiased=True, paper='Doe 2026')", "write papers=("),
    ],
)
def test_old_names_are_told_the_new_ones(text, said, place, capsys):
    Path("old.py").write_text(f"import gumbench\n\n{text}\n")
    assert main(shlex.split("sweep --problems bernoulli-toy --estimators old.py")) == 2
    assert said in capsys.readouterr().err


PLAIN = """
import gumbench


@gumbench.estimator("categorical", unbiased=True, cost=gumbench.Cost(values=1))
def mine(problem, noise, temperature, inner_samples):
    return problem.natural
"""


@pytest.mark.parametrize(
    ("text", "new"),
    [
        (PLAIN, "dist_params"),
        (COMPILED.replace("noise.draws[0]", "objective.natural"), "dist_params"),
        (COMPILED.replace("noise.draws[0]", "objective.feedback"), "reward_noise"),
    ],
    ids=["python", "natural", "feedback"],
)
def test_old_attributes_are_told_the_new_ones(text, new, place, capsys):
    Path("old.py").write_text(text)
    assert main(shlex.split("sweep --problems bernoulli-toy --estimators old.py")) == 2
    assert f"write {new}" in " ".join(capsys.readouterr().err.split())
