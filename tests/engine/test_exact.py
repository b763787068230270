"""Exact gradients by routes that share no code with them."""

import numpy as np
import numpy_problems
import pytest
import reference_noise
from scipy import integrate

import gumbench
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
]


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
