"""What other libraries do instead of our kernels: each entry is timed, and checked by the tests.

Functions return name -> (call, units): the call does so many elements' or draws' worth of work.
Estimators return their moments, a sum and a sum of squares over estimates; samplers their draws.
"""

import functools

import jax
import mkl_random
import numpy as np
import torch
from jax import numpy as jnp

from gumbench import registry

# The size of array at which jax is fastest, of 2^16 to 2^22.
ELEMENTS = 1 << 20
GENERATORS = ("MT19937", "SFMT19937", "MT2203", "MCG31", "MCG59", "PHILOX4X32X10")


def objective(size):
    """The problem of the race: its logits and its target, float32."""
    problem = registry.make_problem("categorical-quadratic", size)
    return problem.theta.astype(np.float32), problem.data[:-1].astype(np.float32)


def logits(rows, categories):
    """Rows of normal logits, float32."""
    return np.random.default_rng(0).normal(size=(rows, categories)).astype(np.float32)


def _moments(gradient):
    return gradient.sum(0), (gradient * gradient).sum(0)


def _jax_keys():
    return iter(jax.random.split(jax.random.key(0), 1_000_000))


def torch_estimators(size):
    """concrete by autograd, by hand with textbook noise, and score by autograd."""
    theta, target = map(torch.tensor, objective(size))
    rows = max(64, ELEMENTS // size)

    def concrete():
        logits = theta.expand(rows, size).clone().requires_grad_(True)
        y = torch.nn.functional.gumbel_softmax(logits, tau=1.0)
        ((y - target) ** 2).sum().backward()
        return _moments(logits.grad)

    def by_hand():
        with torch.no_grad():
            gumbel = -torch.log(-torch.log(torch.rand(rows, size)))
            y = torch.softmax(theta + gumbel, -1)
            g = 2 * (y - target)
            return _moments(y * (g - (y * g).sum(-1, keepdim=True)))

    def score():
        logits = theta.expand(rows, size).clone().requires_grad_(True)
        law = torch.distributions.Categorical(logits=logits)
        draw = law.sample()
        x = torch.nn.functional.one_hot(draw, size).float()
        f = ((x - target) ** 2).sum(-1)
        (f * law.log_prob(draw)).sum().backward()
        return _moments(logits.grad)

    units = rows * size
    return {
        "concrete torch autograd": (concrete, units),
        "concrete torch by hand": (by_hand, units),
        "score torch autograd": (score, units),
    }


def torch_by_hand(size, inner_samples, temperature=1.0):  # noqa: PLR0915
    """Categorical estimators by hand, in buffers that are allocated once: E‖D - b‖².

    inner_samples : of gumbel-rao and of score-loo, by name
    """
    theta, target = map(torch.tensor, objective(size))
    p, log_p = torch.softmax(theta, -1), torch.log_softmax(theta, -1)
    rows = max(64, ELEMENTS // size)
    e, z, y, x, g, out = (torch.empty(rows, size) for _ in range(6))
    uniform, cdf = torch.empty(rows), torch.cumsum(p, -1)
    inner = torch.empty(rows, 1)

    def relax(perturbed):
        perturbed.div_(temperature)
        torch.softmax(perturbed, -1, out=y)

    def pull_back(weights, slope, result):
        """result = J(w) slope / τ."""
        torch.mul(weights, slope, out=result)
        torch.sum(result, -1, keepdim=True, out=inner)
        result.addcmul_(weights, inner, value=-1.0).div_(temperature)

    def perturb():
        e.exponential_()
        torch.log(e, out=z)
        torch.sub(theta, z, out=z)
        return torch.argmax(z, -1, keepdim=True)

    def draw():
        """The cheapest exact draw: one uniform a row."""
        uniform.uniform_()
        return torch.searchsorted(cdf, uniform).clamp_(max=size - 1)[:, None]

    def slope_at(draws):
        x.zero_().scatter_(1, draws, 1.0)
        torch.sub(x, target, out=g).mul_(2.0)

    def condition(draws):
        """z = θ + G given its argmax, and what of its derivative stays with each category."""
        e.exponential_()
        winner = e.gather(1, draws)
        torch.mul(winner, p, out=z)
        z.add_(e)
        kept = e / z
        torch.log(z, out=z)
        torch.sub(log_p, z, out=z)
        z.scatter_(1, draws, -torch.log(winner))
        kept.scatter_(1, draws, 0.0)
        return kept

    def st_gumbel_softmax():
        slope_at(perturb())
        relax(z)
        pull_back(y, g, out)
        return _moments(out)

    def gumbel_rao():
        draws = draw()
        slope_at(draws)
        total = torch.zeros(rows, size)
        for _ in range(inner_samples["gumbel-rao"]):
            condition(draws)
            relax(z)
            pull_back(y, g, out)
            total.add_(out)
        return _moments(total.div_(inner_samples["gumbel-rao"]))

    def reinmax():
        draws = draw()
        slope_at(draws)
        torch.add(p, x, out=y).mul_(0.5)
        pull_back(y, g, out)
        torch.mul(p, g, out=z)
        torch.sum(z, -1, keepdim=True, out=inner)
        z.addcmul_(p, inner, value=-1.0)
        return _moments(out.mul_(2.0).sub_(z, alpha=0.5))

    def rebar():
        draws = perturb()
        relax(z)
        torch.sub(y, target, out=g).mul_(2.0)
        pull_back(y, g, out)
        kept = condition(draws)
        relax(z)
        torch.sub(y, target, out=g)
        f = -(g * g).sum(-1, keepdim=True)
        f.add_((target * target).sum() + 1.0 - 2.0 * target[draws])
        g.mul_(2.0)
        pull_back(y, g, z)
        out.addcmul_(z, kept, value=-1.0)
        common = (z * (1.0 - kept)).sum(-1, keepdim=True)
        out.sub_(p * (common + f))
        out.scatter_add_(1, draws, f)
        return _moments(out)

    def score_loo():
        samples = inner_samples["score-loo"]
        draws = [draw() for _ in range(samples)]
        f = torch.cat([(target * target).sum() + 1.0 - 2.0 * target[d] for d in draws], 1)
        weights = (f - f.mean(1, keepdim=True)) / (samples - 1)
        out.zero_()
        for k, d in enumerate(draws):
            out.scatter_add_(1, d, weights[:, k : k + 1])
        return _moments(out)

    calls = {
        "st-gumbel-softmax": st_gumbel_softmax,
        "gumbel-rao": gumbel_rao,
        "reinmax": reinmax,
        "rebar": rebar,
        "score-loo": score_loo,
    }
    return {name: (call, rows * size) for name, call in calls.items()}


def torch_gaussian(dimension):
    """Gaussian score and pathwise by hand, both parts, of Σ (z - 3)² at N(1, 1)."""
    rows = max(64, ELEMENTS // dimension)
    e, z, by_mean, by_scale = (torch.empty(rows, dimension) for _ in range(4))

    def moments_of_both():
        return [torch.cat(pair) for pair in zip(_moments(by_mean), _moments(by_scale), strict=True)]

    def score():
        e.normal_()
        torch.sub(e, 2.0, out=z)
        f = z.square_().sum(-1, keepdim=True)
        torch.mul(e, f, out=by_mean)
        torch.mul(e, e, out=z).sub_(1.0)
        torch.mul(z, f, out=by_scale)
        return moments_of_both()

    def pathwise():
        e.normal_()
        torch.sub(e, 2.0, out=by_mean).mul_(2.0)
        torch.mul(by_mean, e, out=by_scale)
        return moments_of_both()

    units = rows * dimension
    return {"score": (score, units), "pathwise": (pathwise, units)}


def jax_estimators(size):
    """jit of vmap of grad, with the moments."""
    theta, target = map(jnp.array, objective(size))
    rows = max(64, ELEMENTS // size)

    def relaxed(logits, gumbel):
        return ((jax.nn.softmax(logits + gumbel) - target) ** 2).sum()

    def weighted(logits, draw):
        f = ((jax.nn.one_hot(draw, size) - target) ** 2).sum()
        return jax.lax.stop_gradient(f) * jax.nn.log_softmax(logits)[draw]

    @jax.jit
    def concrete(key):
        gumbel = jax.random.gumbel(key, (rows, size))
        return _moments(jax.vmap(jax.grad(relaxed), (None, 0))(theta, gumbel))

    @jax.jit
    def score(key):
        draws = jax.random.categorical(key, theta, shape=(rows,))
        return _moments(jax.vmap(jax.grad(weighted), (None, 0))(theta, draws))

    keys = _jax_keys()
    units = rows * size
    return {
        "concrete jax": (lambda: jax.block_until_ready(concrete(next(keys))), units),
        "score jax": (lambda: jax.block_until_ready(score(next(keys))), units),
    }


def fills(size):
    """Standard Gumbels; MKL with each of its generators, where they are those of minima, -G."""
    generator = np.random.default_rng(0)
    calls = {"fill numpy": functools.partial(generator.gumbel, size=size)}
    for name in GENERATORS:
        state = mkl_random.MKLRandomState(0, brng=name)
        calls[f"fill mkl {name}"] = functools.partial(state.gumbel, size=size)
    return {name: (call, size) for name, call in calls.items()}


def one_draw_a_row(logits):
    """One draw from each row of logits."""
    there, here = torch.tensor(logits), jnp.array(logits)
    categorical = jax.jit(jax.random.categorical)
    keys = _jax_keys()
    calls = {
        "rows torch exponential race": lambda: torch.argmax(
            there - torch.empty_like(there).exponential_().log(), -1
        ),
        "rows torch -log(-log(rand))": lambda: torch.argmax(
            there - torch.log(-torch.log(torch.rand_like(there))), -1
        ),
        "rows torch cumsum": lambda: torch.searchsorted(
            torch.cumsum(torch.softmax(there, -1), -1), torch.rand(len(there), 1)
        ),
        "rows jax categorical": lambda: jax.block_until_ready(categorical(next(keys), here)),
    }
    return {name: (call, logits.size) for name, call in calls.items()}


def many_draws(row, draws):
    """Many draws of one row of logits."""
    p = np.exp(row.astype(float))
    p /= p.sum()
    weights, generator = torch.tensor(p), np.random.default_rng(0)
    calls = {
        "draws torch multinomial": lambda: torch.multinomial(weights, draws, replacement=True),
        "draws numpy choice": lambda: generator.choice(row.size, draws, p=p),
    }
    return {name: (call, draws) for name, call in calls.items()}
