"""Normal numbers from points of a digital net, scrambled: the axis of estimates comes last.

The binary digits of a coordinate are the way down a tree; at each node a random bit swaps its two
branches, and below the last node the point lies anywhere (Owen 1995). So each point is uniform,
and 2^m of them still lie evenly.
"""

import numpy as np

from gumbench.kernels.compiler.arrays import empty
from gumbench.kernels.compiler.jit import helper
from gumbench.kernels.random.quantile import lower_quantiles

# Random bits that a uniform in float32 has for certain.
BITS = 16


@helper
def random_bits(uniforms, words):
    """words (n, variables, block) int32 = BITS bits of each uniform."""
    for n in range(words.shape[0]):
        for v in range(words.shape[1]):
            for b in range(words.shape[2]):
                words[n, v, b] = np.int32(uniforms[n, v, b] * (1 << BITS))


@helper
def scrambled_normals(point, levels, swaps, inside, out):
    """out (variables, 1, block) = normals of one point (variables,), each a number below 2^levels.

    swaps (2^levels / BITS, variables, block) : see random_bits
    inside (variables, block) : uniforms, where in its cell the point lies
    """
    variables, _, block = out.shape
    last, share = np.int32((1 << levels) - 1), out.dtype.type(1.0 / (1 << levels))
    place = empty((block,), np.int32)
    for v in range(variables):
        digits, row = np.int64(point[v]), out[v, 0]
        place[:] = np.int32(0)
        for level in range(levels):
            node = (1 << level) - 1 + (digits >> (levels - level))
            digit, bit = np.int32(digits >> (levels - 1 - level) & 1), np.int32(node % BITS)
            words = swaps[node // BITS, v]
            for b in range(block):
                place[b] = place[b] << 1 | (digit ^ (words[b] >> bit & 1))
        for b in range(block):
            # From the nearer end, where a float has more digits.
            cells = min(place[b], last - place[b])
            row[b] = (out.dtype.type(cells) + inside[v, b]) * share
        lower_quantiles((row,), (row,))
        for b in range(block):
            row[b] = -row[b] if place[b] > last >> 1 else row[b]
