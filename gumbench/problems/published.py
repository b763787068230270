"""Toys of papers that no other problem is: sums of a function of each variable."""

from collections.abc import Callable
from typing import Annotated, Any, NamedTuple

import numpy as np
from pydantic import Field

from gumbench.errors import unknown
from gumbench.kernels.links import tied
from gumbench.types import Problem, problem

# data: a constant, then a slope and a curvature for every category of every variable.


def value(x, theta, data, out):
    variables, categories, block = x.shape
    out[:] = data[0]
    for v in range(variables):
        for c in range(categories):
            place = 1 + v * categories + c
            slope, curvature = data[place], data[place + variables * categories]
            row = x[v, c]
            for b in range(block):
                out[b] += (slope + curvature * row[b]) * row[b]


def value_at(category, theta, data, out):
    variables, block = category.shape
    size = data.size // 2
    categories = size // variables
    for b in range(block):
        total = data[0]
        for v in range(variables):
            place = 1 + v * categories + category[v, b]
            total += data[place] + data[place + size]
        out[b] = total


def gradient(x, theta, data, out):
    variables, categories, block = x.shape
    two = x.dtype.type(2.0)
    for v in range(variables):
        for c in range(categories):
            place = 1 + v * categories + c
            slope, curvature = data[place], two * data[place + variables * categories]
            for b in range(block):
                out[v, c, b] = slope + curvature * x[v, c, b]


class Toy(NamedTuple):
    """logits (variables, categories); f = constant + Σ (slope + curvature x) x; tied: one logit."""

    logits: Any
    slope: Any
    curvature: Any
    constant: float = 0.0
    tied: bool = False


def distance(logits: Any, target: Any) -> Toy:
    """Σ ‖x - b‖² of one-hot vectors."""
    target = np.atleast_2d(target)
    return Toy(np.atleast_2d(logits), -2 * target, np.ones(target.shape), float((target**2).sum()))


def bernoullis(logits: Any, target: Any, shared: bool = False) -> Toy:
    """Σ (b - t)² of binary variables."""
    one = np.stack([np.zeros(len(target)), np.ones(len(target))], axis=1)
    slope = -2 * one * np.asarray(target)[:, None]
    return Toy(
        one * np.reshape(logits, (-1, 1)), slope, one, float(np.sum(np.square(target))), shared
    )


def table(logits: Any, costs: Any, constant: float = 0.0) -> Toy:
    """Σ of the cost of each category; on the simplex the same sum."""
    return Toy(
        np.atleast_2d(logits),
        np.atleast_2d(costs),
        np.zeros(np.shape(np.atleast_2d(costs))),
        constant,
    )


def _absolute(variables: int, categories: int) -> Toy:
    """Σ |X - b| with b and θ from a fixed state, for the paper prints none."""
    state = np.random.RandomState(0)
    target = state.randint(categories, size=variables)
    costs = np.abs(np.arange(categories) - target[:, None]).astype(float)
    return table(state.randn(variables, categories), costs)


def _simple() -> Toy:
    state = np.random.RandomState(1234)
    return distance(state.randn(10), np.abs(state.randn(10)))


def _carms(scale: float) -> Toy:
    """Probabilities that are Dirichlet(3 scale) of each variable."""
    p = np.random.RandomState(0).dirichlet(np.full(3, 3.0 * scale), size=3)
    return table(np.log(p), 3.0 * np.arange(1, 10).reshape(3, 3))


TOYS: dict[str, Callable[[], Toy]] = {
    "three-bernoullis": lambda: bernoullis([0.0] * 3, [0.6, 0.51, 0.48], shared=True),
    "three-rare-bernoullis": lambda: bernoullis([-4.0] * 3, [0.6, 0.51, 0.48], shared=True),
    "four-bernoullis": lambda: bernoullis([0.0] * 4, [0.49, 0.499, 0.501, 0.51]),
    "arsm": lambda: table(np.zeros(30), (np.arange(30) + 1) / 900, 0.5),
    "simple": _simple,
    "catlog-12-3": lambda: _absolute(12, 3),
    "catlog-6-10": lambda: _absolute(6, 10),
    "catlog-3-100": lambda: _absolute(3, 100),
    "carms-1": lambda: _carms(1),
    "carms-10": lambda: _carms(10),
    "carms-100": lambda: _carms(100),
    "carms-1000": lambda: _carms(1000),
    "relax": lambda: bernoullis(np.random.RandomState(0).rand(3), np.linspace(0.2, 0.9, 3)),
    "offset": lambda: table(np.log([0.95] + [0.01] * 5), 2.4 * np.arange(6), 100.0),
}


@problem(family="categorical", symbol="toy", dimensions=(1,), most=1)
def make(
    dimension,
    *,
    toy: Annotated[str, Field(description=", ".join(TOYS))] = "arsm",
):
    """A sum of a function of each variable, from a paper.

    three-bernoullis and three-rare-bernoullis share one logit, 0 or -4, with Σ (b - p)² at
    p = .6, .51, .48 (Liu 2019, Kool 2020); four-bernoullis have p = .49, .499, .501, .51. arsm:
    ½ + (z + 1)/900 of 30 categories (Yin 2019). simple: ‖D - b‖² of ten (Ahmed 2023). catlog-D-C:
    Σ |X - b| (De Smet 2023). carms-K: three costs of three categories each at Dirichlet(3K)
    probabilities (Dimitriev 2021). relax: three Bernoullis (Grathwohl 2018). offset: costs near
    100. What a paper leaves open is from a fixed random state. Squares continue as squares between
    the categories, costs as sums.
    """
    if toy not in TOYS:
        raise unknown("toy", toy, list(TOYS), "gumbench explain published")
    made = TOYS[toy]()
    variables, categories = made.logits.shape
    if made.tied:
        # One logit for all: that of category 1 against 0.
        theta, links = made.logits[0, 1:], np.tile([-1.0, 0.0], variables)
    elif categories == 2:
        theta = made.logits[:, 1]
        links = np.stack([np.full(variables, -1.0), np.arange(variables)], axis=1).ravel()
    else:
        theta, links = made.logits.ravel(), np.arange(made.logits.size, dtype=float)
    return Problem(
        family="categorical",
        theta=theta,
        parts={"logits": theta.size},
        shape=(variables, categories),
        value=value,
        value_at=value_at,
        gradient=gradient,
        link=tied.LINK,
        link_data=links,
        data=np.concatenate([[made.constant], made.slope.ravel(), made.curvature.ravel()]),
    )
