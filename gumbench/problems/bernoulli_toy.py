"""One Bernoulli: the toy of REBAR and RELAX."""

from typing import Annotated

from pydantic import Field

from gumbench.problems import bernoulli_sum
from gumbench.types import problem


@problem(family="categorical", symbol="D", dimensions=(1,), most=1)
def make(
    dimension,
    *,
    t: Annotated[float, Field(description="target")] = 0.45,
    theta: Annotated[float, Field(gt=0, lt=1, description="probability of a one")] = 0.3,
):
    """E[(b - t)²], b ~ Bernoulli(θ): the toy of REBAR and RELAX (Tucker 2017, Grathwohl 2018).

    The gradient by the logit is θ(1 - θ)(1 - 2t). Between 0 and 1, f is (x₁ - t)². At θ = 1/2,
    where the papers start, it is degenerate: straight-through has no bias, and E f is the best
    baseline, with which no variance is left.
    """
    return bernoulli_sum.make.make(dimension, t=t, theta=theta)
