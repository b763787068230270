"""Normal numbers from points of a digital net, scrambled: the axis of estimates comes last.

The binary digits of a coordinate are the way down a tree; at each node a random bit swaps its two
branches, and below the last node the point lies anywhere (Owen 1995). So each point is uniform,
and 2^m of them still lie evenly.
"""

import numpy as np

from gumbench.kernels.compiler.arrays import empty
from gumbench.kernels.compiler.jit import helper
from gumbench.kernels.random.quantile import normal_quantile

# Random bits that a uniform in float32 has for certain.
BITS = 16


@helper
def scrambled_normals(point, levels, swaps, inside, out):
    """out (variables, 1, block) = normals of one point (variables,), each a number below 2^levels.

    swaps (2^levels / BITS, variables, block), inside (variables, block) : uniforms
    """
    variables, _, block = out.shape
    last = (1 << levels) - 1
    place = empty((block,), np.int64)
    for v in range(variables):
        digits = np.int64(point[v])
        place[:] = 0
        for level in range(levels):
            node = (1 << level) - 1 + (digits >> (levels - level))
            digit, bit = digits >> (levels - 1 - level) & 1, node % BITS
            for b in range(block):
                swap = np.int64(swaps[node // BITS, v, b] * (1 << BITS)) >> bit & 1
                place[b] = place[b] << 1 | (digit ^ swap)
        for b in range(block):
            # From the nearer end, where a float has more digits.
            upper = place[b] > last // 2
            cells = np.float64(last - place[b] if upper else place[b])
            z = normal_quantile((cells + inside[v, b]) / (last + 1))
            out[v, 0, b] = -z if upper else z
