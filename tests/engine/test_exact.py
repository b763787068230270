"""Exact gradients by routes that share no code with them."""

import numpy as np
import numpy_problems
import pytest
import reference_noise
from scipy import integrate

import gumbench
from gumbench import registry
from gumbench.engine.bound_problem import BoundProblem
from gumbench.engine.exact import estimated_truth
from gumbench.kernels.random import philox

CATEGORICAL = [
    ("bernoulli-toy", 1, {"t": 0.3, "theta": 0.8}),
    ("bernoulli-sum", 3, {"t": 0.1, "theta": 0.3}),
    ("categorical-quadratic", 2, {}),
    ("categorical-quadratic", 30, {"skew": 4.0, "instance": 3}),
    ("categorical-linear", 7, {"offset": 50.0, "noise": 0.5}),
    ("categorical-vae", 3, {"categories": 4, "image": 17}),
    ("word-vectors", 12, {"size": 3}),
    ("classification", 2, {"loss": "cross-entropy"}),
    ("classification", 3, {}),
    ("categorical-nonseparable", 4, {"offset": 100.0}),
    ("categorical-nonseparable", 2, {"categories": 5, "skew": 3.0}),
    ("polynomial", 5, {"p": 3.0}),
    ("polynomial", 4, {"p": 1.5, "c": -0.3, "theta": 0.8}),
    ("discrete-gan", 4, {}),
    ("discrete-gan", 3, {"categories": 6, "skew": 3.0}),
]


