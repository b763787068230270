"""What sweeps promise to take, and what they take: every sweep of the README and docs, and others.

    python benchmarks/promises.py

Each runs in a process of its own, once for the cache of kernels and then counted. The time begins
when the promise is made.
"""

import json
import os
import re
import shlex
import subprocess
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).parents[1]
PART = re.compile(
    r"^    (?P<command>gumbench sweep[^\n]*)$|```python\n(?P<code>.*?)```", re.M | re.S
)
CHILD = "child"
WITHIN = 1.5
TOML = '[[grid]]\nproblems = ["bernoulli-toy"]\n'
# A decoder in NumPy, of too many latents to list.
LONG = """
import numpy as np
import gumbench

WEIGHT = np.random.default_rng(0).normal(size=(20, 10, 64))


def value(x):
    logit = np.einsum("nvc,vcp->np", x, WEIGHT, optimize=True)
    return -np.logaddexp(0, logit).sum(axis=1)


decoder = gumbench.CategoricalProblem(np.zeros((20, 10)), value, compiled=False)
"""
OTHERS = (
    "gumbench sweep --problems long.py --estimators score,score-loo,local-expectation"
    " --estimates 5000",
    "gumbench sweep smoke",
)


def child(words):
    """Run a sweep and print seconds: promised, taken."""
    from gumbench.cli import main, progress

    class Watch(progress.Screen):
        def forecast(self, find):
            seconds, _ = find()
            self.promised, self.began = sum(seconds), time.perf_counter()
            super().forecast(lambda: (seconds, 0.0))

        def results(self, plan, results, given):
            took = time.perf_counter() - self.began
            sys.stdout.write(json.dumps([self.promised, took]))

    progress.Screen = Watch
    sys.exit(main(words))


def sweeps():
    """Pairs of a sweep and the files it needs."""
    files = {"my.toml": TOML, "long.py": LONG}
    yield "gumbench sweep", files
    for page in [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]:
        for part in PART.finditer(page.read_text()):
            name = part["code"] and re.match(r"# (\S+\.py)\n", part["code"])
            if name:
                files[name[1]] = part["code"]
            elif part["command"] and (find_spec("torch") or "torch" not in part["command"]):
                yield part["command"], files
    yield from ((command, files) for command in OTHERS)


def seconds(command, files):
    """Promised and taken, in an empty folder."""
    with tempfile.TemporaryDirectory() as folder:
        for name, text in files.items():
            (Path(folder) / name).write_text(text)
        words = [sys.executable, __file__, CHILD, *shlex.split(command)[1:]]
        done = subprocess.run(words, check=False, cwd=folder, capture_output=True, text=True)
    if not done.stdout:
        sys.exit(f"{command}: {done.stderr}")
    return json.loads(done.stdout)


def main():
    """Print a line for each, and how many are kept."""
    kept = count = 0
    with tempfile.TemporaryDirectory() as cache:
        os.environ["GUMBENCH_CACHE_DIR"] = cache
        for command, files in sweeps():
            seconds(command, files)
            promised, took = seconds(command, files)
            ratio = took / promised
            kept, count = kept + (1 / WITHIN <= ratio <= WITHIN), count + 1
            print(f"{promised:7.2f} s  {took:7.2f} s  {ratio:5.2f}  {command}", flush=True)
    print(f"{kept} of {count} within {WITHIN}")


if __name__ == "__main__":
    child(sys.argv[2:]) if sys.argv[1:2] == [CHILD] else main()
