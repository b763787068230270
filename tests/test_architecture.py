"""What the code promises about itself: flags, layers, and that one file adds one thing."""

import dataclasses
import inspect
import re
import textwrap
from pathlib import Path

import numpy as np
import pytest

import gumbench
from gumbench import distributions, estimators, measure, problems, registry, samplers
from gumbench.engine.bound_problem import BoundProblem
from gumbench.estimators import categorical
from gumbench.kernels.compiler import jit, lowering, roles
from gumbench.kernels.loops import driver
from gumbench.report import formats, tables
from gumbench.report.export import export
from gumbench.runs import digest

PACKAGE = Path(gumbench.__file__).parent
# A maximum of numbers that are never NaN is the same with the flag that says so.
EXACT = re.compile(r"@llvm\.(maxnum|vector\.reduce\.fmax)|%rdx\.minmax")
UNSAFE = ("reassoc", "nnan", "ninf", "nsz", "arcp", "afn", "fast")


def flags_of(dispatcher):
    """Fast-math flags on floating point instructions of a compiled function's LLVM IR."""
    (text,) = dispatcher.inspect_llvm().values()
    text = "\n".join(line for line in text.splitlines() if not EXACT.search(line))
    operations = re.findall(r"= (?:f\w+|call) ((?:\w+ )*)(?:<\d+ x )?(?:float|double)", text)
    return {flag for found in operations for flag in found.split()}


def compiled():
    for name in registry.names("estimators"):
        for family, estimator in registry.estimators(name).items():
            yield f"{family} {name}", ("kernel", estimator.kernel)
    for name in registry.names("problems"):
        problem = registry.make_problem(name)
        for role in ("value", "value_at", "gradient", "direct"):
            if getattr(problem, role):
                yield f"{name} {role}", (role, getattr(problem, role))


# The others take long to compile anew.
SEEN_ALWAYS = ("categorical score", "categorical concrete", "gaussian pathwise", "polynomial value")


@pytest.mark.parametrize(
    ("role", "function"),
    [
        pytest.param(*pair, id=name, marks=() if name in SEEN_ALWAYS else pytest.mark.slow)
        for name, pair in compiled()
    ],
)
def test_no_flag_but_contract_in_estimators_and_problems(role, function):
    # A dispatcher from the disk cache has no IR to look at.
    fresh = jit.numba.njit([roles.signature(role, "float32")], **lowering.OPTIONS)(function)
    assert not flags_of(fresh) & set(UNSAFE)


@pytest.mark.parametrize("name", ["batch_moments", "moments"])
def test_no_flag_but_contract_in_the_driver(name):
    found = getattr(driver, name)("float32")
    options = {**lowering.OPTIONS, "parallel": name == "moments"}
    with jit.warnings.catch_warnings():
        jit.warnings.simplefilter("ignore")
        fresh = jit.numba.njit(found.signatures, **options)(found.py_func)
    assert not flags_of(fresh) & set(UNSAFE)


def test_the_search_for_flags_finds_one():
    fast = jit.numba.njit(["float32(float32, float32)"], fastmath=True)(lambda a, b: a * b + a)
    assert flags_of(fast) & set(UNSAFE)


def test_nobody_but_distributions_names_one():
    asking = re.compile(
        r"family\s*(==|!=)\s*[\"']|family in [(\[{]|[!=]=\s*[\"'](gaussian|categorical)"
    )
    allowed = ("distributions", "estimators", "problems", "user_code", "types")
    for path in PACKAGE.rglob("*.py"):
        if path.relative_to(PACKAGE).parts[0] not in allowed:
            assert not asking.search(path.read_text()), path
    assert asking.search('if problem.family == "gaussian":')


@pytest.mark.parametrize("name", distributions.names())
def test_a_distribution_has_all_that_one_has(name):
    module = distributions.family(name)
    assert isinstance(module, distributions.Distribution)
    wanted = distributions.Distribution
    for role in (n for n in vars(wanted) if inspect.isfunction(getattr(wanted, n)) and n[0] != "_"):
        _, *parameters = inspect.signature(getattr(wanted, role)).parameters
        assert len(inspect.signature(getattr(module, role)).parameters) == len(parameters), role
    problem = next(
        p for p in map(registry.make_problem, registry.names("problems")) if p.family == name
    )
    bound = BoundProblem(problem, "float64")
    random = bound.noise(0, None, 0, 64)
    assert random.shape == (*problem.shape, 64)
    samples = module.sample(bound, random)
    assert samples.shape[-1] == 64
    assert bound.dist_params.shape == module.parameter_shape(problem)
    assert module.value(bound, samples).shape == (64,)
    assert module.score(bound, samples).shape == (*bound.dist_params.shape, 64)
    assert (module.DRAWN is None) == (module.DRAWN_FASTEST is None) == (not module.DISCRETE)
    assert module.TRUTH_ESTIMATOR in (None, *registry.names("estimators"))


