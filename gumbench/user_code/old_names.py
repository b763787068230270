"""What files written for version 0.1 may still say, and what to write instead."""

import re

NAMES = {
    "evaluations": "cost=gumbench.Cost(values=...)",
    "gradient_evaluations": "cost=gumbench.Cost(gradients=...)",
    "draw_evaluations": "cost=gumbench.Cost(values=..., at_draws=True)",
    "paper": 'papers=("Name et al. 2026",)',
    "gumbench.families": "gumbench.blocks",
    "gumbench.kernels": "gumbench.blocks",
    "natural": "dist_params",
    "feedback": "reward_noise",
}
# Arguments of a kernel.
ARGUMENTS = {
    "extra": "theta_gradient",
    "gumbels": 'noise, and declare noise=lambda k: [gumbench.Noise("gumbel")]',
    "exponentials": 'noise, and declare noise=lambda k: [gumbench.Noise("exponential")]',
    "normals": 'noise, and declare noise=lambda k: [gumbench.Noise("normal")]',
}


def with_new_name(said: str) -> str:
    """An error's words, and what a name quoted in them is called now."""
    quoted = re.findall(r"'([\w.]+)'", said)
    old = [name for q in quoted for name in NAMES if q == name or q.startswith(f"{name}.")]
    return f"{said}: write {NAMES[old[0]]}" if old else said
