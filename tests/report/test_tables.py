"""Tables are pure functions of the journal."""

import csv
import math

import numpy as np
import pandas
import pytest

import gumbench
from gumbench.report import tables

SPEC = {"problems": ["gaussian-kl", "categorical-quadratic"], "dimensions": [3], "estimates": 2000}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("run") / "run"
    gumbench.sweep(**SPEC, temperatures=[0.5], components=True, output=path)
    return path


def test_csv_reads_back_as_the_same_numbers(folder):
    results = gumbench.load(folder)
    rows = results.rows("variance")
    with (folder / "variance.csv").open() as file:
        found = list(csv.DictReader(file))
    assert len(found) == len(rows)
    for line, row in zip(found, rows, strict=True):
        assert float(line["variance"]) == row["variance"]
        assert [*line] == [c.name for c in tables.table("variance").COLUMNS]
    frame = pandas.read_csv(folder / "variance.csv")
    # pandas of version 2 reads some numbers to 13 digits.
    np.testing.assert_allclose(frame.variance, results.variance.variance.astype(float), rtol=1e-12)
    assert {
        c.name: str(results.variance[c.name].dtype) for c in tables.table("variance").COLUMNS
    } == {c.name: c.dtype for c in tables.table("variance").COLUMNS}


def test_rows_are_in_the_order_of_the_grid(folder):
    rows = gumbench.load(folder).rows("variance")
    problems = [row["problem"] for row in rows]
    assert problems == sorted(problems, key=SPEC["problems"].index)


def test_rows_hang_together(folder):
    for row in gumbench.load(folder).rows("variance"):
        assert row["variance_low"] <= row["variance"] <= row["variance_high"]
        assert row["bias_low"] <= row["bias_norm"] <= row["bias_high"]
        assert row["mse"] >= row["variance"]
        assert 0 <= row["bias_p"] <= 1
        assert row["estimates"] % row["batches"] == 0


def test_components_add_up(folder):
    results = gumbench.load(folder)
    whole = {(row["cell"], row["part"]): row for row in results.rows("variance")}
    parts = {}
    for row in results.rows("components"):
        parts.setdefault((row["cell"], row["part"]), []).append(row)
    assert parts.keys() == whole.keys()
    for key, components in parts.items():
        assert math.fsum(c["variance"] for c in components) == pytest.approx(whole[key]["variance"])
        assert math.hypot(*(c["truth"] for c in components)) == pytest.approx(
            whole[key]["truth_norm"]
        )
        for c in components:
            n = whole[key]["estimates"]
            assert c["standard_error"] == pytest.approx(math.sqrt(c["variance"] / n))


def test_the_hash_in_the_manifest_is_that_of_the_reproducible_columns(folder):
    from gumbench.runs.store import Folder

    rows = gumbench.load(folder).rows("variance")
    assert Folder(folder).manifest().sha256["variance"] == tables.sha256("variance", rows)
    other = [{**rows[0], "variance": rows[0]["variance"] * (1 + 1e-15)}, *rows[1:]]
    assert tables.sha256("variance", other) != tables.sha256("variance", rows)
    timed = [{**rows[0], "nanoseconds_per_estimate": 5.0}, *rows[1:]]
    assert tables.sha256("variance", timed) == tables.sha256("variance", rows)
