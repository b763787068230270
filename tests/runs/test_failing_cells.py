"""Cells that are skipped, fail or diverge, beside cells that are done."""

import csv
import shlex

import pytest
from refusals import refused

from gumbench.cli import main
from gumbench.measure import variance


def rows(folder):
    with open(folder / "variance.csv", newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_some_pairs_do_not_apply(place):
    command = "sweep --problems bernoulli-toy,gaussian-kl --dimensions 1 --estimators concrete,stl"
    assert main([*shlex.split(command), "--estimates", "128", "--output", "run", "--quiet"]) == 0
    found = {
        (r["problem"], r["estimator"]): (r["status"], r["message"]) for r in rows(place / "run")
    }
    assert found == {
        ("bernoulli-toy", "concrete"): ("done", ""),
        ("bernoulli-toy", "sticking-the-landing"): (
            "skipped",
            "no such estimator for the categorical family",
        ),
        ("gaussian-kl", "concrete"): ("skipped", "no such estimator for the gaussian family"),
        ("gaussian-kl", "sticking-the-landing"): ("done", ""),
    }


FAILING = (
    "sweep --problems gaussian-kl --estimators score --dimensions 1 --estimates 128 "
    "--set sigma=1,2 --output run --quiet"
)


@pytest.fixture
def planted(monkeypatch):
    """The second cell of FAILING raises."""
    original = variance.measure

    def measure(cells, monitor=None):
        if dict(cells[0].problem_settings)["sigma"] == 2.0:
            raise ValueError("planted")
        return original(cells, monitor)

    monkeypatch.setattr(variance, "measure", measure)


def test_some_cells_fail(place, capsys, planted):
    for _ in range(2):
        assert main(shlex.split(FAILING)) == 3
        assert "planted" in capsys.readouterr().err
        assert {(r["part"], r["status"]) for r in rows(place / "run")} == {
            ("", "error"),
            ("mean", "done"),
            ("scale", "done"),
        }


def test_fail_fast(place, capsys, planted):
    refused(capsys, f"{FAILING} --fail-fast", "cells before it are saved", status=3)
    assert not (place / "run/variance.csv").exists()


def test_a_cell_that_is_not_finite(place, capsys):
    diverging = FAILING.replace("sigma=1,2", "mu=1e30,1")
    for _ in range(2):
        assert main(shlex.split(diverging)) == 3
        capsys.readouterr()
        assert {r["status"] for r in rows(place / "run")} == {"diverged", "done"}
    said = (place / "run/variance.csv").read_text()
    assert "not finite in 64 of 64 batches, the first number 0 of batch 0" in said
