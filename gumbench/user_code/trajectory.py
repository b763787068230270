"""A user's own Markov decision process, given by its tables."""

from typing import Any

import numpy as np

from gumbench.distributions import trajectory
from gumbench.errors import InputError
from gumbench.types import Problem

# What probabilities may sum to less or more than 1.
ROUNDING = 1e-6


def TrajectoryProblem(  # noqa: N802
    logits: Any, transitions: Any, rewards: Any, horizon: int, *, start: Any = 0
) -> Problem:
    """E[Σ_t r_t(s_t, a_t)] of `horizon` steps by a softmax policy, by the policy's logits.

    Parameters
    ----------
    logits
        (states, actions), θ
    transitions
        (states, actions, states), the probability of the next state
    rewards
        (states, actions), or (horizon, states, actions) where they depend on the step
    horizon
        number of steps, from 1
    start
        the first state, or its probabilities (states,)

    Returns
    -------
    Problem
        Exact by dynamic programming.

    Raises
    ------
    InputError
        For tables of the wrong shape, numbers that are not finite, and probabilities that are
        negative or do not sum to 1.
    """
    policy = _table("logits", logits, 2)
    states, actions = policy.shape
    if not isinstance(horizon, int | np.integer) or horizon < 1:
        raise InputError(f"horizon = {horizon!r}: give a whole number of steps from 1")
    move = _chances("transitions", _table("transitions", transitions, 3))
    if move.shape != (states, actions, states):
        raise InputError(
            f"transitions have shape {move.shape}: give {(states, actions, states)}, "
            "(states, actions, states) as logits say"
        )
    reward = _table("rewards", rewards, np.ndim(rewards))
    if reward.shape not in ((states, actions), (horizon, states, actions)):
        raise InputError(
            f"rewards have shape {reward.shape}: give {(states, actions)} or "
            f"{(horizon, states, actions)}"
        )
    if np.ndim(start) == 0:
        if start not in range(states):
            raise InputError(f"start = {start!r}: give a state from 0 to {states - 1}")
        start = np.eye(states)[int(start)]
    first = _chances("start", _table("start", start, 1))
    if first.shape != (states,):
        raise InputError(f"start has shape {first.shape}: give {(states,)}")
    return Problem(
        family="trajectory",
        theta=policy.ravel(),
        parts={"logits": policy.size},
        shape=(int(horizon), actions),
        dist_shape=(states, actions),
        data=trajectory.packed(
            first, move, np.broadcast_to(reward, (int(horizon), states, actions))
        ),
    )


def _table(name: str, given: Any, axes: int) -> np.ndarray:
    """An array of finite float64 with so many axes; logits may be -inf."""
    try:
        table = np.array(given, np.float64)
    except (TypeError, ValueError):
        raise InputError(f"{name} are no table of numbers: give a list or an array") from None
    if table.ndim != axes or not table.size:
        raise InputError(f"{name} have shape {table.shape}: give {axes} axes, none of them empty")
    allowed = np.isfinite(table) | (np.isneginf(table) if name == "logits" else False)
    if not allowed.all():
        place = tuple(int(i) for i in np.argwhere(~allowed)[0])
        raise InputError(f"{name}{list(place)} is {table[place]}: give finite numbers")
    return table


def _chances(name: str, table: np.ndarray) -> np.ndarray:
    """Probabilities over the last axis."""
    if (table < 0).any():
        place = tuple(int(i) for i in np.argwhere(table < 0)[0])
        raise InputError(f"{name}{list(place)} is {table[place]:g}: give probabilities from 0")
    total = table.sum(axis=-1)
    off = np.abs(total - 1) > ROUNDING
    if off.any():
        place = tuple(int(i) for i in np.argwhere(np.atleast_1d(off))[0]) if total.ndim else ()
        raise InputError(f"{name}{list(place)} sum to {np.atleast_1d(total)[place or 0]:g}: give 1")
    return table / total[..., None]
