"""`gumbench explain`: what a name stands for."""

import types
from typing import Annotated

import typer

from gumbench.cli import complete, screen
from gumbench.errors import InputError

EXAMPLE = "Example: gumbench explain concrete"


def explain(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME",
            help="An estimator, a problem, a sampler, or FILE.py:NAME.",
            autocompletion=complete.names,
        ),
    ],
    bibtex: Annotated[
        bool, typer.Option("--bibtex", help="Print the papers of an estimator as BibTeX.")
    ] = False,
):
    """Formula, paper, bias, cost and settings of an estimator or sampler; what a problem is."""
    from gumbench import registry

    kind, found = registry.any_name(name)
    if bibtex:
        screen.write(_bibtex(found, kind) + "\n")
        return
    if kind == "problems":
        lines = _problem(registry.problem_maker(found))
    elif kind == "samplers":
        lines = _sampler(registry.sampler(found))
    else:
        lines = (line for e in registry.estimators(found).values() for line in _estimator(e))
    out = screen.output()
    for line in lines:
        out.print(line, markup=False, soft_wrap=True)


def _bibtex(name, kind):
    """BibTeX entries of an estimator's papers."""
    from gumbench import registry

    if kind == "problems":
        raise InputError(f"{name} is a problem: --bibtex goes with an estimator or sampler")
    things = (
        registry.estimators(name).values() if kind == "estimators" else [registry.sampler(name)]
    )
    papers = [thing.paper for thing in things if thing.paper]
    if not papers:
        raise InputError(f"{name} has no paper")
    keys = dict.fromkeys(key for paper in papers for key in registry.paper_keys(paper))
    entries = registry.bibliography()
    missing = [key for key in keys if key not in entries]
    if missing:
        raise InputError(f"{name}: no BibTeX is known for {'; '.join(papers)}")
    return "\n\n".join(entries[key] for key in keys)


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
    if estimator.formula:
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
    yield f"  example    gumbench sweep --problems {_first_problem(estimator)} {_own(estimator)}"
    yield ""


def _own(estimator):
    flags = f"--estimators {estimator.name}"
    flags += " --temperatures 0.1:2:5log" if estimator.takes_temperature else ""
    return flags + (" --inner-samples 2,4,8" if estimator.inner_samples else "")


def _first_problem(estimator):
    """The first problem an estimator applies to."""
    from gumbench import registry

    problems = map(registry.make_problem, registry.names("problems"))
    families = {estimator.family: estimator}
    return next(p.name for p in problems if not registry.why_not(families.get(p.family), p))


def _sampler(sampler):
    yield f"{sampler.name} (sampler)"
    yield from (f"  {line}" for line in sampler.summary.split("\n"))
    yield f"  formula    {sampler.formula}"
    yield f"  paper      {sampler.paper or 'none'}"
    yield f"  resolution {sampler.resolution} bits: what is rarer may never be drawn"
    if sampler.flaw:
        yield f"  flaw       {sampler.flaw}"
    yield f"  also called {', '.join(sampler.aliases) or 'nothing else'}"
    yield f"  example    gumbench sweep --samplers {sampler.name} --dimensions 10,1000"


def _problem(maker):
    from gumbench import registry

    problem = registry.make_problem(maker.name)
    least, most = maker.least, maker.most
    yield f"{maker.name} ({maker.family})"
    yield from (f"  {line}" for line in maker.summary.split("\n"))
    sizes = ", ".join(map(str, maker.dimensions))
    yield f"  dimension  {maker.symbol}, {least} to {most:,}; by default {sizes}"
    yield f"  gradient   in {', '.join(problem.parts)}"
    yield f"  settings   {_settings(maker.settings, maker.limits)}"
    found = {n: registry.estimators(n).get(maker.family) for n in registry.names("estimators")}
    apply = [n for n, e in found.items() if not registry.why_not(e, problem)]
    yield f"  estimators {', '.join(apply)}"
    for name, estimator in found.items():
        if estimator and name not in apply:
            yield f"  not        {name}: {registry.why_not(estimator, problem)}"
    yield f"  example    gumbench sweep --problems {maker.name} --dimensions {maker.dimensions[0]}"
