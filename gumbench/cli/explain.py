"""`gumbench explain`: what a name stands for."""

import types
from typing import Annotated

import typer

EXAMPLE = "Example: gumbench explain concrete"


def explain(
    name: Annotated[str, typer.Argument(metavar="NAME", help="An estimator or a problem.")],
):
    """Formula, paper, bias, cost and settings of an estimator; definition of a problem."""
    from gumbench import registry
    from gumbench.cli.screen import output
    from gumbench.errors import unknown

    out = output()
    wanted = name.strip().lower().replace("_", "-")
    known = {**registry.aliases(), **{p: p for p in registry.names("problems")}}
    if wanted not in known:
        raise unknown("estimator or problem", name, known, "gumbench list")
    if wanted in registry.names("problems"):
        lines = _problem(registry.problem_maker(wanted))
    else:
        lines = [
            line for e in registry.estimators(known[wanted]).values() for line in _estimator(e)
        ]
    for line in lines:
        out.print(line, highlight=False, markup=False, soft_wrap=True)


def _settings(declared, limits=types.MappingProxyType({})):
    texts = (
        f"{key} = {value}" + (f" in {limits[key]}" if key in limits else "")
        for key, value in declared.items()
    )
    return ", ".join(texts) or "none"


def _estimator(estimator):
    kind = "unbiased" if estimator.unbiased else "biased"
    if estimator.exact_for:
        kind += f", exact for {estimator.exact_for}"
    f = estimator.evaluations(estimator.inner_samples[1] if estimator.inner_samples else 1, 1, 10)
    g = estimator.gradient_evaluations(1, 1, 10)
    yield f"{estimator.name} ({estimator.family})"
    yield f"  {estimator.summary}"
    yield f"  formula    {estimator.formula}"
    yield f"  paper      {estimator.paper or 'none'}"
    yield f"  mean       {kind}"
    yield f"  cost       {f:g} of f, {g:g} of ∇f per estimate (at one variable of 10 categories)"
    if estimator.inner_samples:
        least, default = estimator.inner_samples
        yield f"  --inner-samples {default} by default, at least {least}"
    if estimator.takes_temperature:
        yield "  --temperatures apply"
    yield f"  also called {', '.join(estimator.aliases) or 'nothing else'}"
    yield f"  settings   {_settings(estimator.settings)}"
    yield ""


def _problem(maker):
    from gumbench import registry

    problem = registry.make_problem(maker.name)
    least, most = maker.least, maker.most
    yield f"{maker.name} ({maker.family})"
    yield from (f"  {line}" for line in maker.summary.split("\n"))
    yield f"  dimension  {maker.symbol}, {least} to {most:,}; by default {maker.dimensions}"
    yield f"  gradient   in {', '.join(problem.parts)}"
    yield f"  settings   {_settings(maker.settings, maker.limits)}"
    found = {n: registry.estimators(n).get(maker.family) for n in registry.names("estimators")}
    apply = [n for n, e in found.items() if not registry.why_not(e, problem)]
    yield f"  estimators {', '.join(apply)}"
    for name, estimator in found.items():
        if estimator and name not in apply:
            yield f"  not        {name}: {registry.why_not(estimator, problem)}"
