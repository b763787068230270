"""Whether compiled code from a cache is the code that was asked for, whoever filled the cache.

    python benchmarks/caches.py [CACHES]

Each cache is filled by 1 to 4 processes at a time, which run the cells of one sweep in their own
random orders; a last one runs all of them from the disk. All must write the same bytes.
"""

import hashlib
import os
import random
import subprocess
import sys
import tempfile

CACHES = 30
CHILD = "child"
SPEC = {
    "grid": [
        {"problems": ["categorical-quadratic"], "dimensions": [6], "temperatures": [0.5]},
        {"problems": ["categorical-vae"], "dimensions": [2], "temperatures": [0.5]},
        {"problems": ["gaussian-kl", "gaussian-quadratic"], "dimensions": [3]},
    ],
    "estimates": 1280,
    "measurements": ["variance"],
}


def child(order):
    """Run the sweep's estimators one by one, in an order, and print a hash of all rows."""
    import gumbench
    from gumbench import registry
    from gumbench.report import tables

    names = sorted(registry.names("estimators"))
    random.Random(order).shuffle(names)
    rows = []
    for name in names:
        for grid in SPEC["grid"]:
            by_family = registry.estimators(name)
            problems = [gumbench.make_problem(p) for p in grid["problems"]]
            wanted = [p.name for p in problems if p.family in by_family]
            if wanted:
                one = {**grid, "problems": wanted, "estimators": [name]}
                rows += gumbench.sweep({**SPEC, "grid": [one]}).rows("variance")
    rows.sort(key=lambda row: (row["cell"], row["part"]))
    text = tables.csv_text("variance", rows, clock=False)
    print(len(rows), hashlib.sha256(text.encode()).hexdigest())


def main(caches):
    """Print what each cache gave, and how many gave something else than the first."""
    found = {}
    for number in range(caches):
        with tempfile.TemporaryDirectory() as folder:
            environment = {**os.environ, "GUMBENCH_CACHE_DIR": folder}

            def start(order, environment=environment):
                words = [sys.executable, __file__, CHILD, str(order)]
                return subprocess.Popen(words, env=environment, stdout=subprocess.PIPE, text=True)

            together = [start(f"{number} {i}") for i in range(1 + number % 4)]
            said = [process.communicate()[0].strip() for process in together]
            said += [start(f"{number} last").communicate()[0].strip()]
        for line in said:
            found[line] = found.get(line, 0) + 1
        print(f"{number + 1:3}  {len(together)} at a time  {' | '.join(set(said))}", flush=True)
    print(f"{sum(found.values())} processes, {len(found)} different results")
    return len(found) != 1


if __name__ == "__main__":
    if sys.argv[1:2] == [CHILD]:
        child(sys.argv[2])
    else:
        sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else CACHES))
