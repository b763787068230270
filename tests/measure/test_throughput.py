"""`gumbench throughput`: from what is typed to the table of times."""

import shlex

import numpy as np
import pandas
import pytest
from scipy import special

import gumbench
from gumbench import peers
from gumbench.cli import main
from gumbench.measure.throughput import jobs
from gumbench.report import times


def measured(arguments, capsys):
    """The table of a run."""
    assert main(shlex.split(f"throughput {arguments} --output run --force")) == 0
    screen = capsys.readouterr().out
    table = pandas.read_csv("run/throughput.csv")
    assert (table.status == "done").all()
    assert (table.nanoseconds_per_element > 0).all()
    return table, screen


def test_every_axis_arrives(place, capsys):
    table, screen = measured(
        "--jobs draws --samplers inverse-cdf,alias --peers none --dimensions 3,40 --rows 5,7 "
        "--draws 2 --dtypes float32,float64 --threads 1,2 --logits uniform,zipf",
        capsys,
    )
    assert len(table) == 2**6
    for name, values in (
        ("name", {"alias", "inverse-cdf"}),
        ("dimension", {3, 40}),
        ("rows", {5, 7}),
        ("draws", {2}),
        ("dtype", {"float32", "float64"}),
        ("threads", {1, 2}),
        ("logits", {"uniform", "zipf"}),
        ("implementation", {"gumbench"}),
        ("kind", {"draws"}),
    ):
        assert set(table[name]) == values
    assert (table.check_p > 1e-6).all()
    assert "samplers · C = 40 · zipf logits · float64 · 2 threads" in screen


def test_all_jobs_and_the_roof(place, capsys):
    table, screen = measured("--peers none --dimensions 4", capsys)
    assert set(table.kind) == {"words", "fill", "draws", "concrete", "estimates", "roof"}
    assert set(table[table.kind == "roof"].name) == {"words", "log", "exp", "read", "write"}
    has_roof = table.kind.isin(["words", "fill", "concrete"])
    assert (table[has_roof].fraction_of_roof > 0).all()
    assert "what this machine can do at most" in screen


def test_other_libraries(place, capsys):
    table, screen = measured("--jobs draws --dimensions 5 --peers numpy,scipy", capsys)
    assert set(table.implementation) == {"gumbench", "numpy", "scipy"}
    assert {"choice", "DiscreteGuideTable(guide_factor=3)", "alias"} <= set(table.name)
    assert "library" in screen


def test_a_library_that_is_not_here(place, capsys, monkeypatch):
    monkeypatch.setattr(peers, "is_installed", lambda name: name == "numpy")
    assert main(shlex.split("throughput --jobs words --peers numpy,vose --output run")) == 0
    said = capsys.readouterr().err
    assert "vose is not installed and left out" in said
    assert "pip install vose" in said


def test_a_form_that_fails_ends_no_other(place, capsys, monkeypatch):
    def build(job):
        raise RuntimeError("no memory\nat all")

    broken = peers.library("numpy").FORMS[0].__class__("broken", "words", build)
    monkeypatch.setattr(peers.library("numpy"), "FORMS", (broken,))
    assert main(shlex.split("throughput --jobs words --peers numpy --output run")) == 3
    table = pandas.read_csv("run/throughput.csv").set_index("name")
    assert table.status["broken"] == "error"
    assert table.message["broken"] == "RuntimeError: no memory"
    assert table.status["Philox4x32-10"] == "done"


MINE = """
import numpy as np

def mine(logits, draws, seed):
    noise = np.random.default_rng(seed).gumbel(size=(len(logits), draws, logits.shape[1]))
    return (logits[:, None] + noise).argmax(-1)

def biased(logits, draws, seed):
    return np.minimum(mine(logits, draws, seed), 1)

def short(logits, draws, seed):
    return np.zeros(3, int)

def outside(logits, draws, seed):
    return np.full((len(logits), draws), 99)

def raises(logits, draws, seed):
    raise ValueError("not today")
"""


def test_a_users_own_sampler(place, capsys):
    (place / "mine.py").write_text(MINE)
    names = ",".join(f"mine.py:{n}" for n in ("mine", "biased", "short", "outside", "raises"))
    command = f"throughput --jobs draws --dimensions 3 --rows 400 --peers {names} --output run"
    assert main(shlex.split(command)) == 3
    table = pandas.read_csv("run/throughput.csv").set_index("name")
    assert table.check_p["mine"] > 1e-5
    assert table.check_p["biased"] < 1e-9
    assert table.implementation["mine"] == "mine.py:mine"
    for name, message in (
        ("short", "InputError: short gave 3 numbers from 0 to 0; wanted were"),
        ("outside", "categories below 3"),
        ("raises", "ValueError: not today"),
    ):
        assert table.status[name] == "error"
        assert message in table.message[name]
    before = table.cell["mine"]
    (place / "mine.py").write_text(MINE + "\n")
    table = measured("--jobs draws --dimensions 3 --rows 400 --peers mine.py:mine", capsys)[0]
    assert before not in set(table.cell)


