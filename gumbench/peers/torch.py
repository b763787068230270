"""PyTorch on the processor, in buffers that are made once wherever its functions take them."""

from collections.abc import Callable
from typing import Any

from gumbench.types import Form, Job, estimates_of

PACKAGE, INSTALL = "torch", "pip install torch"
THREADS = None


def use_threads(count: int) -> None:
    """By torch's own switch."""
    import torch

    torch.set_num_threads(count)


def _kind(job: Job) -> Any:
    import torch

    return getattr(torch, job.dtype)


def _there(array: Any) -> Any:
    import torch

    return torch.from_numpy(array.copy())


def _random_words(job: Job) -> Callable[[], Any]:
    import torch

    out = torch.empty(job.count, dtype=torch.int32)
    return lambda: out.random_(-(2**31), 2**31)


def _negative_log_twice(out: Any) -> Any:
    return out.log_().neg_().log_().neg_()


def _two_logs(job: Job) -> Callable[[], Any]:
    import torch

    out = torch.empty(job.count, dtype=_kind(job))
    return lambda: _negative_log_twice(out.uniform_())


def _log_of_exponential(job: Job) -> Callable[[], Any]:
    import torch

    out = torch.empty(job.count, dtype=_kind(job))
    return lambda: out.exponential_().log_().neg_()


def _distribution(job: Job) -> Callable[[], Any]:
    import torch

    zero, one = torch.zeros((), dtype=_kind(job)), torch.ones((), dtype=_kind(job))
    law = torch.distributions.Gumbel(zero, one)
    return lambda: law.sample((job.count,))


def _cumsum(job: Job) -> Callable[[], Any]:
    import torch

    logits = _there(job.logits)
    p, cdf = torch.empty_like(logits), torch.empty_like(logits)
    u = torch.empty(len(logits), 1, dtype=logits.dtype)

    def draw() -> Any:
        torch.softmax(logits, -1, out=p)
        torch.cumsum(p, -1, out=cdf)
        return torch.searchsorted(cdf, u.uniform_()).clamp_(max=logits.shape[1] - 1)

    return draw


def _argmax_of_logs(job: Job) -> Callable[[], Any]:
    import torch

    logits = _there(job.logits)
    return lambda: torch.argmax(logits - torch.log(-torch.log(torch.rand_like(logits))), -1)


def _argmax_in_place(job: Job) -> Callable[[], Any]:
    import torch

    logits = _there(job.logits)
    out = torch.empty_like(logits)
    return lambda: torch.argmax(_negative_log_twice(out.uniform_()).add_(logits), -1)


def _race(job: Job) -> Callable[[], Any]:
    import torch

    logits = _there(job.logits)
    p, e = torch.empty_like(logits), torch.empty_like(logits)

    def draw() -> Any:
        torch.softmax(logits, -1, out=p)
        return torch.argmax(p.div_(e.exponential_()), -1)

    return draw


def _multinomial(job: Job) -> Callable[[], Any]:
    import torch

    logits = _there(job.logits)
    return lambda: torch.multinomial(torch.softmax(logits, -1), job.count, replacement=True)


def _searchsorted(job: Job) -> Callable[[], Any]:
    import torch

    logits = _there(job.logits)[0].double()
    cdf = torch.cumsum(torch.softmax(logits, -1), -1)
    u = torch.empty(job.count, dtype=torch.float64)
    return lambda: torch.searchsorted(cdf, u.uniform_()).clamp_(max=len(logits) - 1)


def _gumbel_softmax(job: Job) -> Callable[[], Any]:
    import torch

    logits = _there(job.logits)[0]
    rows = logits.expand(job.count, len(logits))
    return lambda: torch.nn.functional.gumbel_softmax(rows, tau=job.temperature)


def _relaxed(job: Job) -> Callable[[], Any]:
    import torch

    logits = _there(job.logits)[0]
    z, y = (torch.empty(job.count, len(logits), dtype=logits.dtype) for _ in range(2))

    def draw() -> Any:
        _negative_log_twice(z.uniform_()).add_(logits).div_(job.temperature)
        return torch.softmax(z, -1, out=y)

    return draw


def _moments(estimates: Any) -> Any:
    return estimates.sum(0), (estimates * estimates).sum(0)


