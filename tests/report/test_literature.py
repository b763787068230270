"""Toys of papers: what they are, by enumeration, and what is printed of them."""

import itertools
import math

import numpy as np
import pytest
from reference_noise import softmax

import gumbench
from gumbench import registry
from gumbench.problems.published import TOYS
from gumbench.report.tables import literature
from gumbench.spec import schema


def f_of(toy, draw):
    """The definition of a toy, at a draw of categories."""
    if toy in ("three-bernoullis", "three-rare-bernoullis"):
        return sum((b - t) ** 2 for b, t in zip(draw, (0.6, 0.51, 0.48), strict=True))
    if toy == "four-bernoullis":
        return sum((b - t) ** 2 for b, t in zip(draw, (0.49, 0.499, 0.501, 0.51), strict=True))
    if toy == "relax":
        return sum((b - t) ** 2 for b, t in zip(draw, (0.2, 0.55, 0.9), strict=True))
    if toy == "arsm":
        return 0.5 + (draw[0] + 1) / (30 * 30)
    if toy == "offset":
        return 2.4 * draw[0] + 100
    if toy == "simple":
        state = np.random.RandomState(1234)
        state.randn(10)
        target = np.abs(state.randn(10))
        return ((np.eye(10)[draw[0]] - target) ** 2).sum()
    if toy.startswith("carms"):
        return sum(3 * (3 * d + c + 1) for d, c in enumerate(draw))
    raise LookupError(toy)


DEFINED = [toy for toy in TOYS if not toy.startswith("catlog")]


@pytest.mark.parametrize("toy", DEFINED)
def test_a_toy_has_the_gradient_of_its_definition(toy):
    """Of the mean of f over all draws, by differences in θ."""
    problem = registry.make_problem("published", 1, {"toy": toy})
    variables, categories = problem.shape
    shared = problem.theta.size == 1

    def mean(theta):
        if categories == 2:
            rows = [[0.0, theta[0 if shared else v]] for v in range(variables)]
        else:
            rows = np.reshape(theta, (variables, categories)).tolist()
        p = [softmax(row) for row in rows]
        return math.fsum(
            math.prod(p[v][c] for v, c in enumerate(draw)) * f_of(toy, draw)
            for draw in itertools.product(range(categories), repeat=variables)
        )

    truth = gumbench.exact_gradient(problem).gradient
    for i in range(problem.theta.size):
        step = 1e-5 * np.eye(problem.theta.size)[i]
        slope = (mean(problem.theta + step) - mean(problem.theta - step)) / 2e-5
        assert truth[i] == pytest.approx(slope, rel=1e-5, abs=1e-8)


def test_an_unknown_toy_is_refused():
    with pytest.raises(gumbench.InputError, match="no toy is called 'arms': did you mean arsm"):
        registry.make_problem("published", 1, {"toy": "arms"})


@pytest.fixture(scope="module")
def run():
    data, _ = schema.load_spec_data("literature")
    kept = [g for g in data["grid"] if g["problems"] != ["published"]]
    spec = schema.checked_spec({**data, "grid": kept, "estimates": 20_000}, "literature")
    return gumbench.sweep(spec)


def test_printed_values_stand_beside_exact_ones(run):
    rows = [r for r in run.rows("literature") if r["printed"] is not None]
    assert len(rows) == 10
    for row in rows:
        exact = {"score": 87.0, "pathwise": 4.0}[row["estimator"]] / row["averaged"]
        assert row["exact"] == pytest.approx(exact, rel=1e-9)
        assert row["low"] < exact < row["high"]
        inside = row["low"] <= row["printed"] <= row["high"]
        assert row["verdict"] == ("reproduced" if inside else "not what its definition gives")
    assert {r["verdict"] for r in rows} == {"reproduced", "not what its definition gives"}


def test_the_screen_shows_what_is_printed(run):
    from gumbench.report import summary

    (table,) = summary.of_literature(run.rows("literature"))
    assert table.title == ("Erdoğan 2016 · gaussian-quadratic · variance of a mean of estimates",)
    assert len(table.rows) == 10
    assert table.rows[0][:4] == ("score", "10", "6.453", "8.7")


def test_every_toy_of_the_list_is_in_the_preset():
    data, _ = schema.load_spec_data("literature")
    spec = schema.checked_spec(data, "literature")
    for toy in literature.toys():
        grids = [g for g in spec.grid if toy["problem"] in g.problems]
        assert any(
            all(
                value in g.settings[key]
                for key, value in toy["settings"].items()
                if key in g.settings
            )
            for g in grids
        ), toy


def test_what_no_paper_has_is_not_in_the_table():
    other = gumbench.sweep(
        problems=["bernoulli-toy"], estimators=["score"], estimates=1000, measurements=["variance"]
    )
    assert other.rows("literature") == []
