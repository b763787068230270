"""Names to objects: listing a folder is the registry.

A name is a file's name with hyphens for underscores; an installed package adds names by entry
points, and FILE.py:NAME is a name as well. Listing names imports nothing; facts and aliases import
the files, and so Numba.
"""

import contextlib
import dataclasses
import fnmatch
import functools
import importlib
import inspect
import pkgutil
import tomllib
from collections.abc import Iterable, Mapping
from importlib import resources
from pathlib import Path
from typing import Any

from gumbench.distributions.needs import NEEDS
from gumbench.errors import InputError, unknown
from gumbench.settings import checked
from gumbench.types import METHODS, Estimator, Problem, ProblemMaker, Sampler
from gumbench.user_code import loading

TAGS = {
    "unbiased": lambda e: e.unbiased,
    "biased": lambda e: not e.unbiased,
    "temperature": lambda e: e.takes_temperature,
}
NEED_TAGS = {need.tag: name for name, need in NEEDS.items() if need.tag}


def _has_tag(estimator: Estimator, tag: str) -> bool:
    """Whether it has a tag: of TAGS or METHODS, what it needs, or no-what it does not need."""
    if tag in TAGS:
        return TAGS[tag](estimator)
    if tag in METHODS:
        return tag in estimator.methods
    return (NEED_TAGS[tag.removeprefix("no-")] in estimator.needs) != tag.startswith("no-")


def tags() -> list[str]:
    """Names of all tags, without their @."""
    return [*TAGS, *METHODS, *(tag for need in NEED_TAGS for tag in (need, f"no-{need}"))]


def _modules(package: str) -> list[str]:
    folder = importlib.import_module(f"gumbench.{package}")
    return sorted(m.name for m in pkgutil.iter_modules(folder.__path__) if not m.ispkg)


def _families() -> list[str]:
    folder = importlib.import_module("gumbench.estimators")
    return sorted(m.name for m in pkgutil.iter_modules(folder.__path__) if m.ispkg)


def names(kind: str) -> list[str]:
    """Names of all installed estimators, problems or samplers, without importing any."""
    return sorted({*_built_in(kind), *loading.entry_points(kind)})


def _built_in(kind: str) -> set[str]:
    packages = [f"estimators.{f}" for f in _families()] if kind == "estimators" else [kind]
    return {module.replace("_", "-") for package in packages for module in _modules(package)}


def is_external(kind: str, name: str) -> bool:
    """Whether a name is code from outside the package."""
    return name not in _built_in(kind)


def _load(package: str, name: str, kind: Any) -> Any:
    module = importlib.import_module(f"gumbench.{package}.{name.replace('-', '_')}")
    for value in vars(module).values():
        if isinstance(value, kind):
            summary = value.summary or inspect.getdoc(module) or ""
            return dataclasses.replace(value, name=name, summary=summary)
    raise InputError(f"{module.__name__} declares no {kind.__name__}")


def estimators(name: str) -> dict[str, Estimator]:
    """The estimators of that registry name, by family."""
    if is_external("estimators", name):
        _check_known("estimators", name)
        estimator = loading.estimator(name)
        return {estimator.family: estimator}
    module = name.replace("-", "_")
    return {
        family: _load(f"estimators.{family}", name, Estimator)
        for family in _families()
        if module in _modules(f"estimators.{family}")
    }


@functools.cache
def sampler(name: str) -> Sampler:
    """The sampler of that registry name."""
    return _load("samplers", name, Sampler)


def sampler_for(name: str, categories: int, draws: int) -> str:
    """A sampler's name; of "auto" the first choice of data/auto.toml that a shape allows."""
    if name != "auto":
        return one("samplers", name)
    for choice in automatic()["choice"]:
        a_category = choice.get("least_draws_a_category", 0) * categories
        if draws >= max(choice.get("least_draws", 0), a_category):
            return choice["sampler"]
    raise LookupError(f"no sampler for {draws} draws of {categories} categories")


@functools.cache
def automatic() -> dict[str, Any]:
    """Which sampler draws where none is named: `version` and a list of `choice`."""
    return tomllib.loads((resources.files("gumbench") / "data" / "auto.toml").read_text())


def problem_maker(name: str) -> ProblemMaker:
    """The maker of the problem of that registry name."""
    if is_external("problems", name):
        _check_known("problems", name)
        return loading.problem_maker(name)
    return _load("problems", name, ProblemMaker)


def _check_known(kind: str, name: str) -> None:
    """Refuse a name that nothing has, with the nearest that there are."""
    if not loading.is_file(name) and name not in loading.entry_points(kind):
        raise unknown(kind[:-1], name, names(kind), f"gumbench list {kind}")


def symbol(name: str) -> str:
    """What a problem's dimension is called; known for a user's file that is gone, too."""
    return "n" if is_external("problems", name) else problem_maker(name).symbol


