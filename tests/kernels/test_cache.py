"""The cache of compiled kernels: whatever filled it, a name in it stands for one code."""

import os
import subprocess
import sys

import pytest
import symbols

import gumbench
from gumbench.kernels.compiler import jit  # noqa: F401  (cached objects refer to its types)

EVERYTHING = """
import itertools
import sys
from gumbench import registry
from gumbench.engine import applicability
from gumbench.distributions import family
from gumbench.engine.bound_problem import compiled_for
from gumbench.engine.bound_estimator import draw_source
from gumbench.kernels.loops import driver

LOOPS = driver.batch_moments, driver.moments
tasks = {}
for problem in map(registry.make_problem, registry.names("problems")):
    for name in registry.names("estimators"):
        estimator = registry.estimators(name).get(problem.family)
        if not applicability.why_not(estimator, problem):
            for dtype, fastest in itertools.product(("float32", "float64"), (False, True)):
                draw = draw_source(estimator, family(problem.family), fastest).draw
                tasks |= dict.fromkeys(compiled_for(problem, estimator, dtype, draw, LOOPS))
part, step = map(int, sys.argv[1:])
for task in [*tasks][part::step]:
    task.run()
"""
COUNTED = """
import itertools, sys
import gumbench
from gumbench.kernels.compiler import jit

jit.FunctionIdentity._unique_ids = itertools.count(1)
jit.compiled("value", gumbench.make_problem(sys.argv[1]).value, "float32")
"""
ESTIMATED = """
import sys
import gumbench

for name in sys.argv[1:]:
    print(gumbench.estimate(gumbench.make_problem(name), "score", 640, trust=True).sum(axis=0)[0])
"""
FILE = """
import numba
import numpy as np
import gumbench


@numba.njit
def helper(x):
    return {law}


def value(x, theta, data, out):
    for b in range(out.size):
        out[b] = helper(x[0, 0, b])


problem = gumbench.CategoricalProblem(np.array([0.0, 1.0, 2.0]), value)
"""
LAWS = {"a": "7.0 * x", "b": "x + 3.0", "c": "-x"}


def start(code, *arguments, **more):
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)],
        stdout=subprocess.PIPE,
        text=True,
        **more,
    )


def finish(process):
    said, _ = process.communicate(timeout=600)
    assert process.returncode == 0
    return said.split()


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("GUMBENCH_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def files(tmp_path):
    """Files of one name, whose functions have equal names and types and other code."""
    found = {}
    for folder, law in LAWS.items():
        found[folder] = tmp_path / folder / "same.py"
        found[folder].parent.mkdir()
        found[folder].write_text(FILE.format(law=law))
    return found


def in_folders(folders, code, arguments, **environment):
    """Run a process for each folder, which it has for its cache, all at once."""
    for process in [
        start(code, *given, env=os.environ | environment | {"GUMBENCH_CACHE_DIR": str(folder)})
        for folder, given in zip(folders, arguments, strict=True)
    ]:
        finish(process)


@pytest.mark.slow
@pytest.mark.parametrize(("bits", "step", "fewest"), [(128, 10, 80), (256, 2, 300), (512, 10, 80)])
def test_no_symbol_of_two_processes_stands_for_two_codes(bits, step, fewest, tmp_path):
    """At one width of all estimators and problems, at the others of every fifth of them."""
    folders = [tmp_path / "0", tmp_path / "1"]
    parts = [(part, step) for part in (0, step // 2)]
    in_folders(folders, EVERYTHING, parts, GUMBENCH_VECTOR_BITS=str(bits))
    bad, count = symbols.of_two_processes(*folders)
    assert not bad
    assert count > fewest


def test_a_planted_pair_is_seen(tmp_path, files):
    """With Numba's own numbers, which start anew in every process, equal names are one symbol."""
    folders = [tmp_path / "0", tmp_path / "1"]
    in_folders(folders, COUNTED, [(files["a"],), (files["b"],)])
    bad, _ = symbols.of_two_processes(*folders)
    assert any(symbol.startswith("_ZN4same5value") for symbol in bad)


@pytest.mark.slow
@pytest.mark.parametrize(
    "together", [False, pytest.param(True, marks=pytest.mark.slow)], ids=["in turn", "at once"]
)
def test_files_of_one_name_from_several_processes(cache, files, together):
    if together:
        alone = [finish(p) for p in [start(ESTIMATED, file) for file in files.values()]]
    else:
        alone = [finish(start(ESTIMATED, file)) for file in files.values()]
    assert len(set(map(tuple, alone))) == len(files)
    bad, _ = symbols.of_two_codes(cache)
    assert not bad
    for order in ((0, 1, 2), (2, 1, 0)):
        chosen = [list(files.values())[i] for i in order]
        wanted = [number for i in order for number in alone[i]]
        assert finish(start(ESTIMATED, *chosen)) == wanted


@pytest.mark.slow
def test_an_edited_file_that_another_process_had_compiled(cache, files):
    def edited(law):
        files["a"].write_text(FILE.format(law=law))
        return files["a"]

    alone = {law: finish(start(ESTIMATED, edited(law))) for law in LAWS.values()}
    for law in (*LAWS.values(), LAWS["a"]):
        problem = gumbench.make_problem(str(edited(law)))
        found = gumbench.estimate(problem, "score", 640, trust=True).sum(axis=0)[0]
        assert [str(found)] == alone[law]


def test_forked_processes_number_their_functions_apart():
    code = "from gumbench.kernels.compiler import jit\nimport os\nif os.fork(): os.wait()\n"
    code += "print(next(jit.FunctionIdentity._unique_ids))"
    first, second = finish(start(code))
    assert first != second


def test_a_loop_over_strips_is_named_after_its_body():
    from gumbench.kernels.blocks import simplex

    names = {simplex.relax.py_func.__qualname__, simplex.draw.py_func.__qualname__}
    assert names == {"relax.by_strips", "draw.by_strips"}
    assert simplex.relax.py_func.__module__ == "gumbench.kernels.blocks.simplex"
