"""A user's own ELBO, held against enumeration in plain Python."""

import dataclasses
import itertools
import math
import shlex
import sys

import numpy as np
import pytest
from user_code_helpers import USER_FILES

import gumbench
from gumbench.cli import main
from gumbench.engine.direct import with_direct_decided
from gumbench.errors import InputError

ELBO = f"{USER_FILES}/elbo.py"


# An ELBO: enumerated in plain Python


@pytest.fixture(scope="module")
def elbo():
    """All 64 outcomes: their weights, f, and the score by each logit."""
    sys.path.insert(0, str(USER_FILES))
    import elbo as module

    theta = module.LOGITS.astype(np.float32).astype(float)
    p = [[math.exp(t) / sum(map(math.exp, row)) for t in row] for row in theta]
    found = []
    for x in itertools.product(range(4), repeat=3):
        one_hot = np.eye(4)[list(x)]
        weight = math.prod(p[v][c] for v, c in enumerate(x))
        f = module.numpy_value(one_hot[None], theta.ravel())[0]
        found.append((x, weight, f, (one_hot - np.array(p)).ravel()))
    return np.array(p), found


def exact_variances(elbo):
    """Of score, score-loo with four samples, and local-expectation: by enumeration."""
    p, outcomes = elbo
    value = {x: f for x, _, f, _ in outcomes}
    weight = np.array([w for _, w, _, _ in outcomes])
    f = np.array([v for _, _, v, _ in outcomes])
    s = np.array([score for _, _, _, score in outcomes])
    g = (weight * f) @ s
    mean = weight @ f
    by_score = weight @ ((f[:, None] * s) ** 2).sum(axis=1) - g @ g
    k, mu22 = 4, weight @ ((f - mean)[:, None] * s) ** 2
    spread = (weight @ (f - mean) ** 2) * (weight @ s**2)
    by_loo = (mu22 / k + (spread - (k - 2) * g**2) / (k * (k - 1))).sum()
    estimates = []
    for x, _, _, _ in outcomes:
        rows = []
        for v in range(3):
            others = np.array([value[(*x[:v], c, *x[v + 1 :])] for c in range(4)])
            rows.append(p[v] * (others - p[v] @ others))
        estimates.append(np.concatenate(rows))
    estimates = np.array(estimates)
    by_local = weight @ (estimates**2).sum(axis=1) - g @ g
    return g, {"score": by_score, "score-loo": by_loo, "local-expectation": by_local}


FORMS = ["compiled", "by_numpy", pytest.param("by_torch", marks=pytest.mark.slow)]


def skip_without_torch(form):
    if "torch" in form:
        pytest.importorskip("torch")


@pytest.mark.parametrize("form", FORMS)
def test_the_variances_of_an_elbo_are_the_enumerated_ones(form, elbo):
    skip_without_torch(form)
    g, exact = exact_variances(elbo)
    name = f"{ELBO}:{form}"
    found = gumbench.exact_gradient(gumbench.make_problem(name)).gradient
    np.testing.assert_allclose(found, g, rtol=1e-5, atol=1e-6)
    run = gumbench.sweep(
        problems=[name], estimators=list(exact), estimates=40_000 if "torch" in form else 200_000
    )
    for row in run.rows("variance"):
        half = max(row["variance_high"] - row["variance"], row["variance"] - row["variance_low"])
        assert abs(row["variance"] - exact[row["estimator"]]) < 2 * half, row["estimator"]
        assert half < 0.1 * row["variance"]
        assert row["bias_p"] > 1e-3


def test_with_its_direct_term_the_variance_is_another(elbo):
    """The control: kept, ∂f/∂θ is noise that nobody adds, and the best estimator another one."""
    _, exact = exact_variances(elbo)
    problem = dataclasses.replace(gumbench.make_problem(f"{ELBO}:compiled"), direct_is_score=False)
    raw = gumbench.estimate(problem, "local-expectation", 50_000)
    assert raw.var(axis=0).sum() > 5 * exact["local-expectation"]
    left_out = dataclasses.replace(problem, direct_is_score=True)
    raw = gumbench.estimate(left_out, "local-expectation", 50_000)
    assert raw.var(axis=0).sum() == pytest.approx(exact["local-expectation"], rel=0.05)


# What the trial finds out about ∂f/∂θ


