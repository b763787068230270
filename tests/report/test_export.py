"""Tables in other formats, through the command."""

import csv
import io
import json
import re

import pytest

import gumbench
from gumbench.cli import main
from gumbench.report import export as exporting
from gumbench.report import query


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("export") / "run"
    gumbench.sweep(
        problems=["bernoulli-toy"],
        estimators=["score", "concrete", "pathwise"],
        temperatures=[0.1, 1.0],
        estimates=5000,
        components=True,
        measurements=["variance"],
        output=path,
    )
    return path


def export(folder, capsys, *options):
    assert main(["export", str(folder), *options]) == 0
    return capsys.readouterr().out


def test_csv_is_the_table_itself(folder, capsys):
    assert export(folder, capsys) == (folder / "variance.csv").read_text()
    components = export(folder, capsys, "--table", "components")
    assert components == (folder / "components.csv").read_text()


def test_columns_and_conditions(folder, capsys):
    text = export(folder, capsys, "--columns", "estimator,variance*", "--where", "temperature>=1")
    (row,) = csv.DictReader(io.StringIO(text))
    assert list(row) == ["estimator", "variance", "variance_low", "variance_high"]
    assert row["estimator"] == "concrete"


@pytest.mark.parametrize(
    ("condition", "count"),
    [
        ("estimator=con*", 2),
        ("estimator!=con*", 2),
        ("status=skipped", 1),
        ("unbiased=True", 1),
        ("temperature<1", 1),
        ("dimension=1", 4),
    ],
)
def test_conditions(folder, capsys, condition, count):
    assert (
        len(json.loads(export(folder, capsys, "--format", "json", "--where", condition))) == count
    )


def test_json_has_numbers_and_nulls(folder, capsys):
    rows = json.loads(export(folder, capsys, "--format", "json"))
    assert rows[0]["estimator"] == "score"
    assert rows[0]["temperature"] is None
    assert isinstance(rows[0]["variance"], float)


def test_markdown_shows_every_temperature_unless_told_otherwise(folder, capsys):
    every = export(folder, capsys, "--format", "markdown")
    best = export(folder, capsys, "--format", "markdown", "--best-temperature")
    assert best.count("| concrete |") == 1
    assert every.count("| concrete |") == 2
    rows = [line for line in every.splitlines() if line.startswith("|")]
    assert rows[0] == "| estimator | τ | f | ∇f | variance (95 %) | bias, % |"
    assert {row.count("|") for row in rows} == {7}
    assert "problem bernoulli-toy" in every


def test_a_paper_table_fits_a_page(folder, capsys):
    """What all rows have in common is above; an interval is in its cell, bias is in percent."""
    text = export(folder, capsys, "--format", "latex", "--where", "status=done")
    assert text.startswith(("% problem bernoulli-toy", r"\begin{tabular}{"))
    columns = len(re.search(r"tabular\}\{([lr]+)\}", text)[1])
    assert columns <= 8
    lines = [line for line in text.splitlines() if line.endswith(r"\\")]
    assert {line.count(" & ") for line in lines} == {columns - 1}
    assert "_" not in text.replace(r"\_", "")
    assert not re.search(r"\de-?\d", text)
    assert "--" in text
    assert r"$\tau$" in text


def test_a_table_turned_around(folder, capsys):
    command = ("--format", "markdown", "--down", "estimator", "--across", "temperature")
    text = export(folder, capsys, *command, "--where", "estimator=concrete,st*,score")
    rows = [line.split("|")[1:-1] for line in text.splitlines() if line.startswith("|")]
    heads = [cell.strip() for cell in rows[0]]
    assert heads == ["estimator", "τ = none", "τ = 0.1", "τ = 1"]
    text = export(folder, capsys, *command, "--columns", "mse")
    assert "mse" in text
    rows = gumbench.load(folder).rows("variance")
    concrete = next(r for r in rows if r["estimator"] == "concrete" and r["temperature"] == 1.0)
    assert f"{concrete['mse']:.4g}" in text


def test_settings_that_differ_are_columns(tmp_path, capsys):
    spec = {"problems": ["bernoulli-toy"], "estimators": ["score"], "estimates": 640}
    run = gumbench.sweep(**spec, settings={"t": [0.3, 0.4], "theta": [0.2]}, output=tmp_path / "r")
    text = export(tmp_path / "r", capsys, "--format", "latex")
    assert "settings &" in text
    assert "t = 0.3 &" in text
    assert "theta" not in text
    wide = run.table("variance", settings="wide")
    assert list(wide["setting.t"]) == [0.3, 0.4]
    assert list(wide["setting.theta"]) == [0.2, 0.2]
    assert "settings" not in wide
    assert run.table("variance").equals(run.variance)
    for name, form in (("variances", "text"), ("variance", "broad")):
        with pytest.raises(gumbench.InputError):
            run.table(name, settings=form)