def test_what_lacks_a_part_is_no_distribution():
    assert not isinstance(distributions.draws, distributions.Distribution)


def test_no_module_bears_the_name_of_a_public_function():
    """`gumbench.sweep` would become the module when that is imported."""
    inside = {p.stem for p in PACKAGE.iterdir() if p.suffix == ".py" or p.is_dir()}
    assert not inside & set(gumbench.__all__)


@pytest.mark.parametrize("measurement", measure.names())
def test_a_digest_sees_the_code(measurement):
    files = digest.shared_files(measurement)
    folders = {p.relative_to(PACKAGE).parts[0] for p in files}
    assert folders == {"measure", *digest.SHARED}
    inside = {p for folder in ("kernels", "engine") for p in (PACKAGE / folder).rglob("*.py")}
    assert inside <= set(files)


def test_an_empty_folder_is_no_code(monkeypatch, tmp_path):
    monkeypatch.setattr(digest, "ROOT", tmp_path)
    with pytest.raises(LookupError, match="holds no code to hash"):
        digest.shared_files("variance")


def test_the_loop_the_store_and_the_grid_do_not_mention_variance():
    for name in ("runs/run.py", "runs/plan.py", "runs/store.py", "runs/grid.py"):
        assert "variance" not in (PACKAGE / name).read_text(), name


def add(monkeypatch, folder, package, name, text):
    (folder / f"{name}.py").write_text(textwrap.dedent(text))
    monkeypatch.setattr(package, "__path__", [*package.__path__, str(folder)])
    registry.aliases.cache_clear()


TOY_ESTIMATOR = '''
    """Twice the score of a draw, halved."""
    from gumbench.estimators.categorical import score
    from gumbench.distributions.categorical import probability_table
    from gumbench.types import Cost, Estimator, Noise

    ESTIMATOR = Estimator(
        family="categorical", kernel=score.kernel, prepare=probability_table,
        formula="f s", unbiased=True, noise=lambda k: [Noise("draw")],
        cost=lambda sizes: Cost(1, at_draws=True),
    )
'''
TOY_PROBLEM = '''
    """E[D_1]."""
    import numpy as np
    from gumbench.types import Problem, problem


    def value(x, theta, data, out):
        for b in range(out.size):
            out[b] = x[0, 0, b]


    @problem(family="categorical", symbol="C", dimensions=(3,))
    def make(dimension, *, tilt=1.0):
        """E[D_1] for a draw of C categories."""
        return Problem(
            family="categorical", theta=np.linspace(0, tilt, dimension),
            parts={"logits": dimension}, shape=(1, dimension), value=value,
        )
'''


def test_one_file_adds_an_estimator_and_one_a_problem(tmp_path, monkeypatch):
    for name in ("e", "p"):
        (tmp_path / name).mkdir()
    add(monkeypatch, tmp_path / "e", categorical, "toy_score", TOY_ESTIMATOR)
    add(monkeypatch, tmp_path / "p", problems, "toy_problem", TOY_PROBLEM)
    assert estimators.__path__
    spec = {"problems": ["toy-problem"], "estimators": ["toy-score", "score"], "estimates": 20_000}
    found = gumbench.sweep(**spec, settings={"tilt": [1.0, 2.0]}).variance
    assert list(found.status) == ["done"] * 4
    toy, score = (found[found.estimator == name] for name in ("toy-score", "score"))
    assert list(toy.variance) == list(score.variance)
    assert (found.bias_p > 1e-3).all()


TOY_MEASURE = '''
    """Counts the cells of a pass."""
    from gumbench.engine.forecast import Forecast
    from gumbench.types import Record


    def measure(cells, monitor=None):
        return [
            Record(c.key, c.measurement, c, "done", {"cells": len(cells)})
            for c in cells
        ]


    def forecast(cells, threads):
        return Forecast(0.0)
'''
TOY_TABLE = '''
    """toy_count.csv"""
    from gumbench.report.tables import Column

    MEASUREMENTS = ("toy_count",)
    COLUMNS = (Column("cell", "string", "key"), Column("cells", "Int64", "in its pass"))


    def rows(record):
        yield {"cell": record.key, "cells": record.result["cells"]}
'''


