"""What an estimator may require of a problem: the test, and the message where it fails."""

from collections.abc import Callable
from typing import NamedTuple

from gumbench.distributions import family
from gumbench.types import Problem

MOST_SWAPPED = 256
MOST_FITTED = 128


class Need(NamedTuple):
    """Something that a problem must have for an estimator.

    met : whether a problem has it
    what : it in words
    tag : @tag and @no-tag select the estimators that need it, and those that do not
    """

    met: Callable[[Problem], bool]
    what: str
    tag: str = ""

    @property
    def message(self) -> str:
        """Why an estimator does not apply where it is missing."""
        return f"it needs {self.what}"


NEEDS = {
    "gradient": Need(lambda problem: problem.gradient is not None, "∂f/∂x", "gradient"),
    "score_direct": Need(
        lambda problem: bool(problem.direct_is_score),
        "an ELBO, whose ∂f/∂θ at fixed x has mean zero",
    ),
    "binary": Need(lambda problem: problem.shape[1] == 2, "variables of two categories"),
    "one_variable": Need(lambda problem: problem.shape[0] == 1, "a problem of one variable"),
    "few_categories": Need(
        lambda problem: problem.shape[1] <= MOST_SWAPPED,
        f"at most {MOST_SWAPPED} categories, for f is evaluated at all swaps of two",
    ),
    "few_logits": Need(
        lambda problem: problem.shape[0] * problem.shape[1] <= MOST_FITTED,
        f"at most {MOST_FITTED} logits, for it fits weights to each of them",
    ),
    "enumerable": Need(
        lambda problem: family(problem.family).enumerable(problem),
        "all outcomes to be listed: at most 2^20",
    ),
}
