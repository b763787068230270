"""What a user's compiled kernel is composed of: the one place to import from.

All arrays are borrowed: a function may read and write them, and keeps none. The block of estimates
is the last axis, contiguous, and a multiple of 64 long. Draws are (variables, block) int32; points
of the simplex, noise and gradients are (variables, categories, block).

probability_table : for `prepare`: the probabilities of all categories, flat
empty, empty_like : arrays for a kernel to work in
draw, exponential_race : a draw from Gumbels, or from the exponentials of which Gumbels are -log
relax, softmax_pullback : a draw of the Concrete distribution, and its transposed Jacobian
value_of_draw, gradient_of_draw : f and ∂f/∂x at a draw
score, expectation_pullback : weight · (D - p), and J(p) g
one_hot, add_direct, add_direct_of_draw : one-hot vectors; adding ∂f/∂θ at fixed x
leave_one_out : values of f less the mean of the others
gaussian_sample, gaussian_score, gaussian_path : the same of Gaussian samples
"""

from gumbench.distributions.categorical import probability_table
from gumbench.kernels.blocks.gaussian import path as gaussian_path
from gumbench.kernels.blocks.gaussian import sample as gaussian_sample
from gumbench.kernels.blocks.gaussian import score as gaussian_score
from gumbench.kernels.blocks.samples import leave_one_out
from gumbench.kernels.blocks.simplex import (
    add_direct,
    add_direct_of_draw,
    draw,
    expectation_pullback,
    exponential_race,
    gradient_of_draw,
    one_hot,
    relax,
    score,
    softmax_pullback,
    value_of_draw,
)
from gumbench.kernels.compiler.arrays import empty, empty_like

__all__ = [
    "add_direct",
    "add_direct_of_draw",
    "draw",
    "empty",
    "empty_like",
    "expectation_pullback",
    "exponential_race",
    "gaussian_path",
    "gaussian_sample",
    "gaussian_score",
    "gradient_of_draw",
    "leave_one_out",
    "one_hot",
    "probability_table",
    "relax",
    "score",
    "softmax_pullback",
    "value_of_draw",
]
