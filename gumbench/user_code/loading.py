"""Names from outside the package: FILE.py[:NAME], and entry points of installed packages.

A problem is a Problem, a function of the dimension and its settings that returns one, or what
`types.problem` makes of such a function. An estimator is an Estimator.
"""

import ast
import contextlib
import dataclasses
import functools
import hashlib
import importlib.machinery
import importlib.util
import inspect
import re
import sys
import traceback
from collections.abc import Callable, Sequence
from importlib import metadata
from pathlib import Path
from types import ModuleType
from typing import Any

from gumbench.errors import GumbenchError, InputError, unknown
from gumbench.settings import declared
from gumbench.types import Estimator, Problem, ProblemMaker
from gumbench.user_code.old_names import with_new_name

FILE = re.compile(r"^(?P<path>[^\0\n]+\.py)(?::(?P<name>.*))?$", re.IGNORECASE)
LEAST_DIMENSION = 1

# Folders whose files were read: modules from there are read again with a file that imports them.
FOLDERS: set[Path] = set()


def is_file(name: str) -> bool:
    """Whether a name is FILE.py or FILE.py:NAME."""
    return FILE.match(name) is not None


def problem_maker(name: str) -> ProblemMaker:
    """The maker of a user's problem by FILE.py[:NAME] or the name of an entry point."""
    return _load_member("problems", name)


def estimator(name: str) -> Estimator:
    """A user's estimator by FILE.py[:NAME] or the name of an entry point."""
    return _load_member("estimators", name)


def function(name: str) -> Callable[..., Any]:
    """A function of a user's file by FILE.py:NAME. Raises InputError for what is none."""
    match = FILE.match(name)
    if match is None or not match["name"]:
        raise InputError(f"{name}: give FILE.py:NAME, a function (logits, draws, seed)")
    module = _module(Path(match["path"]).resolve(), match["path"])
    found = getattr(module, match["name"], None)
    if not callable(found):
        raise InputError(f"{match['path']} has no function {match['name']}")
    return found


def full_name(kind: str, name: str) -> str:
    """FILE.py:NAME of FILE.py[:NAME]. Raises InputError as the other functions do."""
    return _load_member(kind, name).name


@functools.cache
def entry_points(kind: str) -> dict[str, Any]:
    """Entry points of installed packages: name -> metadata, nothing imported."""
    return {point.name: point for point in metadata.entry_points(group=f"gumbench.{kind}")}


def files(name: str) -> list[Path]:
    """Files that a name's code is in: its own, and those it imports from the same folder."""
    match = FILE.match(name)
    if match is None:
        return []
    path = Path(match["path"]).resolve()
    _module(path, match["path"])
    return _with_imported(path)


def _with_imported(path: Path, known: Sequence[Path] = ()) -> list[Path]:
    """A file and those of its folder that it imports, and they, whatever else is loaded."""
    if path in known or not path.is_file():
        return list(known)
    files = [*known, path]
    with contextlib.suppress(SyntaxError, ValueError):
        for node in ast.walk(ast.parse(path.read_bytes())):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            for name in filter(None, names):
                files = _with_imported(path.with_name(f"{name.partition('.')[0]}.py"), files)
    return files


def _load_member(kind: str, name: str) -> Any:
    if match := FILE.match(name):
        module = _module(Path(match["path"]).resolve(), match["path"])
        return _from_module(kind, module, match["path"], match["name"])
    try:
        loaded = entry_points(kind)[name].load()
    except Exception as error:
        raise InputError(f"{name} of an installed package cannot be loaded: {error}") from error
    return _as_kind(kind, loaded, name)


def _module(path: Path, typed: Sequence[str] | None = None) -> ModuleType:
    """The module of a file, run again when the file or one it imports was edited."""
    try:
        path.read_bytes()
        texts = [file.read_bytes() for file in _with_imported(path)]
    except OSError as error:
        raise InputError(f"cannot read {typed or path}: {error.strerror}") from None
    return _run(path, tuple(hashlib.sha256(text).hexdigest()[:16] for text in texts))


@functools.cache
def _run(path: Path, digests: tuple[str, ...]) -> ModuleType:
    # Before the file compiles anything: it numbers compiled functions.
    importlib.import_module("gumbench.kernels.compiler.jit")
    _look_first_in(path.parent)
    for file in _with_imported(path)[1:]:
        loaded = getattr(sys.modules.get(file.stem), "__file__", None)
        if loaded and Path(loaded).resolve().parent in FOLDERS:
            del sys.modules[file.stem]
    name = _module_name(path)
    loader = importlib.machinery.SourceFileLoader(name, str(path))
    spec = importlib.machinery.ModuleSpec(name, loader, origin=str(path))
    spec.has_location = True
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        # Python's own cache takes an edit within the same second for none.
        exec(loader.source_to_code(path.read_bytes(), str(path)), vars(module))
    except GumbenchError as error:
        raise InputError(f"{path.name}{_line(error, path)}: {error}") from error
    except SyntaxError as error:
        raise InputError(f"{path.name}, line {error.lineno}: {error.msg}") from error
    except (Exception, SystemExit) as error:
        raise InputError(f"{path.name}{_line(error, path)}: {reason(error)}") from error
    return module


