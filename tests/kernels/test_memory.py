"""Peak memory, of a process of its own."""

import json
import subprocess
import sys

import numba
import numpy as np
import pytest

from gumbench.kernels.compiler import jit, lowering

SCRIPT = """
import json, re, resource, sys
from pathlib import Path
import gumbench
gumbench.sweep(**json.loads(sys.argv[1])).variance
status = Path("/proc/self/status")
# ru_maxrss of a new process starts at its parent's memory.
if status.exists():
    print(int(re.search(r"VmHWM:\\s+(\\d+) kB", status.read_text())[1]) / 1024)
else:
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""


def peak(**spec):
    """Peak resident memory of a sweep in MiB."""
    command = [sys.executable, "-c", SCRIPT, json.dumps(spec)]
    return float(subprocess.check_output(command, text=True))


@pytest.mark.slow
def test_memory_does_not_grow_with_the_estimates():
    spec = {"problems": ["bernoulli-toy"], "estimators": ["score", "concrete"]}
    peak(**spec, temperatures=[1.0], estimates=1000)
    few, many = (peak(**spec, temperatures=[1.0], estimates=n) for n in (10**5, 10**8))
    assert many - few < 60


@pytest.mark.slow
def test_memory_at_fifty_thousand_categories():
    spec = {"problems": ["categorical-quadratic"], "dimensions": [50_000], "estimates": 2048}
    spec |= {"estimators": ["concrete", "score", "score-loo"]}
    assert peak(**spec, temperatures=[0.1, 0.2, 0.3, 0.5, 0.7, 1.0, 1.5, 2.0]) < 700


FAULTS = """
import resource, sys
import numpy as np
import pytest
from gumbench import registry
from gumbench.engine.bound_problem import BoundProblem
from gumbench.engine.bound_estimator import bind_estimator
from gumbench.kernels.loops import driver, records
from gumbench.engine.moments import Grouping
import numba
numba.set_num_threads(1)
bound = BoundProblem(registry.make_problem("categorical-quadratic", 1024), "float32")
estimator = registry.estimators("concrete")["categorical"]
made = bind_estimator(bound, estimator, [1.0], None, 0)
grouping = Grouping(bound, np.zeros(1024))
sums = records.no_sums(64, 1, 1024, grouping.rows)
for _ in range(2):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    made.add_moments(grouping.driver, 0, 0, made.block, made.block, sums)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def test_blocks_take_no_new_memory_from_the_system():
    """A block of `concrete` has arrays of 0.25 MiB each: 64 pages, and 64 blocks are made."""
    found = subprocess.check_output([sys.executable, "-c", FAULTS], text=True)
    assert int(found) < 100


KEPT = []


@numba.njit(**lowering.OPTIONS)
def shown(x):
    with numba.objmode():
        KEPT.append(x)


@jit.helper
def stash(arrays, x):
    arrays.append(x)


@numba.njit(**lowering.OPTIONS)
def total(x):
    arrays = [x + 0.0]
    for i in range(1, 4):
        shown(x + i)
        stash(arrays, x + i)
    out = np.zeros_like(x)
    for array in arrays:
        out += array
    return out


def test_an_array_handed_to_python_or_to_a_container_is_kept():
    np.testing.assert_array_equal(total(np.zeros(1000)), np.full(1000, 6.0))
    for i, array in enumerate(KEPT, 1):
        np.testing.assert_array_equal(array, np.full(1000, float(i)))
