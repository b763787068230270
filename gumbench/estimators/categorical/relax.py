"""RELAX: REBAR whose control variate has a quadratic more, fitted once to leave least variance."""

from typing import Any, Literal

import numpy as np
from pydantic import Field
from pydantic.fields import FieldInfo

from gumbench.distributions import control_variate
from gumbench.estimators.categorical import rebar
from gumbench.types import Cost, Estimator, Noise


def prepare(preparation):
    """What rebar prepares, and the weights of y and of y²."""
    kinds = 1 if preparation.settings["surrogate"] == "linear" else 2
    weights = np.zeros((2, np.prod(preparation.bound.problem.shape)))
    weights.ravel()[: kinds * weights.shape[1]] = control_variate.fitted(preparation, kinds)
    return np.concatenate([rebar.prepare(preparation), weights.ravel()])


KINDS: Any = Literal["quadratic", "linear"]
SURROGATE = FieldInfo.from_annotated_attribute(
    KINDS, Field("quadratic", description="what is fitted beside η f")
)
ESTIMATOR = Estimator(
    family="categorical",
    kernel=rebar.kernel,
    prepare=prepare,
    methods=("score", "relaxation"),
    formula="(f(D) - c(y')) (D - p) + ∂_θ c(y) - ∂_θ c(y'),  c = η f + Σ (w y + q y²), y and y' as "
    "in rebar",
    use="Where rebar is used, and θ stays long enough to fit a control variate.",
    papers=("grathwohl2018",),
    unbiased=True,
    path=True,
    takes_temperature=True,
    needs=("gradient", "few_logits"),
    settings={"eta": 1.0, "surrogate": SURROGATE},
    noise=lambda k: [Noise("gumbel"), Noise("exponential", purpose="conditional")],
    cost=lambda sizes: Cost(values=2, gradients=2),
)
