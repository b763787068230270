"""Write docs/estimators.md: every estimator by its method, with one measured figure each.

    python benchmarks/estimators_page.py

Facts come from the estimators' files, figures from a sweep of a million estimates.
"""

import functools
from pathlib import Path

import gumbench
from gumbench import registry, text
from gumbench.distributions.needs import NEEDS
from gumbench.engine import applicability, resolve
from gumbench.report import bibliography
from gumbench.types import METHODS, Sizes

PAGE = Path(__file__).parents[1] / "docs" / "estimators.md"
# The first that an estimator applies to is where its figure is from.
PLACES = [
    ("categorical-quadratic", 10),
    ("bernoulli-toy", 1),
    ("gaussian-shifted", 1),
    ("gaussian-kl", 1),
    ("trajectory-mdp", 3),
]
TEMPERATURE = 0.5
INTRODUCTION = """# Estimators

Every estimator that `gumbench list estimators` shows, by its method. D is a one-hot draw from
p = softmax θ, G are Gumbels, z = μ + σε is a Gaussian, J(y) = diag y - y yᵀ. A cost is that of one
estimate. Figures are of one estimate: its variance and the length of its bias, on the problem and
at the size named, at temperature 0.5 where there is one; ‖g‖ is the length of the gradient.

This page is written by `python benchmarks/estimators_page.py`.
"""


@functools.cache
def problem(place):
    return resolve.problem(*place)


def where(estimator):
    return next(p for p in PLACES if not applicability.why_not(estimator, problem(p)))


def figure(estimator):
    """The sentence of an estimator's measured figure."""
    name, dimension = where(estimator)
    run = gumbench.sweep(
        problems=[name],
        dimensions=[dimension],
        estimators=[estimator.name],
        temperatures=[TEMPERATURE],
        measurements=["variance"],
    )
    row = run.rows("variance")[0]
    low, high = (text.value(row[f"variance_{end}"]) for end in ("low", "high"))
    words = f"variance {text.value(row['variance'])} ({low} to {high})"
    if estimator.unbiased:
        words += ", no bias"
    else:
        words += f", bias {text.value(row['bias_norm'])}"
    symbol = registry.problem_maker(name).symbol
    part = f", {row['part']}" if len(problem((name, dimension)).parts) > 1 else ""
    return f"{name}, {symbol} = {dimension}{part}: {words}, ‖g‖ = {text.value(row['truth_norm'])}"


def bias(estimator):
    if estimator.unbiased:
        return "unbiased"
    return f"biased, exact for {estimator.exact_for}" if estimator.exact_for else "biased"


def cost(estimator):
    samples = estimator.inner_samples.default if estimator.inner_samples else 1
    shown = estimator.cost(Sizes(samples, 1, 10))
    words = f"{shown.values:g} of f, {shown.gradients:g} of ∇f"
    if estimator.inner_samples:
        words += f" at K = {samples}"
    elif estimator.cost(Sizes(samples, 2, 20)) != shown:
        words += " at one variable of 10 categories"
    return words


def section(estimator):
    """Lines of one estimator."""
    by_family = f" ({estimator.family})"
    yield f"### {estimator.name}{by_family}\n"
    yield f"{estimator.summary}\n"
    yield f"    {estimator.formula}\n"
    papers = list(map(bibliography.citation, estimator.papers))
    facts = [bias(estimator), cost(estimator)]
    facts += [f"needs {NEEDS[need].what}" for need in estimator.needs]
    if estimator.is_oracle():
        facts.append("an oracle: it rests on what nobody has")
    yield f"- {'; '.join(facts)}"
    if papers:
        yield f"- {'; '.join(papers)}"
    if estimator.aliases:
        yield f"- also called {', '.join(estimator.aliases)}"
    yield f"- {estimator.use}"
    yield f"- {figure(estimator)}\n"


def page():
    """The whole text."""
    every = [e for n in registry.names("estimators") for e in registry.estimators(n).values()]
    yield INTRODUCTION
    for method, meaning in METHODS.items():
        chosen = [e for e in every if e.methods[:1] == (method,)]
        if chosen:
            yield f"## {method}\n"
            yield f"{meaning[0].upper()}{meaning[1:]}.\n"
            name, dimension = where(chosen[0])
            command = f"gumbench sweep --problems {name} --dimensions {dimension}"
            yield f"    {command} --estimators @{method}\n"
            for estimator in chosen:
                yield from section(estimator)


if __name__ == "__main__":
    PAGE.write_text("\n".join(page()).rstrip() + "\n", encoding="utf-8")
