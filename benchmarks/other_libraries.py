"""Estimators by hand in torch: each is timed, and checked by the tests.

Functions return name -> (call, units): the call does so many elements' worth of work, and returns
its moments, a sum and a sum of squares over estimates.
"""

import numpy as np
import torch

from gumbench import registry

ELEMENTS = 1 << 20


def objective(size):
    """The problem of the race: its logits and its target, float32."""
    problem = registry.make_problem("categorical-quadratic", size)
    return problem.theta.astype(np.float32), problem.data[:-1].astype(np.float32)


def _moments(gradient):
    return gradient.sum(0), (gradient * gradient).sum(0)


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