def _concrete_by_hand(job: Job) -> Callable[[], Any]:
    import torch

    logits, target = _there(job.logits)[0], _there(job.target)
    g, relax = torch.empty(job.count, len(logits), dtype=logits.dtype), _relaxed(job)

    def estimate() -> Any:
        y = relax()
        torch.sub(y, target, out=g).mul_(2.0)
        inner = (y * g).sum(-1, keepdim=True)
        return _moments(g.sub_(inner).mul_(y).div_(job.temperature))

    return estimate


def _concrete_compiled(job: Job) -> Callable[[], Any]:
    import torch

    logits, target = _there(job.logits)[0], _there(job.target)

    @torch.compile
    def estimate() -> Any:
        u = torch.rand(job.count, len(logits), dtype=logits.dtype)
        y = torch.softmax((logits - torch.log(-torch.log(u))) / job.temperature, -1)
        g = 2.0 * (y - target)
        return _moments(y * (g - (y * g).sum(-1, keepdim=True)) / job.temperature)

    return estimate


def _concrete_autograd(job: Job) -> Callable[[], Any]:
    import torch

    theta, target = _there(job.logits)[0], _there(job.target)

    def estimate() -> Any:
        logits = theta.expand(job.count, len(theta)).clone().requires_grad_(True)
        y = torch.nn.functional.gumbel_softmax(logits, tau=job.temperature)
        ((y - target) ** 2).sum().backward()
        return _moments(logits.grad)

    return estimate


def _score(draw_of: Callable[[Job], Callable[[], Any]]) -> Callable[[Job], Callable[[], Any]]:
    """f (one-hot - p), with f by its three terms."""

    def build(job: Job) -> Callable[[], Any]:
        import torch

        target, p = _there(job.target), torch.softmax(_there(job.logits)[0], -1)
        at_zero, out = (target * target).sum() + 1.0, torch.empty(job.count, len(p), dtype=p.dtype)
        draw = draw_of(job)

        def estimate() -> Any:
            category = draw().reshape(-1, 1)
            f = at_zero - 2.0 * target[category]
            torch.mul(f, -p, out=out)
            return _moments(out.scatter_add_(1, category, f))

        return estimate

    return build


def _score_autograd(job: Job) -> Callable[[], Any]:
    import torch

    theta, target = _there(job.logits)[0], _there(job.target)

    def estimate() -> Any:
        logits = theta.expand(job.count, len(theta)).clone().requires_grad_(True)
        law = torch.distributions.Categorical(logits=logits)
        draw = law.sample()
        x = torch.nn.functional.one_hot(draw, len(theta)).to(theta.dtype)
        f = ((x - target) ** 2).sum(-1)
        (f * law.log_prob(draw)).sum().backward()
        return _moments(logits.grad)

    return estimate


FORMS = (
    Form("random_", "words", _random_words),
    Form("-log(-log(rand)) in place", "fill", _two_logs),
    Form("exponential_().log_()", "fill", _log_of_exponential),
    Form("distributions.Gumbel", "fill", _distribution, textbook=True),
    Form("softmax, cumsum, searchsorted", "draws", _cumsum, fits=Job.one_draw),
    Form("argmax(θ - log(-log(rand)))", "draws", _argmax_of_logs, True, Job.one_draw),
    Form("argmax, two logs in place", "draws", _argmax_in_place, fits=Job.one_draw),
    Form("argmax(softmax / exponential_())", "draws", _race, fits=Job.one_draw),
    Form("multinomial", "draws", _multinomial, textbook=True),
    Form("searchsorted of the cumsum", "draws", _searchsorted, fits=Job.one_row),
    Form("softmax by hand, in place", "concrete", _relaxed),
    Form("gumbel_softmax", "concrete", _gumbel_softmax, textbook=True),
    Form("concrete by hand", "estimates", _concrete_by_hand, fits=estimates_of("concrete")),
    Form("concrete, torch.compile", "estimates", _concrete_compiled, fits=estimates_of("concrete")),
    Form("concrete by autograd", "estimates", _concrete_autograd, True, estimates_of("concrete")),
    Form("score, searchsorted", "estimates", _score(_searchsorted), fits=estimates_of("score")),
    Form("score, multinomial", "estimates", _score(_multinomial), fits=estimates_of("score")),
    Form("score by autograd", "estimates", _score_autograd, True, estimates_of("score")),
)
