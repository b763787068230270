"""Functions are compiled in several processes before a first run, and none is left out."""

import json
import subprocess
import sys

import pytest

CODE = """
import json, sys
from gumbench import registry
from gumbench.runs import precompile
from gumbench.engine import bound_problem
from gumbench.kernels.blocks import simplex
from gumbench.kernels.compiler import jit

problem = registry.make_problem("gaussian-step")
estimator = registry.estimators("score")["gaussian"]
tasks = bound_problem.compiled_for(problem, estimator, "float32", simplex.no_draws, [])
tasks = [t for t in tasks if t.build is jit.compiled]
before, told, here = [t.is_missing for t in tasks], [], []
run = jit.Task.run
jit.Task.run = lambda task: (here.append(task), run(task))
commands = {"dying": [sys.executable, "-c", ""], "absent": ["/no/such/program"]}
precompile.COMMAND = commands.get(sys.argv[1], precompile.COMMAND)
precompile.compile_all(tasks * 2, 2, lambda *numbers: told.append(numbers))
after = [t.is_missing for t in tasks]
print(json.dumps([before, after, told[-1], len(here)]))
"""


@pytest.mark.parametrize("helper", ["working", "dying", "absent"])
def test_all_is_compiled(helper, tmp_path, monkeypatch):
    monkeypatch.setenv("GUMBENCH_CACHE_DIR", str(tmp_path / "cache"))
    # A folder called like the package, as in a checkout that it was installed from.
    (tmp_path / "gumbench").mkdir()
    (tmp_path / "gumbench" / "__init__.py").write_text("raise ImportError")
    command = [sys.executable, "-P", "-c", CODE, helper]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=tmp_path)
    before, after, told, here = json.loads(done.stdout)
    count = len(before)
    assert all(before)
    assert told == [count, count]
    # Who dies takes the task it was given along, which is compiled where it is needed.
    assert sum(after) == (helper == "dying")
    assert done.stderr == ""
    assert (here < count) == (helper != "absent")
