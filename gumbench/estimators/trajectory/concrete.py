"""Relaxed actions: the mean return, differentiated through Concrete actions."""

from gumbench.kernels.blocks import simplex, trajectory
from gumbench.kernels.compiler.arrays import empty
from gumbench.types import Cost, Estimator, Noise


def kernel(noise, temperature, prepared, objective, out, theta_gradient):
    gumbels, one = noise.by_category[0], out.dtype.type(1.0)
    steps, actions, block = gumbels.shape
    states, logits = out.shape[0], objective.dist_params
    y = empty((steps, states, actions, block), out.dtype)
    g = empty((steps, states, actions, block), out.dtype)
    # The same noise in every state, of which a step is in one.
    shared = empty((states, actions, block), out.dtype)
    for t in range(steps):
        for s in range(states):
            for a in range(actions):
                for b in range(block):
                    shared[s, a, b] = gumbels[t, a, b]
        simplex.relax(logits, shared, temperature, y[t])
    trajectory.relaxed_gradient(objective, y, g)
    out[:] = out.dtype.type(0.0)
    for t in range(steps):
        simplex.softmax_pullback(y[t], one / temperature, g[t])
        simplex.add_weighted(g[t], one, out)


ESTIMATOR = Estimator(
    family="trajectory",
    kernel=kernel,
    methods=("relaxation",),
    aliases=("gumbel-softmax",),
    formula="∂/∂θ of Σ_t Σ_s d_t(s) y_t(s)ᵀ r_t(s),  y_t(s) = softmax((θ(s) + G_t)/τ), d_t the "
    "probabilities of the states under y",
    use="Where the environment is known and differentiable.",
    papers=("maddison2017", "jang2017"),
    unbiased=False,
    path=True,
    takes_temperature=True,
    noise=lambda k: [Noise("gumbel")],
    cost=lambda sizes: Cost(gradients=1),
)
