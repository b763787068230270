"""Ratios of gumbench to other libraries, each in every form that a user would type.

What is called is what a user calls; all of a job's forms are timed in turns in one run. A ratio is
the median over paired rounds, with a 95 % interval; nanoseconds are medians, of an element or of a
draw. Every row stands in results/reference/peers.csv.

    pip install -e '.[peers]' && python benchmarks/peers.py
"""

import functools
import os

THREADS = 2
for variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(variable, str(THREADS))

import numpy as np  # noqa: E402
import other_libraries  # noqa: E402
import torch  # noqa: E402

from gumbench import machine, peers, registry  # noqa: E402
from gumbench.engine.bound_estimator import bind_estimator  # noqa: E402
from gumbench.engine.bound_problem import BoundProblem  # noqa: E402
from gumbench.engine.moments import Grouping  # noqa: E402
from gumbench.kernels.compiler.threads import limited  # noqa: E402
from gumbench.kernels.loops import driver, records  # noqa: E402
from gumbench.measure.throughput import OWN  # noqa: E402
from gumbench.runs import plan, run  # noqa: E402
from gumbench.spec import schema  # noqa: E402
from gumbench.stats import timing  # noqa: E402
from gumbench.stats.intervals import median_interval  # noqa: E402
from gumbench.types import BATCHES  # noqa: E402

ROUNDS = 31
OTHERS = [name for name in peers.names() if name != OWN]
DRAWS = {"jobs": ["draws"], "peers": OTHERS, "on_threads": [THREADS]}
GRIDS = [
    {"jobs": ["words", "fill"], "peers": OTHERS, "on_threads": [1]},
    {"jobs": ["fill"], "peers": OTHERS, "on_threads": [1], "dtypes": ["float64"]},
    *(
        {**DRAWS, "dimensions": [c], "rows": [n]}
        for c, n in ((50_257, 48), (1000, 2000), (10, 100_000))
    ),
    {**DRAWS, "dimensions": [1000], "rows": [1], "draws": [1_000_000]},
    {**DRAWS, "dimensions": [1000], "rows": [1], "draws": [1_000_000], "on_threads": [1]},
    {**DRAWS, "jobs": ["concrete"], "dimensions": [8, 128, 1000, 50_257]},
    {**DRAWS, "jobs": ["estimates"], "dimensions": [8, 128, 1024]},
]
BY_HAND = (10, 100)
SAMPLES = {"gumbel-rao": 10, "score-loo": 4}
OWN_ELEMENTS = 1 << 25
WORDS = {
    "words": "random words",
    "fill": "standard Gumbels",
    "draws": "draws",
    "concrete": "Concrete samples",
    "estimates": "estimates",
}


def job(row):
    """What rows of one race have in common, in words."""
    parts = [WORDS[row["kind"]]]
    if row["kind"] == "estimates":
        parts[0] = f"`{row['name'].split()[0].strip(',')}` with its moments"
    if row["kind"] not in ("words", "fill"):
        parts.append(f"C = {row['dimension']:,}")
    if row["kind"] == "draws":
        one = row["draws"] == 1
        parts.append(
            f"one of each of {row['rows']:,} rows" if one else f"{row['draws']:,} of a row"
        )
    if row["kind"] == "fill":
        parts.append(row["dtype"])
    return ", ".join([*parts, f"{row['threads']} thread{'s' * (row['threads'] > 1)}"])


def own(row):
    """Whether a row is ours: of samplers the one that a function takes by default."""
    if row["implementation"] != OWN or row["kind"] != "draws":
        return row["implementation"] == OWN
    return row["name"] == registry.sampler_for("auto", row["dimension"], row["draws"])


def is_textbook(row):
    """Whether a reader of a textbook would write it so."""
    forms = peers.library(row["implementation"]).FORMS
    return any(f.textbook for f in forms if (f.kind, f.name) == (row["kind"], row["name"]))