def _look_first_in(folder: Path) -> None:
    """Let imports find the modules of a folder before those of other users' files."""
    FOLDERS.add(folder)
    sys.path[:] = [str(folder), *(place for place in sys.path if place != str(folder))]
    importlib.invalidate_caches()


def _module_name(path: Path) -> str:
    """The name by which the file's neighbours import it, unless that is another module's.

    Compiled code on disk refers to it.
    """
    try:
        spec = importlib.util.find_spec(path.stem)
    except (ImportError, ValueError):
        spec = None
    is_importable = spec is not None and spec.origin and Path(spec.origin).resolve() == path
    return path.stem if is_importable else f"gumbench_file_{path.stem.replace('.', '_')}"


def reason(error: BaseException) -> str:
    """An error as a sentence: its type and words, and what a name is called now."""
    return with_new_name(f"{type(error).__name__}: {error}".removesuffix(": "))


def _line(error: BaseException, path: Path) -> str:
    """`, line N` of a file where an error passed through it, or nothing."""
    frames = [f for f in traceback.extract_tb(error.__traceback__) if Path(f.filename) == path]
    return f", line {frames[-1].lineno}" if frames else ""


def _from_module(kind: str, module: ModuleType, path: str, name: str | None) -> Any:
    members = _members(kind, module)
    if name:
        member = members.get(name, vars(module).get(name))
        if member is None:
            raise unknown(f"{kind[:-1]} of {path}", name, list(members), f"gumbench list {kind}")
        return _as_kind(kind, member, f"{path}:{name}")
    if not members:
        raise InputError(f"{path} has no {kind[:-1]}: {WANTED[kind]}; docs/own-code.md shows one")
    if len(members) > 1:
        raise InputError(
            f"{path} has {len(members)} {kind}, {', '.join(members)}: name one, "
            f"{path}:{next(iter(members))}"
        )
    ((name, member),) = members.items()
    return _as_kind(kind, member, f"{path}:{name}")


WANTED = {
    "problems": "give a gumbench.CategoricalProblem or GaussianProblem, or a function of "
    "`dimension` that returns one",
    "estimators": "decorate a function with @gumbench.estimator(...)",
}


def _members(kind: str, module: ModuleType) -> dict[str, Any]:
    """What a file has of a kind, by name; functions of `dimension` count as problems."""
    wanted = (Problem, ProblemMaker) if kind == "problems" else (Estimator,)
    return {
        name: value
        for name, value in vars(module).items()
        if isinstance(value, wanted)
        or (kind == "problems" and _is_function_of_dimension(value, module))
    }


def _is_function_of_dimension(value: Any, module: ModuleType) -> bool:
    if not inspect.isfunction(value) or value.__module__ != module.__name__:
        return False
    return next(iter(inspect.signature(value).parameters), "") == "dimension"


def _as_kind(kind: str, member: Any, name: str) -> Any:
    if kind == "estimators":
        if not isinstance(member, Estimator):
            raise InputError(f"{name} is no estimator: {WANTED[kind]}")
        return dataclasses.replace(member, name=name)
    if isinstance(member, ProblemMaker):
        return dataclasses.replace(member, name=name)
    if isinstance(member, Problem):
        return _maker_of_object(member, name)
    if inspect.isfunction(member):
        return _maker_of_function(member, name)
    raise InputError(f"{name} is no problem: {WANTED[kind]}")


def _maker_of_object(problem: Problem, name: str) -> ProblemMaker:
    size = problem.dimension
    return ProblemMaker(
        make=lambda dimension: problem,
        family=problem.family,
        symbol="n",
        dimensions=(size,),
        least=size,
        most=size,
        name=name,
        summary="A problem of one dimension.",
    )


@functools.cache
def _maker_of_function(function: Callable[..., Any], name: str) -> ProblemMaker:
    parameters = list(inspect.signature(function).parameters.values())
    missing = [p for p in parameters[1:] if p.default is p.empty]
    if not parameters or any(p.kind is not p.KEYWORD_ONLY for p in missing):
        raise InputError(f"{name} is no problem: {WANTED['problems']}")
    try:
        defaults = tuple((key, field.default) for key, field in declared(function).items())
    except InputError as error:
        raise InputError(f"{name}: {error}") from None
    first = parameters[0]
    default = LEAST_DIMENSION if first.default is first.empty else first.default
    if isinstance(default, bool) or not isinstance(default, int) or default < 1:
        raise InputError(f"{name}: the default dimension is {default!r}; give a whole number")
    problem = call_maker(function, name, default, defaults)
    return ProblemMaker(
        make=function,
        family=problem.family,
        symbol="n",
        dimensions=(default,),
        name=name,
        summary=inspect.getdoc(function) or "",
    )


@functools.lru_cache(maxsize=16)
def call_maker(
    make: Callable[..., Any], name: str, dimension: int, settings: tuple[tuple[str, Any], ...]
) -> Problem:
    """The problem that a maker's function makes; raises InputError with the user's line.

    settings : pairs
    """
    try:
        problem = make(dimension, **dict(settings))
    except Exception as error:
        source = inspect.getsourcefile(make)
        words = str(error) if isinstance(error, GumbenchError) else reason(error)
        raise InputError(f"{name}{_line(error, Path(source or ''))}: {words}") from error
    if not isinstance(problem, Problem):
        raise InputError(f"{name} returned {problem!r:.60}; {WANTED['problems']}")
    return problem
