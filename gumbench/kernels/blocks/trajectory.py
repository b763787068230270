"""Trajectories of a table of a policy through tables of an environment, for kernels.

T steps, S states, A actions; the axis of estimates comes last. dist_params (S, A) are the logits
of the policy, noise is (T, A, block) and (T, block). The data of a problem are, flat and in this
order: the distribution functions of the first state (S,) and of the next one (S, A, S), the mean
reward of an action at a step (T, S, A), and the probabilities of the first and of the next state.
"""

from gumbench.kernels.blocks import samples, simplex
from gumbench.kernels.compiler.arrays import empty
from gumbench.kernels.compiler.jit import helper


@helper
def rewards(data, steps, states, actions):
    """The mean rewards (T, S, A)."""
    first, size = states + states * actions * states, steps * states * actions
    return data[first : first + size].reshape((steps, states, actions))


@helper
def first_states(data, steps, states, actions):
    """Probabilities (S,) of the first state."""
    first = states + states * actions * states + steps * states * actions
    return data[first : first + states]


@helper
def next_states(data, steps, states, actions):
    """Probabilities (S, A, S) of the next state."""
    size = states * actions * states
    return data[data.size - size :].reshape((states, actions, states))


@helper
def _place(cdf, u):
    """The first state whose distribution function is above u."""
    state = 0
    while state < cdf.size - 1 and cdf[state] <= u:
        state += 1
    return state


@helper
def rollout(objective, exponentials, uniforms, visited, taken, reward):
    """visited, taken (T, block) int32: states and actions; reward (T, block) at each step.

    exponentials (T, A, block) race for the actions; uniforms (T, block) decide the states.
    """
    steps, actions, block = exponentials.shape
    states, data = objective.dist_params.shape[0], objective.data
    negative_mean = simplex.negative_means(objective.dist_params)
    mean_reward = rewards(data, steps, states, actions)
    for t in range(steps):
        for b in range(block):
            first = 0
            if t:
                first = states * (1 + visited[t - 1, b] * actions + taken[t - 1, b])
            state = _place(data[first : first + states], uniforms[t, b])
            action, best = 0, negative_mean[state, 0] * exponentials[t, 0, b]
            for a in range(1, actions):
                score = negative_mean[state, a] * exponentials[t, a, b]
                if score > best:
                    action, best = a, score
            visited[t, b], taken[t, b] = state, action
            reward[t, b] = mean_reward[t, state, action]


@helper
def rollouts(noise, objective, visited, taken, to_go):
    """K rollouts, arrays (K, T, block); to_go is the reward of each step and of all later ones."""
    for k in range(visited.shape[0]):
        exponentials, uniforms, reward = noise.by_category[k], noise.by_variable[k], to_go[k]
        rollout(objective, exponentials, uniforms, visited[k], taken[k], reward)
        for t in range(reward.shape[0] - 2, -1, -1):
            for b in range(reward.shape[1]):
                reward[t, b] += reward[t + 1, b]


@helper
def whole_return(to_go, out):
    """out (K, block) = the return of each rollout."""
    for k in range(out.shape[0]):
        for b in range(out.shape[1]):
            out[k, b] = to_go[k, 0, b]


@helper
def weigh_all_steps(of_rollout, weight):
    """weight (K, T, block) = of_rollout (K, block) at every step."""
    for k in range(weight.shape[0]):
        for t in range(weight.shape[1]):
            for b in range(weight.shape[2]):
                weight[k, t, b] = of_rollout[k, b]


@helper
def less_values(values, visited, weight):
    """Replace weight (K, T, block) by its share of the mean, less the value of the state.

    values : (T S,), of each state at each step
    """
    rollouts, steps, block = weight.shape
    states, share = values.size // steps, weight.dtype.type(1.0) / weight.dtype.type(rollouts)
    for k in range(rollouts):
        for t in range(steps):
            for b in range(block):
                value = values[t * states + visited[k, t, b]]
                weight[k, t, b] = share * (weight[k, t, b] - value)


@helper
def leave_one_out_by_step(weight):
    """Replace weight (K, T, block) by its share of the mean, less the mean of other rollouts."""
    for t in range(weight.shape[1]):
        samples.leave_one_out(weight[:, t])


@helper
def scores(probabilities, visited, taken, weight, out):
    """out (S, A, block) = Σ_k Σ_t weight_kt ∇ log π(a_kt | s_kt); weight (K, T, block)."""
    actions = out.shape[1]
    out[:] = out.dtype.type(0.0)
    for k in range(visited.shape[0]):
        for t in range(visited.shape[1]):
            for b in range(visited.shape[2]):
                state, share = visited[k, t, b], weight[k, t, b]
                for a in range(actions):
                    out[state, a, b] -= share * probabilities[state * actions + a]
                out[state, taken[k, t, b], b] += share


@helper
def relaxed_gradient(objective, y, d_y):
    """d_y (T, S, A, block) = the gradient of the mean return by relaxed actions y, a row a state.

    States are followed by their probabilities: d_t forward, values backward.
    """
    steps, states, actions, block = y.shape
    data = objective.data
    mean_reward = rewards(data, steps, states, actions)
    move = next_states(data, steps, states, actions)
    visits = empty((steps, states, block), y.dtype)
    value, following = empty((states, block), y.dtype), empty((states, block), y.dtype)
    zero, start = y.dtype.type(0.0), first_states(data, steps, states, actions)
    for s in range(states):
        visits[0, s] = start[s]
    for t in range(1, steps):
        visits[t] = zero
        for s in range(states):
            for a in range(actions):
                for n in range(states):
                    chance = move[s, a, n]
                    if chance > zero:
                        for b in range(block):
                            visits[t, n, b] += chance * visits[t - 1, s, b] * y[t - 1, s, a, b]
    following[:] = zero
    for t in range(steps - 1, -1, -1):
        for s in range(states):
            value[s] = zero
            for a in range(actions):
                row = d_y[t, s, a]
                row[:] = mean_reward[t, s, a]
                for n in range(states if t < steps - 1 else 0):
                    chance = move[s, a, n]
                    if chance > zero:
                        for b in range(block):
                            row[b] += chance * following[n, b]
                for b in range(block):
                    value[s, b] += y[t, s, a, b] * row[b]
                    row[b] *= visits[t, s, b]
        value, following = following, value
