"""Whether an estimator applies to a problem, and why not."""

from gumbench.distributions import family
from gumbench.types import Sizes


def why_not(estimator, problem):
    """Why an estimator does not apply to a problem, or an empty string."""
    if estimator is None:
        return f"no such estimator for the {problem.family} family"
    if "gradient" in estimator.needs and problem.gradient is None:
        return "it needs ∂f/∂x, which this problem does not have"
    if "score_direct" in estimator.needs and not problem.direct_is_score:
        return "it needs an ELBO, whose ∂f/∂θ at fixed x has mean zero"
    if "enumerable" in estimator.needs and not family(problem.family).enumerable(problem):
        return "it needs all outcomes to be listed: at most 2^20"
    if problem.feedback and not family(problem.family).DISCRETE:
        return "noise on f is for draws of categories"
    if problem.feedback and (estimator.compute or not _only_at_draws(estimator, problem)):
        return "f is noisy and seen only at the draw; it needs f or ∂f/∂x elsewhere"
    return ""


def _only_at_draws(estimator, problem):
    """Whether an estimator evaluates f at its draws and nothing else."""
    cost = estimator.cost(Sizes(1, *problem.shape))
    return cost.at_draws and not cost.gradients
