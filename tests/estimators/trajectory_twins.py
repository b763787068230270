"""Every estimator of trajectories once more, a step at a time (see categorical_twins)."""

import numpy as np
from twin_setting import TEMPERATURE, N, softmax

from gumbench.distributions import trajectory


def _rollouts(s, k=0):
    """States, actions and rewards (n, T) of trajectory k of each estimate, one after the other."""
    first, move, reward = trajectory.tables(s.bound)
    exponentials, uniforms = s.noise("exponential", k), s.noise("uniform", k, per="variable")
    steps, states = reward.shape[0], np.arange(first.size)
    visited, taken = np.empty((N, steps), int), np.empty((N, steps), int)
    earned = np.empty((N, steps))
    for n in range(N):
        chances = first
        for t in range(steps):
            below = np.cumsum(chances) <= uniforms[n, t]
            state = states[~below][0]
            action = np.argmin(exponentials[n, t] * np.exp(-s.logits[state]))
            visited[n, t], taken[n, t], earned[n, t] = state, action, reward[t, state, action]
            chances = move[state, action]
    return visited, taken, earned


def _scores(s, visited, taken, weights):
    out = np.zeros((N, *s.logits.shape))
    for n, t in np.ndindex(*visited.shape):
        state = visited[n, t]
        out[n, state] -= weights[n, t] * s.p[state]
        out[n, state, taken[n, t]] += weights[n, t]
    return out


def _to_go(earned):
    return earned[:, ::-1].cumsum(axis=1)[:, ::-1]


def score(s):
    visited, taken, earned = _rollouts(s)
    whole = np.repeat(earned.sum(axis=1, keepdims=True), earned.shape[1], axis=1)
    return _scores(s, visited, taken, whole)


def reward_to_go(s):
    visited, taken, earned = _rollouts(s)
    return _scores(s, visited, taken, _to_go(earned))


def _less_others(values):
    """(K, ...) less the mean of the others."""
    return values - (values.sum(axis=0) - values) / (len(values) - 1)


def score_loo(s):
    paths = [_rollouts(s, k) for k in range(s.samples)]
    weights = _less_others(np.array([earned.sum(axis=1) for _, _, earned in paths]))
    terms = [
        _scores(s, visited, taken, np.repeat(w[:, None], taken.shape[1], axis=1))
        for (visited, taken, _), w in zip(paths, weights, strict=True)
    ]
    return np.mean(terms, axis=0)


def _values(s):
    """Mean rewards to go by enumeration of the next step, V_t(s)."""
    _, move, reward = trajectory.tables(s.bound)
    values = [np.zeros(len(move))]
    for t in range(len(reward) - 1, -1, -1):
        row = [
            sum(
                s.p[x, a] * (reward[t, x, a] + move[x, a] @ values[0])
                for a in range(s.p.shape[1])
                if s.p[x, a] > 0
            )
            for x in range(len(move))
        ]
        values.insert(0, np.array(row))
    return np.array(values)


def reward_to_go_baseline(s):
    paths = [_rollouts(s, k) for k in range(s.samples)]
    to_go = np.array([_to_go(earned) for _, _, earned in paths])
    if s.settings["baseline"] == "value":
        steps = np.arange(to_go.shape[2])
        weights = to_go - np.array([_values(s)[steps, visited] for visited, _, _ in paths])
    else:
        weights = _less_others(to_go)
    terms = [
        _scores(s, visited, taken, w) for (visited, taken, _), w in zip(paths, weights, strict=True)
    ]
    return np.mean(terms, axis=0)


def concrete(s, step=1e-6):
    """Central differences of the relaxed return."""
    first, move, reward = trajectory.tables(s.bound)
    gumbels = s.noise("gumbel")

    def relaxed(logits):
        chances, total = np.tile(first, (N, 1)), 0.0
        for t in range(len(reward)):
            y = softmax((logits + gumbels[:, t, None, :]) / TEMPERATURE)
            total = total + np.einsum("ns,nsa,sa->n", chances, y, reward[t])
            chances = np.einsum("ns,nsa,sax->nx", chances, y, move)
        return total

    out = np.zeros((N, *s.logits.shape))
    for state, action in np.ndindex(*s.logits.shape):
        if np.isneginf(s.logits[state, action]):
            continue
        change = np.zeros(s.logits.shape)
        change[state, action] = step
        out[:, state, action] = (relaxed(s.logits + change) - relaxed(s.logits - change)) / (
            2 * step
        )
    return out