def test_one_file_in_measure_and_one_in_tables_add_a_measurement(tmp_path, monkeypatch):
    for name in ("m", "t"):
        (tmp_path / name).mkdir()
    add(monkeypatch, tmp_path / "m", measure, "toy_count", TOY_MEASURE)
    add(monkeypatch, tmp_path / "t", tables, "toy_count", TOY_TABLE)
    spec = {"problems": ["categorical-quadratic"], "dimensions": [3], "estimates": 1000}
    spec |= {"estimators": ["concrete"], "temperatures": [0.5, 1.0]}
    both = {"measurements": ["variance", "toy_count"]}
    found = gumbench.sweep(**spec, **both, output=tmp_path / "run")
    assert [row["cells"] for row in found.rows("toy_count")] == [2, 2]
    assert len(found.variance) == 2
    assert (tmp_path / "run" / "toy_count.csv").read_text().startswith("cell,cells\n")
    assert len(gumbench.load(tmp_path / "run").rows("toy_count")) == 2


TOY_SAMPLER = '''
    """Gumbel-max by another name."""
    from gumbench.samplers import gumbel_max
    from gumbench.types import Sampler

    SAMPLER = Sampler(kernel=gumbel_max.SAMPLER.kernel, formula="argmax", resolution=32)
'''
TOY_FORMAT = '''
    """Values between tabs."""
    TAKES = "rows"


    def text(rows, columns):
        return "".join("\\t".join(str(row[c]) for c in columns) + "\\n" for row in rows)
'''
TOY_DISTRIBUTION = '''
    """Gaussians by another name."""
    from gumbench.distributions.gaussian import *
'''
TOY_OF_THAT = '''
    import numpy as np
    import gumbench

    @gumbench.estimator("toy_normal", unbiased=True, cost=gumbench.Cost(values=1))
    def toy(problem, noise, temperature, inner_samples):
        """The score function."""
        mean, scale = problem.mean, problem.scale
        x = mean + scale * noise.normal()[:, :, 0]
        f = problem.value(x[:, :, None])[:, None]
        step = (x - mean) / scale
        return np.stack([f * step / scale, f * (step**2 - 1) / scale], axis=1)
'''


def test_one_file_adds_a_sampler(tmp_path, monkeypatch):
    add(monkeypatch, tmp_path, samplers, "toy_sampler", TOY_SAMPLER)
    drawn = gumbench.categorical(np.zeros(5), 100, seed=1, sampler="toy-sampler")
    assert (drawn == gumbench.categorical(np.zeros(5), 100, seed=1, sampler="gumbel-max")).all()
    assert "toy-sampler" in registry.names("samplers")


def test_one_file_adds_an_output_format(tmp_path, monkeypatch):
    add(monkeypatch, tmp_path, formats, "tabs", TOY_FORMAT)
    run = gumbench.sweep(problems=["bernoulli-toy"], estimators=["score"], estimates=1000)
    text = export(run.records, style="tabs", columns=["estimator", "estimates"])
    assert text == "score\t1024\n"


def test_one_file_adds_a_distribution(tmp_path, monkeypatch):
    add(monkeypatch, tmp_path, distributions, "toy_normal", TOY_DISTRIBUTION)
    assert isinstance(distributions.family("toy_normal"), distributions.Distribution)
    (tmp_path / "own.py").write_text(textwrap.dedent(TOY_OF_THAT))
    given = gumbench.GaussianProblem(
        [1.0, -0.5], 0.7, lambda x: (x[:, :, 0] ** 2).sum(1), compiled=False
    )
    problem = dataclasses.replace(given, family="toy_normal", name="toy")
    (estimator,) = registry.estimators(f"{tmp_path}/own.py").values()
    estimates = gumbench.estimate(problem, estimator, 200_000)
    error = estimates.std(axis=0) / np.sqrt(len(estimates))
    assert (abs(estimates.mean(axis=0) - [2.0, -1.0, 1.4, 1.4]) < 4 * error).all()


def test_the_stub_names_what_the_package_has():
    text = (PACKAGE / "__init__.pyi").read_text()

    found = {name: home for home, name in re.findall(r"from ([\w.]+) import (\w+) as \2", text)}

    assert found == gumbench._HOME


def public_functions():
    for name in gumbench.__all__:
        thing = getattr(gumbench, name)
        if inspect.isfunction(thing) and thing.__module__.startswith("gumbench"):
            yield name, thing


@pytest.mark.parametrize(("name", "function"), list(public_functions()))
def test_a_public_docstring_has_a_line_for_every_parameter(name, function):
    function = inspect.unwrap(function)
    said = inspect.getdoc(function)
    parameters = [p for p in inspect.signature(function).parameters.values() if p.name != "name"]
    for parameter in parameters:
        assert parameter.annotation is not parameter.empty, parameter
        assert re.search(rf"^(\w+, )*{parameter.name}\b", said, re.M), parameter
    assert not parameters or "\nParameters\n---" in said
