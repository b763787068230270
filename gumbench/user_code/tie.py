"""Logits that are one parameter: a table (variables, categories) of numbers of parameters."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from gumbench.errors import InputError
from gumbench.kernels.links import tied
from gumbench.limits import as_numpy


def table_of(tie: Any, logits: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The table (variables, categories) of a tie and its parameters, checked against the logits."""
    try:
        table = np.array(as_numpy(tie)).reshape(logits.shape)
        whole = table.astype(np.int64)
    except (TypeError, ValueError):
        raise InputError(f"tie has another shape than the logits; give {logits.shape}") from None
    used = np.unique(whole[whole >= 0])
    if (whole != table).any() or not used.size or not np.array_equal(used, np.arange(used.size)):
        raise InputError("tie: give the numbers of parameters, 0, 1, ... without a gap, or -1")
    if whole.min() < -1 or used.size > tied.LARGEST:
        raise InputError(f"tie has {whole.min()} and {whole.max()}; give -1 to {tied.LARGEST}")
    theta = np.array([logits[whole == i][0] for i in used])
    wanted = np.where(whole >= 0, theta[np.maximum(whole, 0)], 0.0)
    for v, c in np.argwhere(logits != wanted)[:1]:
        raise InputError(
            f"tie: the logit [{v}, {c}] is {logits[v, c]}, but tied to number {whole[v, c]}, which "
            f"is {wanted[v, c]}"
        )
    return whole, theta


@dataclass(frozen=True)
class TiedLogits:
    """Parameters to logits (variables, categories) in plain Python, by a table of numbers."""

    table: np.ndarray

    def __call__(self, theta: np.ndarray) -> np.ndarray:
        """Raises nothing: the table was checked."""
        return np.append(theta, 0.0)[self.table]


@dataclass(frozen=True)
class TiedGradient:
    """A gradient (n, variables, categories) in the logits to one in the parameters."""

    table: np.ndarray

    def __call__(self, g: np.ndarray) -> np.ndarray:
        """Sums over the logits that are one parameter."""
        out = np.zeros((len(g), self.table.max() + 1))
        for v, c in np.argwhere(self.table >= 0):
            out[:, self.table[v, c]] += g[:, v, c]
        return out
