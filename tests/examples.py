"""A problem that an estimator applies to."""

import functools

from gumbench import registry
from gumbench.engine import applicability


@functools.cache
def problems():
    """Every built-in problem, small."""
    settings = [
        ("categorical-vae", 2, {}),
        ("gaussian-kl", 2, {}),
        ("categorical-quadratic", 5, {}),
    ]
    every = [registry.make_problem(name) for name in registry.names("problems")]
    return [registry.make_problem(*place) for place in settings] + every


def problem_for(estimator):
    """The first problem that an estimator applies to."""
    return next(p for p in problems() if not applicability.why_not(estimator, p))
