"""Trajectories through a tabular environment; the distribution parameters are a policy's logits.

A problem's shape is (T, A), steps and actions; `dist_shape` is (S, A), states and actions. See
kernels.blocks.trajectory for its data. A sample is the number s A + a of each step (T, n).
"""

import numpy as np

from gumbench.distributions import categorical
from gumbench.types import Noise

DISCRETE = False
NOISE = Noise("gumbel")
DRAWN = DRAWN_FASTEST = TRUTH_ESTIMATOR = None
TRUTH_SOURCE = "dynamic programming"

forward, pullback, check = categorical.forward, categorical.pullback, categorical.check
PARAMETERS = categorical.PARAMETERS
probabilities, probability_table = categorical.probabilities, categorical.probability_table


def packed(first, move, reward):
    """The data of a problem: see kernels.blocks.trajectory."""
    cdf = np.cumsum(move, axis=2)
    parts = np.cumsum(first), cdf, reward, first, move
    return np.concatenate([np.asarray(part, np.float64).ravel() for part in parts])


def parameter_shape(problem):
    """A row for every state."""
    return problem.dist_shape


def tables(bound):
    """First states (S,), next states (S, A, S) and mean rewards (T, S, A), float64."""
    (steps, actions), states = bound.problem.shape, bound.problem.dist_shape[0]
    data, moves = bound.data.astype(np.float64), states * actions * states
    reward = data[states + moves :][: steps * states * actions]
    move = data[data.size - moves :].reshape(states, actions, states)
    first = data[data.size - moves - states :][:states]
    return first, move, reward.reshape(steps, states, actions)


def state_values(bound):
    """Mean return from each step and state on (T + 1, S), and the same of each action (T, S, A)."""
    _, move, reward = tables(bound)
    policy = probabilities(bound.dist_params)
    values = np.zeros((len(reward) + 1, len(policy)))
    of_actions = np.empty_like(reward)
    for t in range(len(reward) - 1, -1, -1):
        of_actions[t] = reward[t] + move @ values[t + 1]
        values[t] = (policy * np.where(policy > 0, of_actions[t], 0.0)).sum(axis=1)
    return values, of_actions


def visits(bound):
    """Probability of each state at each step (T, S)."""
    first, move, reward = tables(bound)
    policy, chance = probabilities(bound.dist_params), first
    for _ in reward:
        yield chance
        chance = np.einsum("s,sa,san->n", chance, policy, move)


def exact_gradient(bound):
    """Σ_t d_t(s) π(a | s) (Q_t(s, a) - V_t(s)), by dynamic programming."""
    double = bound.at("float64")
    policy = probabilities(double.dist_params)
    values, of_actions = state_values(double)
    by_logit = np.zeros(policy.shape)
    for t, chance in enumerate(visits(double)):
        by_logit += chance[:, None] * policy * (of_actions[t] - values[t][:, None])
    return double.pullback(by_logit)


def sample(bound, random):
    """Steps (T, n) from Gumbel noise (T, A, n); what decides the next state is made of it, too."""
    first, move, _ = tables(bound)
    actions = bound.problem.shape[1]
    uniform = np.exp(-np.exp(-random.astype(np.float64).max(axis=1))) ** actions
    out = np.empty((random.shape[0], random.shape[2]), np.int32)
    rows = np.broadcast_to(first, (random.shape[2], first.size))
    for t in range(len(out)):
        state = (np.cumsum(rows, axis=1) <= uniform[t][:, None]).sum(axis=1).clip(0, first.size - 1)
        action = (bound.dist_params[state].T + random[t]).argmax(axis=0)
        out[t] = state * actions + action
        rows = move[state, action]
    return out


def value(bound, samples):
    """The return of samples: (n,)."""
    _, _, reward = tables(bound)
    return np.take_along_axis(reward.reshape(len(reward), -1), samples, axis=1).sum(axis=0)


def score(bound, samples):
    """∇ log p in the logits at samples (T, n): (S, A, n)."""
    policy = probabilities(bound.dist_params)
    taken = samples[None] == np.arange(policy.size)[:, None, None]
    visited = taken.reshape(*policy.shape, *samples.shape).sum(axis=1, keepdims=True)
    of_taken = taken.reshape(*policy.shape, *samples.shape).sum(axis=2)
    return of_taken - policy[:, :, None] * visited.sum(axis=2)


def score_scale(bound):
    """Size of the score by each logit (S, A): the mean number of visits times p."""
    return sum(visits(bound))[:, None] * probabilities(bound.dist_params)


def enumerable(problem):
    """Paths are not listed: dynamic programming needs none."""
    return False


def largest_value(bound):
    """No return is larger than all largest rewards together."""
    return float(np.abs(tables(bound)[2]).max(axis=(1, 2)).sum())


def inside(bound, random):
    """Noise: no point is tried."""
    return random


def draws(bound, random):
    """No draw is tried."""
    return None


def directions(bound, x, count):
    """No direction is tried."""
    return iter(())


def largest_step(bound, x):
    """No step is tried."""
    return np.inf
