"""A hash of what a cell's numbers depend on: the package's code by folder, a user's files, data."""

import ast
import functools
import hashlib
from pathlib import Path

import numpy as np

from gumbench import registry
from gumbench.kernels.compiler.roles import ROLES
from gumbench.types import Estimator, Problem
from gumbench.user_code import loading

ROOT = Path(__file__).parents[1]
# Folders and files that every number depends on.
SHARED = ("types", "distributions", "engine", "kernels", "stats", "data")
SUFFIXES = (".py", ".npz")


def digest(measurement: str, problem: Problem, estimator: Estimator | None) -> str:
    """Hash of the code and data a cell's numbers depend on.

    problem : a Problem of the registry. estimator : an Estimator, or None.
    """
    files = shared_files(measurement)
    functions = [registry.problem_maker(problem.name).make, problem.truth]
    functions += [problem.function(role) for role in ROLES]
    if estimator is not None:
        functions += [estimator.kernel, estimator.prepare, estimator.compute]
    codes = [getattr(f, "__code__", None) for f in functions]
    sources = [Path(code.co_filename) for code in codes if code]
    files += [*sources, *(borrowed for file in sources for borrowed in _borrowed(file))]
    hashed = hashlib.sha256(_hash(tuple(sorted(f for f in set(files) if f.is_file()))))
    for name in (problem.name, estimator and estimator.name):
        for path in loading.files(name or ""):
            hashed.update(path.read_bytes())
    if registry.is_external("problems", problem.name):
        for array in (problem.theta, problem.data, problem.dist_params):
            hashed.update(b"" if array is None else np.asarray(array, np.float64).tobytes())
    return hashed.hexdigest()[:16]


@functools.cache
def _borrowed(file: Path) -> tuple[Path, ...]:
    """Files of problems and estimators that one of them imports from."""
    root = ROOT
    if not file.is_relative_to(root) or not file.is_file():
        return ()
    tree = ast.parse(file.read_bytes())
    names = (n.module or "" for n in ast.walk(tree) if isinstance(n, ast.ImportFrom))
    parts = (
        n.split(".")[1:] for n in names if n.startswith(("gumbench.problems", "gumbench.esti"))
    )
    return tuple(root.joinpath(*p).with_suffix(".py") for p in parts if len(p) > 1)


def job_digest(logits: str, library: str) -> str:
    """Hash of the code that a job depends on, a user's too, and of the file of its logits."""
    folders = ("samplers", "peers", "estimators")
    files = [path for name in folders for path in sorted((ROOT / name).rglob("*.py"))]
    hashed = hashlib.sha256(_hash((*shared_files("throughput"), *files)))
    for path in (*loading.files(library), *[Path(logits)] * logits.endswith(".npy")):
        hashed.update(path.read_bytes())
    return hashed.hexdigest()[:16]


def shared_files(measurement: str) -> list[Path]:
    """Files that all cells of a measurement depend on. Raises LookupError for an empty folder."""
    own = ROOT / "measure" / measurement
    files = sorted(own.rglob("*.py")) or [own.with_suffix(".py")]
    for name in SHARED:
        place = ROOT / name
        inside = [p for p in sorted(place.rglob("*")) if p.suffix in SUFFIXES]
        if place.is_file():
            inside = [place]
        if not inside:
            raise LookupError(f"{place} holds no code to hash")
        files += inside
    return files


@functools.cache
def _hash(files: tuple[Path, ...]) -> bytes:
    hashed = hashlib.sha256()
    for path in files:
        hashed.update(path.name.encode() + path.read_bytes())
    return hashed.digest()
