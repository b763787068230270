"""`gumbench explain`: what a name stands for."""

from typing import Annotated

import typer

from gumbench.cli import complete, layout, screen
from gumbench.errors import InputError

EXAMPLE = "Example: gumbench explain concrete"
LABEL = 12


def explain(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME",
            help="Name of an estimator, problem or sampler, or FILE.py:NAME of your own.",
            autocompletion=complete.names,
        ),
    ],
    bibtex: Annotated[bool, typer.Option("--bibtex", help="Print its papers as BibTeX.")] = False,
):
    """Formula, paper, bias, cost and settings of an estimator or sampler; what a problem is."""
    from gumbench import registry

    kind, full_name = registry.any_name(name)
    if bibtex:
        screen.write(_bibtex(full_name, kind) + "\n")
        return
    if kind == "problems":
        lines = _problem(registry.problem_maker(full_name))
    elif kind == "samplers":
        lines = _sampler(registry.sampler(full_name))
    else:
        lines = (line for e in registry.estimators(full_name).values() for line in _estimator(e))
    for label, text in lines:
        _print(label, text)


def _print(label, text):
    """A label with its text below itself, but for an example, which people copy as one line."""
    out = screen.output()
    start = f"{screen.INDENT}{label:<{LABEL}}" if label else ""
    lines = [text] if label == "example" else layout.wrapped(text, out.width - len(start))
    for line in lines:
        out.print(start + line, markup=False)
        start = " " * len(start)


def _bibtex(name, kind):
    """BibTeX entries of an estimator's papers."""
    from gumbench import registry
    from gumbench.report import bibliography

    if kind == "problems":
        raise InputError(f"{name} is a problem: --bibtex goes with an estimator or sampler")
    declared = (
        registry.estimators(name).values() if kind == "estimators" else [registry.sampler(name)]
    )
    keys = dict.fromkeys(key for one in declared for key in one.papers)
    if not keys:
        raise InputError(f"{name} has no paper")
    entries = bibliography.entries()
    missing = [key for key in keys if key not in entries]
    if missing:
        raise InputError(f"{name}: no BibTeX is known for {'; '.join(missing)}")
    return "\n\n".join(entries[key] for key in keys)


def _papers(declared):
    from gumbench.report import bibliography

    return "; ".join(map(bibliography.citation, declared.papers)) or "none"


def _settings(declared):
    """A line for each setting: default, range and what it is."""
    from gumbench.settings import range_text

    for key, field in declared.items():
        what = f": {field.description}" if field.description else ""
        yield "setting", f"{key} = {field.default}, {range_text(field)}{what}"
    if not declared:
        yield "settings", "none"


def _estimator(estimator):
    kind = "unbiased" if estimator.unbiased else "biased"
    if estimator.exact_for:
        kind += f", exact for {estimator.exact_for}"
    yield "", f"{estimator.name} ({estimator.family})"
    yield "what", estimator.summary
    if estimator.formula:
        yield "formula", f"{estimator.formula}"
    if estimator.use:
        yield "use", f"{estimator.use}"
    yield "paper", _papers(estimator)
    yield "method", f"{', '.join(f'@{method}' for method in estimator.methods) or 'your own'}"
    yield "mean", f"{kind}"
    yield "cost", f"{_cost(estimator)} per estimate"
    if estimator.inner_samples:
        least, default, *_ = estimator.inner_samples
        yield "inner", f"--inner-samples {default} by default, at least {least}"
    if estimator.takes_temperature:
        yield "τ", "--temperatures apply"
    yield "also called", f"{', '.join(estimator.aliases) or 'nothing else'}"
    yield from _settings(estimator.settings)
    yield (
        "example",
        f"gumbench sweep --problems {_first_problem(estimator)} {_example_flags(estimator)}",
    )
    yield "", ""


def _cost(estimator):
    """Evaluations of an estimate, and at which size where they depend on it."""
    from gumbench.types import Sizes

    default = estimator.inner_samples.default if estimator.inner_samples else 1

    def at(*size):
        cost = estimator.cost(Sizes(default, *size))
        return f"{cost.values:g} of f, {cost.gradients:g} of ∇f"

    return at(1, 10) + ("" if at(1, 10) == at(2, 20) else " at one variable of 10 categories")


def _example_flags(estimator):
    flags = f"--estimators {estimator.name}"
    flags += " --temperatures 0.1:2:5log" if estimator.takes_temperature else ""
    return flags + (" --inner-samples 2,4,8" if estimator.inner_samples else "")


def _first_problem(estimator):
    """The first problem an estimator applies to."""
    from gumbench import registry
    from gumbench.engine import applicability, resolve

    problems = map(resolve.problem, registry.names("problems"))
    families = {estimator.family: estimator}
    return next(p.name for p in problems if not applicability.why_not(families.get(p.family), p))


def _sampler(sampler):
    yield "", f"{sampler.name} (sampler)"
    yield "what", " ".join(sampler.summary.split())
    yield "formula", f"{sampler.formula}"
    yield "paper", _papers(sampler)
    yield "resolution", f"{sampler.resolution} bits: what is rarer may never be drawn"
    if sampler.flaw:
        yield "flaw", f"{sampler.flaw}"
    yield "also called", f"{', '.join(sampler.aliases) or 'nothing else'}"
    yield "example", f"gumbench throughput --samplers {sampler.name} --dimensions 10,1000"


def _problem(maker):
    from gumbench import registry
    from gumbench.engine import applicability, resolve

    problem = resolve.problem(maker.name)
    least, most = maker.least, maker.most
    yield "", f"{maker.name} ({maker.family})"
    yield "what", " ".join(maker.summary.split())
    sizes = ", ".join(map(str, maker.dimensions))
    yield "dimension", f"{maker.symbol}, {least} to {most:,}; by default {sizes}"
    yield "gradient", f"in {', '.join(problem.parts)}"
    yield from _settings(maker.settings)
    by_name = {n: registry.estimators(n).get(maker.family) for n in registry.names("estimators")}
    apply = [n for n, e in by_name.items() if not applicability.why_not(e, problem)]
    yield "estimators", f"{', '.join(apply)}"
    for name, estimator in by_name.items():
        if estimator and name not in apply:
            yield "not", f"{name}: {applicability.why_not(estimator, problem)}"
    yield "example", f"gumbench sweep --problems {maker.name} --dimensions {maker.dimensions[0]}"
