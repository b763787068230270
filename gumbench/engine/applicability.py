"""Whether an estimator applies to a problem, and why not."""

from gumbench.distributions import family
from gumbench.distributions.needs import NEEDS
from gumbench.types import Estimator, Problem, Sizes


def why_not(estimator: Estimator | None, problem: Problem) -> str:
    """Why an estimator does not apply to a problem, or an empty string."""
    if estimator is None or estimator.family != problem.family:
        return f"no such estimator for the {problem.family} family"
    for need in map(NEEDS.__getitem__, estimator.needs):
        if not need.met(problem):
            return need.message
    if problem.reward_noise and not family(problem.family).DISCRETE:
        return "noise on f is for draws of categories"
    if problem.reward_noise and (estimator.compute or not _only_at_draws(estimator, problem)):
        return "f is noisy and seen only at the draw; it needs f or ∂f/∂x elsewhere"
    return ""


def _only_at_draws(estimator: Estimator, problem: Problem) -> bool:
    """Whether an estimator evaluates f at its draws and nothing else."""
    cost = estimator.cost(Sizes(1, *problem.shape))
    return cost.at_draws and not cost.gradients
