"""gumbench: which Monte Carlo gradient estimator, at which bias, variance and cost."""

import importlib
from typing import Any

_HOME = {
    "sweep": "gumbench.runs.run",
    "load": "gumbench.runs.folders",
    "Results": "gumbench.runs.results",
    "SweepSpec": "gumbench.spec.schema",
    "GumbenchError": "gumbench.errors",
    "InputError": "gumbench.errors",
    "estimate": "gumbench.api",
    "exact_gradient": "gumbench.api",
    "gumbel": "gumbench.sampling",
    "concrete": "gumbench.sampling",
    "categorical": "gumbench.sampling",
    "gumbel_top_k": "gumbench.sampling",
    "make_problem": "gumbench.api",
    "Truth": "gumbench.types",
    "Problem": "gumbench.types",
    "Estimator": "gumbench.types",
    "problem": "gumbench.types",
    "Noise": "gumbench.types",
    "Cost": "gumbench.types",
    "Sizes": "gumbench.types",
    "CategoricalProblem": "gumbench.user_code.problem",
    "GaussianProblem": "gumbench.user_code.problem",
    "TrajectoryProblem": "gumbench.user_code.trajectory",
    "estimator": "gumbench.user_code.estimator",
    "one_hot": "gumbench.user_code.problem",
}

__all__ = [*_HOME, "__version__"]  # noqa: PLE0604


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from gumbench.machine import version

        return version()
    if name in _HOME:
        return getattr(importlib.import_module(_HOME[name]), name)
    raise AttributeError(f"module 'gumbench' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