@pytest.mark.parametrize(("name", "dimension", "settings"), CATEGORICAL)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_categorical_gradients_by_enumeration(name, dimension, settings, dtype):
    bound = BoundProblem(gumbench.make_problem(name, dimension, settings), dtype)
    double = bound.at("float64")
    f = numpy_problems.PROBLEMS[name](double).f
    one = np.eye(double.dist_params.shape[1])
    by_logit = reference_noise.enumerated_gradient(
        double.dist_params, lambda x: float(f(one[list(x)][None])[0])
    )
    wanted = numpy_problems.pull_back(double, by_logit[None])[0]
    truth = gumbench.exact_gradient(bound.problem, dtype=dtype)
    assert truth.source in ("closed form", "enumeration")
    np.testing.assert_allclose(truth.gradient, wanted, rtol=1e-9, atol=1e-12)
    enumerated = bound.family.exact_gradient(bound)
    np.testing.assert_allclose(enumerated, wanted, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(("name", "dimension"), [("word-vectors", 9), ("classification", 2)])
def test_gradients_behind_a_link_by_central_differences(name, dimension):
    problem = gumbench.make_problem(name, dimension)
    truth = gumbench.exact_gradient(problem).gradient

    def expectation(theta):
        bound = BoundProblem(problem, "float64", theta=theta)
        f = numpy_problems.PROBLEMS[name](bound).f
        p = [reference_noise.softmax(list(row)) for row in bound.dist_params]
        one = np.eye(bound.dist_params.shape[1])
        return sum(
            np.prod([p[v][c] for v, c in enumerate(x)]) * f(one[list(x)][None])[0]
            for x in reference_noise.outcomes(bound.dist_params.shape)
        )

    for i in range(0, problem.theta.size, max(1, problem.theta.size // 8)):
        step = np.eye(problem.theta.size)[i] * 1e-4
        slope = expectation(problem.theta + step) - expectation(problem.theta - step)
        assert truth[i] == pytest.approx(slope / 2e-4, rel=1e-6, abs=1e-9)


GAUSSIAN = [
    ("gaussian-quadratic", {"a": 2.0, "b": -1.0, "theta": 0.3, "sigma": 0.7}),
    ("gaussian-kl", {"mu": -0.4, "sigma": 1.7}),
    ("gaussian-step", {"mu": 0.2, "sigma": 1.3, "k": 1.0}),
    ("gaussian-cosine", {"mu": 0.7, "sigma": 1.3, "k": 2.5}),
    ("gaussian-exponential", {"mu": -0.8, "sigma": 1.4, "k": 3.0}),
    ("gaussian-shifted", {"mu": 0.5, "sigma": 0.6, "k": -2.0}),
    ("gaussian-vae", {"image": 17}),
]


@pytest.mark.parametrize("name", registry.names("problems"))
def test_the_gradient_of_f_by_central_differences(name):
    problem = registry.make_problem(name)
    if problem.gradient is None:
        pytest.skip("f has no derivative")
    bound, step = BoundProblem(problem, "float64"), 1e-5
    x = bound.family.inside(bound, bound.noise(5, None, 0, 64))
    slope = bound.gradient(x)
    generator = np.random.default_rng(2)
    for _ in range(8):
        direction = generator.standard_normal(x.shape)
        ends = [bound.value(x + sign * step * direction) for sign in (1, -1)]
        wanted = (slope * direction).sum((0, 1))
        near = 1e-7 * np.abs(slope * direction).sum((0, 1)).max()
        np.testing.assert_allclose((ends[0] - ends[1]) / (2 * step), wanted, rtol=1e-5, atol=near)


def test_a_slope_wrong_by_a_thousandth_would_be_seen():
    bound = BoundProblem(registry.make_problem("categorical-vae"), "float64")
    x = bound.family.inside(bound, bound.noise(5, None, 0, 64))
    ends = [bound.value(x + sign * 1e-5) for sign in (1, -1)]
    wrong = 1.001 * bound.gradient(x).sum((0, 1))
    assert not np.allclose((ends[0] - ends[1]) / 2e-5, wrong, rtol=1e-5)


@pytest.mark.parametrize("dimension", [1, 2])
def test_the_quadrature_of_the_digit_has_converged(dimension, monkeypatch):
    monkeypatch.setattr("gumbench.problems.gaussian_vae.NODES", 96)
    problem = registry.make_problem("gaussian-vae", dimension, {"away": 3.0})
    finer = problem.truth(problem.theta, problem.data)
    monkeypatch.undo()
    truth = problem.truth(problem.theta, problem.data)
    np.testing.assert_allclose(truth, finer, rtol=1e-12, atol=1e-12)


def test_the_quadrature_agrees_with_the_mean_of_the_pathwise_estimator():
    bound = BoundProblem(registry.make_problem("gaussian-vae", 2), "float64")
    found = estimated_truth(bound, 0, 1 << 20)
    exact = gumbench.exact_gradient(bound.problem).gradient
    assert (np.abs(found.gradient - exact) < 5 * found.error).all()
    assert (found.error < 0.01 * np.abs(exact).max()).all()


@pytest.mark.parametrize(("name", "settings"), GAUSSIAN)
def test_gaussian_gradients_by_differences_of_a_quadrature(name, settings):
    problem = gumbench.make_problem(name, 1, settings)
    truth = gumbench.exact_gradient(problem).gradient
    step = 1e-4

    def expectation(theta):
        bound = BoundProblem(problem, "float64", theta=theta)
        f = numpy_problems.PROBLEMS[name](bound).f
        mean, scale = bound.dist_params[:, 0]
        grid = np.linspace(-10, 10, 400_001)
        values = f((mean + scale * grid)[:, None, None]) * np.exp(-(grid**2) / 2)
        if name == "gaussian-step":
            # The grid sees a step only up to its own width.
            edge = (settings["k"] - mean) / scale
            return integrate.quad(lambda t: np.exp(-t * t / 2), edge, 12)[0] / np.sqrt(2 * np.pi)
        return integrate.simpson(values, x=grid) / np.sqrt(2 * np.pi)

    for i in range(problem.theta.size):
        shift = np.eye(problem.theta.size)[i] * step
        slope = expectation(problem.theta + shift) - expectation(problem.theta - shift)
        assert truth[i] == pytest.approx(slope / (2 * step), rel=1e-6, abs=1e-8)


@pytest.mark.parametrize("name", ["categorical-vae", "gaussian-kl", "bernoulli-sum"])
def test_an_estimated_truth_agrees_with_the_exact_one(name):
    bound = BoundProblem(gumbench.make_problem(name, 3), "float32")
    exact = gumbench.exact_gradient(bound.problem, dtype="float32")
    estimated = estimated_truth(bound, seed=4, estimates=1 << 16)
    assert estimated.source == "estimated"
    z = np.abs(estimated.gradient - exact.gradient) / (estimated.error + 1e-6)
    assert z.max() < 4.5
    wrong = exact.gradient + 6 * estimated.error + 1e-5
    assert (np.abs(estimated.gradient - wrong) / (estimated.error + 1e-6)).max() > 4.5


def test_large_problems_have_an_estimated_truth_with_its_error():
    problem = gumbench.make_problem("categorical-vae", 20)
    truth = gumbench.exact_gradient(problem, truth_estimates=2048)
    assert truth.source == "estimated"
    assert truth.gradient.shape == truth.error.shape == (200,)
    assert (truth.error > 0).all()


def test_truth_uses_noise_of_its_own():
    bound = BoundProblem(gumbench.make_problem("categorical-quadratic", 8), "float32")
    usual, own = bound.noise(1, philox.NOISE, 0, 64), bound.noise(1, philox.TRUTH, 0, 64)
    assert not np.intersect1d(usual, own).size
