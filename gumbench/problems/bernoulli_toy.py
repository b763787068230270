import math

from gumbench.kernels import bernoulli
from gumbench.problems.bernoulli_sum import gradient, truth, value, value_at
from gumbench.types import Problem, problem


@problem(family="categorical", symbol="D", dimensions=(1,), most=1, limits={"theta": "(0, 1)"})
def make(dimension, *, t=0.45, theta=0.5):
    """E[(b - t)²], b ~ Bernoulli(θ): the toy of REBAR and RELAX (Tucker 2017, Grathwohl 2018).

    The gradient by the logit is θ(1 - θ)(1 - 2t). Between 0 and 1, f is (x₁ - t)².
    """
    return Problem(
        family="categorical",
        theta=[math.log(theta / (1 - theta))],
        parts={"logit": 1},
        shape=(1, 2),
        value=value,
        value_at=value_at,
        gradient=gradient,
        link=bernoulli.LINK,
        data=(t,),
        truth=truth,
    )
