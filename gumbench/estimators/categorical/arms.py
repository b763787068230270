"""ARMS: leave-one-out over K binary draws that avoid each other, divided by 1 - correlation.

Of two categories p_0 p_1 / P_01 = 1/(1 - ρ), ρ the correlation of two draws: CARMS of two.
"""

from gumbench.estimators.categorical.carms import kernel, prepare
from gumbench.types import Cost, Estimator, InnerSamples, Noise

ESTIMATOR = Estimator(
    family="categorical",
    kernel=kernel,
    prepare=prepare,
    methods=("antithetic", "score"),
    formula="(1/K) Σ_k (f_k - mean of the other f) (b_k - p)/(1 - ρ),  ρ the correlation of two b",
    use="Binary variables and a few evaluations: score-loo with less variance.",
    papers=("dimitriev2021",),
    unbiased=True,
    inner_samples=InnerSamples(2, 4),
    needs=("binary",),
    noise=lambda k: [Noise("exponential", purpose="conditional")] * k,
    cost=lambda sizes: Cost(values=sizes.inner_samples, at_draws=True),
)
