"""Logits that share parameters, and settings of an estimator."""

import dataclasses
import math
import shlex
from pathlib import Path

import numpy as np
import pytest
from examples import problem_for
from user_code_helpers import COMPILED, USER_FILES

import gumbench
from gumbench import registry
from gumbench.cli import main
from gumbench.errors import InputError

# Logits that share parameters


def three_bernoullis(tie, compiled=False):
    """Σ (b_i - p_i)², b_i with one shared logit (Liu 2019): two columns each, the first is 0."""
    targets = np.array([0.6, 0.51, 0.48])

    def plain(x):
        return ((x[:, :, 1] - targets) ** 2).sum(axis=1)

    def value(x, theta, data, out):
        out[:] = 0.0
        for v in range(x.shape[0]):
            for b in range(x.shape[2]):
                out[b] += (x[v, 1, b] - data[v]) ** 2

    eta = -0.7
    logits = np.where(np.array(tie) >= 0, eta, 0.0)
    more = {"data": targets} if compiled else {}
    return gumbench.CategoricalProblem(
        logits, value if compiled else plain, tie=tie, compiled=compiled, **more
    )


@pytest.mark.parametrize("compiled", [False, True])
def test_a_shared_logit(compiled):
    """The gradient in η of Σ E(b - p_i)² is θ(1 - θ) Σ (1 - 2 p_i)."""
    problem = three_bernoullis([[-1, 0]] * 3, compiled)
    theta = 1 / (1 + math.exp(0.7))
    wanted = theta * (1 - theta) * (3 - 2 * (0.6 + 0.51 + 0.48))
    found = gumbench.exact_gradient(problem)
    assert found.gradient == pytest.approx([wanted], rel=1e-6)
    assert problem.parts == {"theta": 1}
    raw = gumbench.estimate(problem, "score-loo", 60_000)
    assert raw.shape == (60_000, 1)
    assert abs(raw.mean() - wanted) < 5 * raw.std() / math.sqrt(60_000)


@pytest.mark.parametrize("compiled", [False, True])
def test_two_shared_logits_and_one_untied(compiled):
    problem = three_bernoullis([[-1, 0], [-1, 1], [-1, 0]], compiled)
    theta = 1 / (1 + math.exp(0.7))
    slope = theta * (1 - theta)
    wanted = [slope * (2 - 2 * (0.6 + 0.48)), slope * (1 - 2 * 0.51)]
    assert gumbench.exact_gradient(problem).gradient == pytest.approx(wanted, rel=1e-6)


@pytest.mark.parametrize(
    ("tie", "logits", "message"),
    [
        ([[0, 1, 2]], [[0.0, 1.0]], "another shape"),
        ([[0, 0]], [[0.0, 1.0]], r"the logit \[0, 1\] is 1.0, but tied to number 0, which is 0.0"),
        ([[-1, 0]], [[0.5, 1.0]], "tied to number -1, which is 0.0"),
        ([[0, 2]], [[0.0, 1.0]], "without a gap"),
        ([[0.5, 1]], [[0.0, 1.0]], "give the numbers of parameters"),
        ([[-2, 0]], [[0.0, 1.0]], "give -1 to"),
        ([[-1, -1]], [[0.0, 0.0]], "give the numbers of parameters"),
        ("ab", [[0.0, 1.0]], "another shape"),
        ([["a", "b"]], [[0.0, 1.0]], "another shape"),
    ],
)
def test_a_tie_that_is_none(tie, logits, message):
    with pytest.raises(InputError, match=message):
        gumbench.CategoricalProblem(logits, lambda x: x[:, 0, 0], tie=tie, compiled=False)


def test_a_tie_beside_a_link():
    with pytest.raises(InputError, match="tie makes the link and theta"):
        gumbench.CategoricalProblem([0.0, 1.0], lambda x: x, tie=[0, 1], theta=[0.0])


# Settings of an estimator

SCALED = """
import gumbench


@gumbench.estimator("categorical", unbiased=False, cost=gumbench.Cost(values=1))
def scaled(problem, noise, temperature, inner_samples, *, scale=1.0, shift=0, kind="plain"):
    x = gumbench.one_hot((problem.logits + noise.gumbel()).argmax(-1), problem.categories)
    assert kind in ("plain", "turned")
    return scale * problem.value(x)[:, None, None] * (x - problem.probabilities) + shift
"""


