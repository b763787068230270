"""The link of binary variables with one logit φ each: the logits of the two categories are 0, φ."""


def forward(theta, data, out):
    """φ (variables,) to logits (variables, 2)."""
    for v in range(theta.size):
        out[v, 0] = 0.0
        out[v, 1] = theta[v]


def pullback(g, theta, data, out):
    """A gradient in the logits to one in φ: the second column."""
    for v in range(theta.size):
        row, result = g[v, 1], out[v]
        for b in range(row.size):
            result[b] = row[b]


LINK = (forward, pullback)