def line(title, rows, rounds):
    """A job's line: ours, the best of the others, and their fastest textbook form."""
    (ours,) = filter(own, rows)
    others = [row for row in rows if row["implementation"] != OWN and row["status"] == "done"]
    unit = "draw" if ours["kind"] == "draws" and ours["draws"] > 1 else "element"
    cells = [title, _time(ours, unit)]
    for group in (others, [row for row in others if is_textbook(row)]):
        if not group:
            cells += ["", ""]
            continue
        best = min(group, key=lambda row: row["nanoseconds_per_draw"])
        ratio, low, high = median_interval(np.divide(rounds[best["cell"]], rounds[ours["cell"]]))
        named = f"{best['implementation']}: {best['name']}".replace("|", "/")
        cells += [f"{named}, {_time(best, unit)}", f"{ratio:.1f} ({low:.1f}-{high:.1f})"]
    return "| " + " | ".join(cells) + " |"


def _time(row, unit):
    return f"{row[f'nanoseconds_per_{unit}']:.3g}"


def races(results):
    """Lines of the table of jobs."""
    rounds = {record.key: record.clock["rounds"] for record in results.records if record.clock}
    groups = {}
    for row in results.rows("throughput"):
        groups.setdefault(job(row), []).append(row)
    for title, rows in groups.items():
        yield line(title, rows, rounds)


def repeated(call, units):
    """Work of a call that does so many units, for `timing.in_turns`."""

    def work(wanted):
        for _ in range(wanted // units):
            call()

    return work, units


def ours(name, size, problem="categorical-quadratic", samples=None):
    """What a sweep calls for estimates and their moments, and how many elements that is."""
    bound = BoundProblem(registry.make_problem(problem, size), "float32")
    estimator = registry.estimators(name)[bound.problem.family]
    bound_estimator = bind_estimator(bound, estimator, (1.0,), samples, 0, fastest_draws=True)
    grouping = Grouping(bound, np.zeros(bound.theta.size))
    count = max(bound_estimator.block, OWN_ELEMENTS // BATCHES // size)
    block = driver.block_for(bound_estimator.block, count)
    sums = records.no_sums(BATCHES, 1, bound.theta.size, grouping.rows)
    call = functools.partial(bound_estimator.add_moments, grouping.driver, 0, 0, count, block, sums)
    return call, count * BATCHES * size


def by_hand(size):
    """Lines of estimators against torch by hand; a draw is the cheapest exact one of both."""
    torch.set_num_threads(THREADS)
    for family, made in (
        ("categorical", other_libraries.torch_by_hand(size, SAMPLES)),
        ("Gaussian", other_libraries.torch_gaussian(size)),
    ):
        problem = "gaussian-shifted" if family == "Gaussian" else "categorical-quadratic"
        works = {f"{name} torch": repeated(*work) for name, work in made.items()}
        works |= {n: repeated(*ours(n, size, problem, SAMPLES.get(n))) for n in made}
        with limited(THREADS):
            times = timing.in_turns(works, rounds=ROUNDS)
        for name in made:
            ratio, low, high = median_interval(np.divide(times[f"{name} torch"], times[name]))
            mean, theirs = (1e9 * np.median(times[n]) for n in (name, f"{name} torch"))
            title = f"{family} `{name}`, {'d' if family == 'Gaussian' else 'C'} = {size}"
            yield f"| {title} | {mean:.3g} | {theirs:.3g} | {ratio:.1f} ({low:.1f}-{high:.1f}) |"


def main():
    """Print the tables, and keep all rows."""
    facts = machine.facts()
    versions = {name: machine.version(peers.library(name).PACKAGE) for name in OTHERS}
    print(
        f"{facts['processor']}, {facts['cores']} cores, {facts['vector_bits']}-bit vectors; "
        + ", ".join(f"{name} {version}" for name, version in versions.items())
    )
    timing.ROUNDS = ROUNDS
    spec = schema.checked_spec({"grid": GRIDS, "measurements": ["throughput"]}, "peers")
    results = run.run(plan.plan(spec))
    results.throughput.to_csv("peers.csv", index=False)
    print("\n| job | gumbench | best of the others | times (95 %) | textbook | times (95 %) |")
    print("| --- | --- | --- | --- | --- | --- |")
    for text in races(results):
        print(text)
    print("\n| estimator | gumbench | torch by hand | times (95 %) |\n| --- | --- | --- | --- |")
    for size in BY_HAND:
        for text in by_hand(size):
            print(text, flush=True)


if __name__ == "__main__":
    main()
