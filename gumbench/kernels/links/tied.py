"""The link of logits that share parameters: logit (v, c) is θ_i with i from a table, or 0.

The link's own data is that table, flat, as floats; -1 stands for the constant.
"""

import numpy as np

LARGEST = 1 << 24


def forward(theta, data, out):
    for v in range(out.shape[0]):
        for c in range(out.shape[1]):
            i = np.int64(data[v * out.shape[1] + c])
            out[v, c] = theta[i] if i >= 0 else theta.dtype.type(0.0)


def pullback(g, theta, data, out):
    out[:] = out.dtype.type(0.0)
    for v in range(g.shape[0]):
        for c in range(g.shape[1]):
            i = np.int64(data[v * g.shape[1] + c])
            if i >= 0:
                row, result = g[v, c], out[i]
                for b in range(row.size):
                    result[b] += row[b]


LINK = (forward, pullback)