@pytest.mark.parametrize("text", [SCALED, COMPILED], ids=["python", "compiled"])
def test_a_setting_arrives(text, place):
    """From the flag to the number: the variance is scale² times as large."""
    Path("rule.py").write_text(text)
    command = "sweep --problems categorical-quadratic --dimensions 4 --estimators rule.py "
    command += "--set scale=1,3,-0.5 --estimates 6400 --no-throughput --output run --quiet"
    assert main(shlex.split(command)) == 0
    found = gumbench.load("run").variance
    assert list(found.settings.str.extract(r"scale=(\S+)")[0]) == ["1.0", "3.0", "-0.5"]
    one, three, half = found.variance
    assert three == pytest.approx(9 * one, rel=1e-4)
    assert half == pytest.approx(0.25 * one, rel=1e-4)
    raw = gumbench.estimate("categorical-quadratic", "rule.py", 64, settings={"scale": 3})
    plain = gumbench.estimate("categorical-quadratic", "rule.py", 64)
    np.testing.assert_allclose(raw, 3 * plain, rtol=1e-5)


def test_settings_that_differ_are_in_the_table(place, capsys):
    Path("rule.py").write_text(SCALED)
    command = "sweep --problems categorical-quadratic --dimensions 4 --estimators rule.py,score "
    command += "--set scale=1,3 --estimates 640 --no-throughput --output run"
    assert main(shlex.split(command)) == 0
    said = capsys.readouterr().out
    assert "rule.py:scaled (kind = plain, scale = 3, shift = 0)" in said
    assert "score (" not in said


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"scael": 2.0}, "did you mean scale"),
        ({"scale": "large"}, "give a number such as 1.0"),
        ({"shift": 0.5}, "give a whole number such as 0"),
        ({"kind": 3}, "give a word such as plain"),
        ({"scale": float("nan")}, "give a number"),
    ],
)
def test_settings_that_are_none(settings, message, place):
    Path("rule.py").write_text(SCALED)
    with pytest.raises(InputError, match=message):
        gumbench.estimate("categorical-quadratic", "rule.py", 8, settings=settings)
    with pytest.raises(InputError, match=message):
        gumbench.sweep(
            problems=["categorical-quadratic"],
            estimators=["rule.py"],
            settings={key: [value] for key, value in settings.items()},
            estimates=640,
        )


def test_a_setting_without_a_default():
    def rule(problem, noise, temperature, inner_samples, *, scale):
        return None

    with pytest.raises(InputError, match="the setting scale has no default"):
        gumbench.estimator("categorical", unbiased=True, cost=gumbench.Cost(values=1))(rule)
    with pytest.raises(InputError, match="settings are keyword-only arguments"):
        gumbench.estimator(
            "categorical", unbiased=True, cost=gumbench.Cost(values=1), settings={"scale": 1}
        )


def test_every_declared_setting_reaches_its_estimator():
    """Over the registry and the files of the tests: prepare or compute is given each of them."""
    from gumbench.engine.bound_estimator import bind_estimator
    from gumbench.engine.bound_problem import BoundProblem

    names = [*registry.names("estimators"), f"{USER_FILES}/rules.py:settled"]
    seen = 0
    for name in names:
        for estimator in registry.estimators(name).values():
            given = {}
            if estimator.compute:

                def compute(*_, estimator=estimator, given=given, **settings):
                    given.update(settings)
                    return estimator.compute(*_, **settings)

                changed = {"compute": compute}
            elif estimator.prepare:

                def prepare(preparation, estimator=estimator, given=given):
                    given.update(preparation.settings)
                    return estimator.prepare(preparation)

                changed = {"prepare": prepare}
            else:
                assert not estimator.settings, name
                continue
            problem = problem_for(estimator)
            watched = dataclasses.replace(estimator, **changed)
            bound = BoundProblem(problem, "float32")
            samples = estimator.inner_samples
            inner = samples.usual(problem) if samples else None
            wanted = estimator.all_settings()
            bound_estimator = bind_estimator(bound, watched, [1.0], inner, 0)
            bound_estimator.collect(0, 0, 64)
            assert given == wanted, name
            seen += len(wanted)
    assert seen >= 1