def test_a_file_without_that_function(place, capsys):
    (place / "mine.py").write_text(MINE)
    for name, message in (("mine.py", "give FILE.py:NAME"), ("mine.py:x", "has no function x")):
        assert main(shlex.split(f"throughput --peers {name}")) == 2
        assert message in capsys.readouterr().err


def test_how_time_grows(place, capsys):
    _, screen = measured("--jobs draws --samplers alias --dimensions 4,16,64 --peers none", capsys)
    assert "how they grow with the categories" in screen
    rows = [
        {"status": "done", "kind": "draws", "implementation": "gumbench", "name": "x", "draws": 1}
        | {"logits": "normal", "dtype": "float32", "threads": 1, "dimension": size}
        | {"nanoseconds_per_draw": 3 * size**1.5}
        for size in (10, 100, 1000)
    ]
    (table,) = times.of_scaling(rows)
    assert table.rows[0][-1] == "C^1.50"
    assert not list(times.of_scaling(rows[:2]))


def test_calibration(place, capsys, monkeypatch):
    from gumbench.cli import throughput as command

    monkeypatch.setattr(command, "CALIBRATED", ("2,40", "1,300"))
    assert main(shlex.split("throughput --calibrate --output run")) == 0
    screen = capsys.readouterr().out
    assert "choice of samplers by shape, version 1" in screen
    assert screen.count("inverse-cdf") >= 2


def test_logits_of_a_file(place, capsys):
    np.save("mine.npy", np.array([[0.0, 1.0, -np.inf], [2.0, 0.0, 0.0]], np.float32))
    table, _ = measured("--jobs draws --peers none --logits mine.npy", capsys)
    assert set(table.dimension) == {3}
    assert (table.check_p > 1e-6).all()
    before = set(table.cell)
    np.save("mine.npy", np.zeros((2, 3)))
    table, _ = measured("--jobs draws --peers none --logits mine.npy", capsys)
    assert not before & set(table.cell)
    command = "throughput --jobs draws --logits mine.npy --dimensions 4 --peers none"
    assert main(shlex.split(command)) == 2
    assert "mine.npy has 3 categories: leave --dimensions out" in capsys.readouterr().err


@pytest.mark.parametrize("row", [[0.0], [0.0, -np.inf], [0.0, -100.0], [3.0, 3.0]])
def test_concrete_samples_of_extreme_logits(row, place, capsys):
    np.save("mine.npy", np.array(row))
    table, _ = measured("--jobs concrete --peers numpy --logits mine.npy", capsys)
    assert table.check_p.isna().all() == (row != [3.0, 3.0])
    assert table.check_p.isna().all() or (table.check_p > 1e-5).all()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (np.array([0.0, np.nan]), "logits[1] is nan"),
        (np.array([[-np.inf, -np.inf]]), "every logit of row 0 is -inf"),
        (np.zeros((2, 2, 2)), "have shape (2, 2, 2)"),
        (np.zeros(0), "have shape (0,)"),
        (np.array(["a"]), "no array of numbers"),
        (np.array([{}]), "it is no array of NumPy's"),
    ],
)
def test_files_that_hold_no_logits(given, message, place, capsys):
    np.save("mine.npy", given)
    assert main(shlex.split("throughput --logits mine.npy --peers none --jobs draws")) == 2
    assert message in capsys.readouterr().err


def test_laws_of_logits():
    rows = {law: jobs.rows_of(law, 50, 40) for law in jobs.LAWS}
    p = {law: special.softmax(found, axis=1) for law, found in rows.items()}
    np.testing.assert_allclose(p["uniform"], 1 / 40)
    np.testing.assert_allclose(p["peaked"].max(axis=1), jobs.PEAK)
    wanted = 1 / np.arange(1, 41)
    np.testing.assert_allclose(np.sort(p["zipf"], axis=1)[:, ::-1], [wanted / wanted.sum()] * 50)
    assert rows["normal"].std() == pytest.approx(1.0, abs=0.05)
    assert len(np.unique(rows["zipf"].argmax(axis=1))) > 10


def test_the_functions_choose_by_shape_alone():
    from gumbench import registry

    names = {registry.sampler_for("auto", c, d) for c in (1, 10, 1000) for d in (1, 200, 10**6)}
    assert names == {"inverse-cdf", "guide-table", "alias"}
    row = np.random.default_rng(0).normal(size=20)
    for draws in (1, 50, 5000):
        name = registry.sampler_for("auto", 20, draws)
        found = gumbench.categorical(row, draws, seed=3)
        np.testing.assert_array_equal(found, gumbench.categorical(row, draws, seed=3, sampler=name))
