"""What a naive twin of an estimator sees: the problem in NumPy, and the noise of the estimator."""

import numpy as np
import numpy_problems

from gumbench.engine.bound_problem import BoundProblem
from gumbench.kernels.random import noise, philox

N = 40
SEED = 17
TEMPERATURE = 0.7


def softmax(x, axis=-1):
    weights = np.exp(x - x.max(axis=axis, keepdims=True))
    return weights / weights.sum(axis=axis, keepdims=True)


def outer(weight, score):
    return weight[:, None, None] * score


def times_jacobian(y, g):
    return y * (g - (y * g).sum(axis=2, keepdims=True))


class Setting:
    """A problem in plain NumPy; x is (n, variables, categories). samples: inner samples."""

    def __init__(self, problem, samples, settings):
        self.bound = BoundProblem(problem, "float64")
        self.plain = numpy_problems.PROBLEMS[problem.name](self.bound)
        self.samples, self.settings = samples, settings
        self.logits = self.bound.dist_params
        self.p = softmax(self.logits)
        self.keeps_direct = problem.direct is not None

    def noise(self, kind, number=0, purpose=None, per="category"):
        """Array number `number` of a kind: (n, variables, categories), or (n, variables)."""
        usual = philox.NOISE if kind in ("gumbel", "exponential") else noise.PURPOSES[kind]
        request = noise.request(kind, usual if purpose is None else purpose, number)
        return np.moveaxis(self.bound.fill(request, SEED, 0, N, per), -1, 0)

    def draw(self, k=0):
        category = (self.logits + self.noise("gumbel", k)).argmax(axis=2)
        return np.eye(self.logits.shape[1])[category]

    def conditional(self, k=0):
        return self.noise("exponential", k, philox.CONDITIONAL)

    def outcomes(self):
        """All outcomes with their probabilities, or None where there are many."""
        variables, categories = self.logits.shape
        if categories**variables > 5000:
            return None
        x = np.eye(categories)[np.array(list(np.ndindex(*[categories] * variables)))]
        return x, (x * self.p).sum(axis=2).prod(axis=1)

    def z(self, k=0, sign=1.0):
        mean, scale = self.logits
        return mean[:, None] + sign * scale[:, None] * self.noise("normal", k)

    def direct(self, x):
        return self.plain.direct(x) if self.keeps_direct else 0.0
