"""What an estimator may require of a problem: the test, and the message where it fails."""

from collections.abc import Callable
from typing import NamedTuple

from gumbench.distributions import family
from gumbench.types import Problem

MOST_SWAPPED = 256


class Need(NamedTuple):
    """Something that a problem must have for an estimator.

    met : whether a problem has it
    message : why an estimator does not apply where it has it not
    tag : @tag and @no-tag select the estimators that need it, and those that do not
    """

    met: Callable[[Problem], bool]
    message: str
    tag: str = ""


NEEDS = {
    "gradient": Need(
        lambda problem: problem.gradient is not None,
        "it needs ∂f/∂x, which this problem does not have",
        "gradient",
    ),
    "score_direct": Need(
        lambda problem: bool(problem.direct_is_score),
        "it needs an ELBO, whose ∂f/∂θ at fixed x has mean zero",
    ),
    "binary": Need(
        lambda problem: problem.shape[1] == 2,
        "it needs variables of two categories",
    ),
    "one_variable": Need(
        lambda problem: problem.shape[0] == 1,
        "it needs a problem of one variable",
    ),
    "few_categories": Need(
        lambda problem: problem.shape[1] <= MOST_SWAPPED,
        f"it evaluates f at all swaps of two categories: at most {MOST_SWAPPED} of them",
    ),
    "enumerable": Need(
        lambda problem: family(problem.family).enumerable(problem),
        "it needs all outcomes to be listed: at most 2^20",
    ),
}
