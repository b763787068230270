"""Resume, extension and refusal of run folders."""

import json

import pytest

import gumbench
from gumbench import measure
from gumbench.errors import BusyError, InputError
from gumbench.runs import run
from gumbench.runs.monitor import Monitor
from gumbench.runs.plan import plan
from gumbench.runs.store import Folder

SPEC = {"problems": ["bernoulli-toy"], "estimators": ["score", "concrete"], "estimates": 1000}


class Counting(Monitor):
    def __init__(self):
        self.cells = 0

    def finish(self, records):
        self.cells += len(records)


def sweep(folder, **more):
    monitor = Counting()
    results = gumbench.sweep(**SPEC | more, output=folder, monitor=monitor)
    return monitor.cells, results


def test_the_same_again_computes_nothing(tmp_path):
    assert sweep(tmp_path / "run")[0] == 4
    before = (tmp_path / "run" / "variance.csv").read_bytes()
    count, results = sweep(tmp_path / "run")
    assert count == 0
    assert len(results.variance) == 4
    assert (tmp_path / "run" / "variance.csv").read_bytes() == before


def test_a_folder_takes_a_spec_that_contains_its_own(tmp_path):
    sweep(tmp_path / "run", temperatures=[0.5])
    count, results = sweep(
        tmp_path / "run", temperatures=[0.5, 0.7], estimators=["score", "concrete", "st"]
    )
    assert count == 2
    assert list(results.variance.estimator) == ["score", "concrete", "concrete", "straight-through"]
    fresh = gumbench.sweep(
        **SPEC | {"temperatures": [0.5, 0.7], "estimators": ["score", "concrete", "st"]}
    )
    assert results.variance.equals(fresh.variance)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"seed": 1}, "seed"),
        ({"estimates": 2000}, "estimates"),
        ({"dtype": "float64"}, "dtype"),
        ({"estimators": ["score"]}, "another grid"),
    ],
)
def test_anything_else_is_refused(tmp_path, change, message):
    sweep(tmp_path / "run")
    before = (tmp_path / "run" / "cells.jsonl").read_bytes()
    with pytest.raises(InputError, match=message):
        sweep(tmp_path / "run", **change)
    assert (tmp_path / "run" / "cells.jsonl").read_bytes() == before


def test_a_torn_last_line_is_computed_again(tmp_path):
    _, whole = sweep(tmp_path / "run")
    journal = tmp_path / "run" / "cells.jsonl"
    journal.write_bytes(journal.read_bytes()[:-40])
    count, again = sweep(tmp_path / "run")
    assert count == 1
    assert again.variance.equals(whole.variance)
    assert len(journal.read_text().splitlines()) == 4


def test_a_cell_that_fails_does_not_end_the_others(tmp_path):
    module = measure.measurement("variance")
    original = module.measure

    def failing(cells, monitor=None):
        if cells[0].estimator == "score":
            raise ValueError("planted")
        return original(cells, monitor)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "measure", failing)
        _, results = sweep(tmp_path / "run")
    assert list(results.variance.status) == ["error", "done", "done", "done"]
    assert "planted" in results.variance.message[0]
    count, results = sweep(tmp_path / "run")
    assert count == 1
    assert list(results.variance.status) == ["done"] * 4


def test_pairs_that_do_not_apply_are_rows_only_when_named():
    named = gumbench.sweep(
        problems=["gaussian-step"], estimators=["score", "pathwise"], estimates=200
    )
    skipped = named.variance[named.variance.status == "skipped"]
    assert list(skipped.estimator.unique()) == ["pathwise"]
    assert skipped.message.str.contains("∂f/∂x").all()
    by_tag = gumbench.sweep(problems=["gaussian-step"], estimators=["@unbiased"], estimates=200)
    assert "pathwise" not in set(by_tag.variance.estimator)


def test_a_folder_in_use_is_refused(tmp_path):
    sweep(tmp_path / "run")
    with (
        Folder(tmp_path / "run").locked(),
        pytest.raises(BusyError, match="process"),
    ):
        sweep(tmp_path / "run", estimators=["score", "concrete", "st"])


def test_the_spec_in_a_folder_gives_the_same_numbers(tmp_path):
    _, results = sweep(tmp_path / "run", temperatures=[0.25])
    again = gumbench.sweep(str(tmp_path / "run" / "spec.toml"))
    assert again.variance.equals(results.variance)


def test_a_manifest_of_a_newer_schema_is_refused(tmp_path):
    sweep(tmp_path / "run")
    path = tmp_path / "run" / "manifest.json"
    manifest = json.loads(path.read_text())
    path.write_text(json.dumps({**manifest, "schema": 99}))
    with pytest.raises(InputError, match="newer"):
        gumbench.load(tmp_path / "run")


def test_the_manifest_says_where_the_run_was_made(tmp_path):
    sweep(tmp_path / "run")
    manifest = Folder(tmp_path / "run").manifest()
    assert manifest.seed == 0
    assert {"cores", "vector_bits", "versions"} <= manifest.machine.keys()
    assert len(manifest.cells) == 4


def test_a_run_planned_before_another_finished_loses_nothing(tmp_path):
    from gumbench.spec import schema

    spec = schema.checked_spec(schema.merge({}, SPEC), "test")
    planned = plan(spec, tmp_path / "run")
    sweep(tmp_path / "run")
    before = (tmp_path / "run" / "cells.jsonl").read_text()
    run.run(planned)
    assert (tmp_path / "run" / "cells.jsonl").read_text().startswith(before)
