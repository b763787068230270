"""How the draws are made that an estimator asks for with `Noise("draw")`."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from gumbench.types import Noise


def no_table(bound):
    """Draws that are made of noise and parameters alone."""
    return np.zeros(1)


class DrawSource(NamedTuple):
    """One way to make draws.

    noise : of one draw
    draw : draw(dist_params, table, noise) fills noise.draws, for Numba
    table : table(bound) -> (n,) what depends on the distribution parameters alone
    """

    noise: Noise
    draw: Callable[..., None]
    table: Callable[[Any], np.ndarray] = no_table
