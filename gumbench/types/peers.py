"""What samplers and estimators of other libraries are raced at."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

JOB_KINDS = ("words", "fill", "draws", "concrete", "estimates", "roof")


@dataclass(frozen=True)
class Job:
    """Something that any library can do.

    Attributes
    ----------
    kind
        words: random 32-bit words; fill: standard Gumbels; draws: categories of rows of logits;
        concrete: softmax((θ + G)/τ) of one row; estimates: the sums of estimates and of their
        squares, of the gradient of E‖x - target‖²; roof: what a machine can do at most
    count
        words or Gumbels; draws of each row; samples; estimates
    rows, categories
        of the logits
    estimator
        "concrete" or "score", of estimates
    logits
        (rows, categories) of the dtype, for what draws; target : (categories,), of estimates
    """

    kind: str
    count: int
    rows: int = 1
    categories: int = 1
    dtype: str = "float32"
    temperature: float = 1.0
    estimator: str = ""
    logits: Any = None
    target: Any = None
    seed: int = 0

    @property
    def elements(self) -> int:
        """Numbers of noise that a textbook would make."""
        return self.count * self.rows * self.categories

    def one_draw(self) -> bool:
        """Whether one draw is made of each row."""
        return self.count == 1

    def one_row(self) -> bool:
        """Whether there is one row, of which all draws are made."""
        return self.rows == 1


def estimates_of(estimator: str) -> Callable[[Job], bool]:
    """Whether a Job is about estimates of that name, to be a Form's `fits`."""
    return lambda job: job.estimator == estimator


@dataclass(frozen=True)
class Form:
    """One way to do a job, as a user of a library would write it.

    Attributes
    ----------
    name
        what is called, such as "cumsum, searchsorted"
    kind
        of the jobs it does, one of JOB_KINDS
    build
        a function of a Job that gives a call without arguments, which does the job once
    textbook
        whether a reader of a textbook would write it so
    fits
        whether it can do a Job of that kind
    at_once
        how many times a call does the job, where longer calls are what a user makes
    """

    name: str
    kind: str
    build: Callable[[Job], Callable[[], Any]]
    textbook: bool = False
    fits: Callable[[Job], bool] = lambda job: True
    at_once: int = 1
