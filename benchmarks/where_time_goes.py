"""Where the time of a default sweep goes: import, compiling ahead, and each kind of pass.

    python benchmarks/where_time_goes.py

Runs the sweep in memory, in a fresh process with an empty cache of kernels and in one with a full
cache.
"""

import os
import subprocess
import sys
import tempfile
import time

CHILD = "child"


def child():
    """Print seconds by stage."""
    began = time.perf_counter()
    from gumbench.runs import run
    from gumbench.runs.monitor import Monitor
    from gumbench.runs.plan import plan as plan_of
    from gumbench.spec import schema

    stages = {"import": time.perf_counter() - began, "plan": 0.0, "ahead": 0.0}

    class Clock(Monitor):
        def plan(self, plan):
            self.planned = time.perf_counter()

        def start(self, number, cells):
            if number == 0:
                stages["ahead"] = time.perf_counter() - self.planned
            self.name, self.began = cells[0].measurement, time.perf_counter()

        def finish(self, records):
            took = time.perf_counter() - self.began
            stages[self.name] = stages.get(self.name, 0.0) + took

    data, _ = schema.load_spec_data("lecture")
    plan = plan_of(schema.checked_spec(data, "lecture"))
    stages["plan"] = time.perf_counter() - began - stages["import"]
    run.run(plan, Clock())
    stages["all"] = time.perf_counter() - began
    for name, seconds in stages.items():
        print(f"  {name:<16} {seconds:6.1f} s")


def main():
    """Run the child twice."""
    with tempfile.TemporaryDirectory() as cache:
        for state in ("empty", "full"):
            print(f"{state} cache of kernels", flush=True)
            environment = {**os.environ, "GUMBENCH_CACHE_DIR": cache}
            subprocess.run([sys.executable, __file__, CHILD], env=environment, check=True)


if __name__ == "__main__":
    child() if CHILD in sys.argv else main()
