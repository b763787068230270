"""Core data types, which all layers share."""

from gumbench.types.estimator import (
    METHODS,
    NOISE_KINDS,
    Cost,
    Estimator,
    InnerSamples,
    Kernel,
    Noise,
    Sizes,
)
from gumbench.types.peers import JOB_KINDS, Form, Job, estimates_of
from gumbench.types.problem import (
    Problem,
    ProblemMaker,
    problem,
)
from gumbench.types.results import (
    BATCHES,
    Cell,
    PartResult,
    Record,
    Truth,
    Unseen,
)
from gumbench.types.sampler import (
    Sampler,
)

__all__ = [
    "BATCHES",
    "JOB_KINDS",
    "METHODS",
    "NOISE_KINDS",
    "Cell",
    "Cost",
    "Estimator",
    "Form",
    "InnerSamples",
    "Job",
    "Kernel",
    "Noise",
    "PartResult",
    "Problem",
    "ProblemMaker",
    "Record",
    "Sampler",
    "Sizes",
    "Truth",
    "Unseen",
    "estimates_of",
    "problem",
]