def linear(scale, shift=0.0, dimension=3, weight=1.0):
    """f(x, θ) with ∂f/∂θ = -scale (D - p) + shift."""
    logits = np.linspace(0, 1, dimension)

    def probability(theta):
        e = np.exp(theta - theta.max())
        return e / e.sum()

    def value(x, theta):
        log_q = theta - np.log(np.exp(theta).sum())
        return -scale * (x[:, 0] @ log_q) + shift * theta.sum() + weight * x[:, 0, 0]

    def direct(x, theta):
        return -scale * (x[:, 0] - probability(theta)) + shift

    return gumbench.CategoricalProblem(logits, value, direct=direct, compiled=False)


@pytest.mark.parametrize(
    ("problem", "zero"),
    [
        (linear(1.0), True),
        (linear(0.5), True),
        (linear(1.0, dimension=6), True),
        (linear(0.0, shift=1.0), False),
        (linear(1.0, shift=0.01), False),
        (linear(1.0, shift=-3.0), False),
    ],
    ids=["log q", "half of it", "six categories", "a constant", "and a little", "and a lot"],
)
def test_the_mean_of_the_direct_term_is_found(problem, zero):
    found = with_direct_decided(problem)
    assert found.direct_is_score is zero
    assert ("has mean zero" in found.remarks[0]) is zero


def many(scale, shift):
    """20 latents of 10, whose outcomes nobody lists."""

    def value(x, theta):
        table = theta.reshape(20, 10)
        log_q = table - np.log(np.exp(table).sum(axis=1, keepdims=True))
        return -scale * (x * log_q).sum((1, 2)) + shift * (x[:, :, 0] * table[:, 0]).sum(axis=1)

    def direct(x, theta):
        table = np.exp(theta.reshape(20, 10))
        out = -scale * (x - table / table.sum(axis=1, keepdims=True))
        out[:, :, 0] += shift * x[:, :, 0]
        return out.reshape(len(x), -1)

    return gumbench.CategoricalProblem(np.zeros((20, 10)), value, direct=direct, compiled=False)


def gaussian(scale, shift):
    """E[log q] of two Gaussians, and shift times their first mean."""

    def value(z, theta):
        mean, sigma = theta.reshape(2, 2)
        e = (z[:, :, 0] - mean) / sigma
        return scale * (-0.5 * e**2 - np.log(sigma)).sum(axis=1) + shift * theta[0]

    def direct(z, theta):
        mean, sigma = theta.reshape(2, 2)
        e = (z[:, :, 0] - mean) / sigma
        out = scale * np.concatenate([e / sigma, (e**2 - 1) / sigma], axis=1)
        out[:, 0] += shift
        return out

    return gumbench.GaussianProblem([0.5, 1.0], [1.0, 2.0], value, direct=direct, compiled=False)


@pytest.mark.parametrize("make", [many, gaussian])
@pytest.mark.parametrize(("shift", "zero"), [(0.0, True), (0.01, False), (1.0, False)])
def test_it_is_found_where_outcomes_cannot_be_listed(make, shift, zero):
    assert with_direct_decided(make(1.0, shift)).direct_is_score is zero
    assert with_direct_decided(make(-0.5, shift)).direct_is_score is zero


def test_a_keyword_overrides_and_a_wrong_one_is_refused():
    kept = dataclasses.replace(linear(1.0), direct_is_score=False)
    assert with_direct_decided(kept) is kept
    gumbench.exact_gradient(kept)
    wrong = dataclasses.replace(linear(1.0, shift=1.0), direct_is_score=True)
    with pytest.raises(InputError, match="direct_is_score=True, but the mean of direct by param"):
        gumbench.exact_gradient(wrong)
    with pytest.raises(InputError, match="give True, False or None"):
        gumbench.CategoricalProblem([0.0, 1.0], lambda x: x[:, 0, 0], direct_is_score=1.5)
    with pytest.raises(InputError, match="says something of direct, which is missing"):
        gumbench.CategoricalProblem([0.0, 1.0], lambda x: x[:, 0, 0], direct_is_score=True)


def test_what_was_found_is_said(place, capsys):
    command = f"sweep --problems {ELBO}:compiled --estimators score --estimates 640 --output run"
    assert main(shlex.split(command)) == 0
    said = " ".join(capsys.readouterr().err.split())
    assert "elbo.py:compiled: ∂f/∂θ at fixed x has mean zero, as that of log q" in said
    assert "direct_is_score=False keeps it" in said
