"""Antithetic pairs of binary draws, for kernels: the axis of estimates comes last.

b = 1[u > 1 - p] and its antithesis b' = 1[u < p] for u = E_0 / (E_0 + E_1), p the probability of
category 1: the two are the exponential races of E and of E with its rows swapped.
"""

from gumbench.kernels.blocks import simplex
from gumbench.kernels.compiler.arrays import empty_like
from gumbench.kernels.compiler.jit import helper


@helper
def values_of_pair(exponentials, objective, draws, f, theta_gradient):
    """draws (2, variables, block) = b and b'; f (2, block) at them."""
    swapped = empty_like(exponentials)
    for v in range(exponentials.shape[0]):
        swapped[v, 0], swapped[v, 1] = exponentials[v, 1], exponentials[v, 0]
    simplex.exponential_race(objective.dist_params, exponentials, draws[0])
    simplex.exponential_race(objective.dist_params, swapped, draws[1])
    simplex.values_of_draws(draws, objective, 2, f, theta_gradient)