def make_problem(name: str, dimension: int | None = None, settings: Any = ()) -> Problem:
    """A problem at a dimension (its first by default) with settings by name.

    Raises InputError for a dimension or setting the problem does not allow.
    """
    maker = problem_maker(name)
    dimension = maker.dimensions[0] if dimension is None else dimension
    if not maker.least <= dimension <= maker.most:
        raise InputError(f"{name} does not allow {dimension_text(maker, dimension)}")
    defaults = {key: field.default for key, field in maker.settings.items()}
    pairs = tuple((defaults | checked(name, dict(settings), maker.settings)).items())
    return _with_name(
        loading.call_maker(maker.make, name, dimension, pairs), name, dimension, pairs
    )


@functools.lru_cache(maxsize=64)
def _with_name(
    problem: Problem, name: str, dimension: int, pairs: tuple[tuple[str, Any], ...]
) -> Problem:
    """A problem that was made, as it is called: the same object for the same."""
    return dataclasses.replace(problem, name=name, dimension=dimension, settings=dict(pairs))


def dimension_text(maker: ProblemMaker, dimension: int) -> str:
    """What was given and what is allowed, for an error."""
    allowed = str(maker.least) if maker.least == maker.most else f"{maker.least} to {maker.most:,}"
    return f"{maker.symbol} = {dimension}: allowed is {allowed}"


@functools.cache
def aliases(kind: str = "estimators") -> dict[str, str]:
    """Every name and alias of estimators or samplers as `select` compares them, to the name."""
    by_typed = {}
    for name in names(kind):
        by_typed[_normalized(name)] = name
        # A package that cannot be loaded stops those who ask for its estimators alone.
        with contextlib.suppress(InputError):
            declared = estimators(name).values() if kind == "estimators" else [sampler(name)]
            for one in declared:
                by_typed.update(dict.fromkeys(map(_normalized, one.aliases), name))
    return by_typed


def any_name(name: str) -> tuple[str, str]:
    """The kind and registry name of anything, by name, alias or FILE.py[:NAME]."""
    if loading.is_file(name):
        try:
            return "problems", loading.full_name("problems", name)
        except InputError as error:
            with contextlib.suppress(InputError):
                return "estimators", loading.full_name("estimators", name)
            raise error from None
    wanted = _normalized(name)
    kinds = {
        "problems": {_normalized(p): p for p in names("problems")},
        "estimators": aliases(),
        "samplers": aliases("samplers"),
    }
    for kind, known in kinds.items():
        if wanted in known:
            return kind, known[wanted]
    every = {typed: full for known in kinds.values() for typed, full in known.items()}
    raise unknown("estimator, problem or sampler", name, every, "gumbench list")


def _normalized(name: str) -> str:
    """A name without what makes no difference."""
    return name.strip().lower().replace("_", "-")


def select(kind: str, patterns: Iterable[str]) -> list[tuple[str, bool]]:
    """Registry names for names, aliases, globs and @tags, in the order given.

    Returns pairs (name, typed): typed is True for a name given in full.
    """
    known = {_normalized(n): n for n in names(kind)} if kind == "problems" else aliases(kind)
    chosen: dict[str, bool] = {}
    for pattern in patterns:
        lowered = _normalized(pattern)
        if loading.is_file(pattern) and kind == "samplers":
            raise InputError(f"{pattern!r}: samplers are built in; `gumbench list samplers`")
        if loading.is_file(pattern):
            matched, typed = [loading.full_name(kind, pattern)], True
        elif pattern.startswith("@"):
            matched, typed = _tagged(kind, pattern), False
        elif any(c in pattern for c in "*?["):
            matched = [name for name in names(kind) if fnmatch.fnmatch(_normalized(name), lowered)]
            typed = False
            if not matched:
                raise InputError(
                    f"no name of the {kind} matches {pattern!r}: `gumbench list {kind}` shows them"
                )
        else:
            if lowered not in known:
                raise _unknown(kind, pattern, known)
            matched, typed = [known[lowered]], True
        for name in matched:
            chosen[name] = chosen.get(name, False) or typed
    return list(chosen.items())


def _unknown(kind: str, pattern: str, known: Mapping[str, str]) -> InputError:
    """The error of a name that there is not; a file of that name may be meant."""
    file = f"{pattern}.py"
    with contextlib.suppress(OSError, ValueError):
        if pattern and Path(file).is_file():
            return InputError(f"no {kind[:-1]} is called {pattern!r}: {file} is here: give {file}")
    return unknown(kind[:-1], pattern, known, f"gumbench list {kind}")


def one(kind: str, pattern: str) -> str:
    """The registry name for a name, alias, glob or @tag that stands for one.

    Raises InputError where it stands for several.
    """
    matched = [name for name, _ in select(kind, [pattern])]
    if len(matched) > 1:
        raise InputError(f"{pattern!r} stands for {len(matched)} {kind}: give one, as {matched[0]}")
    return matched[0]


def _tagged(kind: str, pattern: str) -> list[str]:
    tag = pattern[1:]
    if kind != "estimators":
        raise InputError(f"{pattern!r}: {kind} have no tags; `gumbench list {kind}`")
    if tag not in tags():
        raise InputError(f"no tag is called {pattern!r}: give {', '.join(f'@{t}' for t in tags())}")
    return [n for n in names(kind) if any(_has_tag(e, tag) for e in estimators(n).values())]