@pytest.mark.parametrize(
    ("condition", "count"),
    [
        ("problem=Bernoulli_Toy", 4),
        ("estimator=score,concrete", 3),
        ("estimator!=score,concrete", 1),
        ("temperature=0.1,1", 2),
        ('estimator="score","con*"', 3),
    ],
)
def test_conditions_as_people_type_them(folder, capsys, condition, count):
    assert (
        len(json.loads(export(folder, capsys, "--format", "json", "--where", condition))) == count
    )


def test_what_there_is_is_said_where_nothing_is_left(folder, capsys):
    assert main(["export", str(folder), "--where", "estimator=nobody"]) == 2
    said = capsys.readouterr().err
    assert "no row has estimator=nobody: estimator is score, concrete, pathwise" in said


def test_conditions_are_settings_and_aliases_too(folder):
    run = gumbench.sweep(
        problems=["bernoulli-toy", "categorical-quadratic"],
        dimensions=[1, 3],
        estimators=["score", "concrete"],
        temperatures=[1.0],
        estimates=640,
    )
    every = run.rows("variance")

    def kept(*conditions):
        return query.where("variance", every, list(conditions))

    for text in ("skew=1", "skew=1.0", "skew>0.5", "skew!=2", "skew=1,7"):
        assert {r["problem"] for r in kept(text)} == {"categorical-quadratic"}, text
    for text in ("estimator=reinforce", "estimator=score-function", "estimator=SCORE"):
        assert {r["estimator"] for r in kept(text)} == {"score"}, text
    assert kept("estimator=reinforce,concrete") == kept("estimator=score,concrete")
    for text, said in (("skew=3", "skew is 1.0"), ("skw=1", "no column")):
        with pytest.raises(gumbench.InputError, match=said):
            kept(text)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("--table throughput --best-temperature", "goes with the tables variance and components"),
        ("--table throughput --down estimator --across dimension --format latex", "for the table"),
    ],
)
def test_options_of_another_table(words, said, timed_folder, capsys):
    assert main(["export", str(timed_folder), *words.split()]) == 2
    assert said in capsys.readouterr().err


@pytest.fixture(scope="module")
def timed_folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("timed") / "run"
    spec = {"problems": ["bernoulli-toy"], "estimators": ["score"], "estimates": 640}
    gumbench.sweep(**spec, measurements=["variance", "estimator_time"], output=path)
    return path


def test_a_paper_marks_oracles(tmp_path):
    spec = {"problems": ["categorical-quadratic"], "dimensions": [4], "estimates": 6400}
    run = gumbench.sweep(**spec, estimators=["score", "score-baseline"])
    for style in ("latex", "markdown"):
        text = exporting.export(run.records, style=style)
        assert "score-baseline (oracle)" in text
        assert "score (oracle)" not in text


def test_output(folder, capsys, tmp_path):
    assert export(folder, capsys, "--output", str(tmp_path / "table.csv")) == ""
    assert (tmp_path / "table.csv").read_text() == (folder / "variance.csv").read_text()


def test_the_newest_run_is_the_default(folder, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["export"]) == 2
    assert "there is no run in results/" in capsys.readouterr().err
    (tmp_path / "results").mkdir()
    (tmp_path / "results" / "one").symlink_to(folder)
    assert main(["export"]) == 0
    assert capsys.readouterr().out == (folder / "variance.csv").read_text()


BAD = [
    ("export {run} --table varianc", "did you mean variance"),
    ("export {run} --format tex", "did you mean latex"),
    ("export {run} --columns varianze", "did you mean variance"),
    ("export {run} --columns ,", "--columns is empty"),
    ("export {run} --where variance", "give column=value"),
    ("export {run} --where colour=red", "no column is called 'colour'"),
    ("export {run} --where temperature=hot", "temperature is a number"),
    ("export {run} --where estimator<b", "compare it with = or !="),
    ("export {run} --where estimator=arm", "no row has estimator=arm"),
    ("export {run} --output {run}/no/where/table.csv", "cannot write"),
    ("export nowhere", "is no run folder"),
    ("compare nowhere", "is no run folder"),
    ("compare {run} --cost second", "no cost is called 'second'"),
    ("compare {run} --cost-of-f 2", "give a number with its unit, such as 2ms"),
    ("compare {run} --cost-of-f 2parsec", "give a number with its unit"),
    ("compare {run} --cost-of-f 0ms", "give more than 0"),
    ("compare {run} --gradient-cost many", "give a number"),
    ("compare {run} --gradient-cost -1", "give a number from 0"),
    ("compare {run} --gradient-cost nan", "give a number from 0"),
    ("compare {run} --budget 5ms", "a time needs --cost time, or --cost-of-f"),
    ("compare {run} --budget 64parsecs", "such as 64evaluations"),
    ("compare {run} --where status=skipped", "there is no finished cell to compare"),
]


@pytest.mark.parametrize(("command", "message"), BAD)
def test_mistakes(folder, capsys, command, message):
    assert main(command.format(run=folder).split()) == 2
    said = capsys.readouterr()
    assert message in said.err
    assert "Traceback" not in said.err
    assert said.out == ""
