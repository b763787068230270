"""A χ² test of drawn categories against their probabilities."""

import numpy as np
from jaxtyping import Float, Int
from scipy import special

EXPECTED_DRAWS = 20


def law_test(draws: Int[np.ndarray, " n"], probability: Float[np.ndarray, " categories"]) -> float:
    """p of χ² for draws (n,) from a law (categories,); 0 where one is drawn that cannot be.

    Categories are put together, the rarest first, until 20 draws are expected of each group.
    """
    seen = np.bincount(draws, minlength=probability.size)
    if seen[probability == 0].any():
        return 0.0
    order = np.argsort(probability)[(probability == 0).sum() :]
    expected = np.cumsum(probability[order]) * draws.size
    group = np.minimum(expected // EXPECTED_DRAWS, expected[-1] // EXPECTED_DRAWS - 1).astype(int)
    _, group = np.unique(np.maximum(group, 0), return_inverse=True)
    wanted = np.bincount(group, probability[order] * draws.size)
    counts = np.bincount(group, seen[order])
    if wanted.size < 2:
        return 1.0
    return float(special.chdtrc(wanted.size - 1, ((counts - wanted) ** 2 / wanted).sum()))


def distance_test(numbers: Float[np.ndarray, " n"]) -> float:
    """p of Kolmogorov and Smirnov's largest distance for numbers (n,) that should be uniform."""
    ordered = np.sort(numbers)
    places = np.arange(1, ordered.size + 1) / ordered.size
    distance = max((places - ordered).max(), (ordered - places + 1 / ordered.size).max())
    return float(special.kolmogorov(np.sqrt(ordered.size) * distance))
