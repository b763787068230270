"""Run folders and names: locks, the disk, runs beside each other, and what people type."""

import contextlib
import errno
import fcntl
import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

import gumbench
from gumbench.cli import main
from gumbench.errors import BusyError, InputError
from gumbench.runs import folders, store

pytestmark = pytest.mark.usefixtures("place")

ROOT = str(Path(gumbench.__file__).parents[1])
SWEEP = "sweep --problems bernoulli-toy --estimators score --estimates 640 --no-throughput"
FILE = """
import gumbench


def value(x):
    return x[:, 0, 0]


toy = gumbench.CategoricalProblem([0.0, 1.0], value, compiled=False)
"""


@pytest.fixture(scope="module")
def swept(tmp_path_factory):
    folder = tmp_path_factory.mktemp("swept") / "run"
    spec = {"problems": ["bernoulli-toy"], "estimators": ["score"], "estimates": 640}
    gumbench.sweep(**spec, output=folder)
    return folder


# Locks, and what is on the disk when the power fails


@pytest.mark.parametrize(
    "code", [errno.ENOSYS, errno.ENOLCK, errno.ENOTSUP, errno.EIO, errno.EINVAL]
)
def test_a_file_system_without_locks_is_not_busy(code, monkeypatch, capsys):
    def flock(*_):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(fcntl, "flock", flock)
    assert main(shlex.split(f"{SWEEP} --output run")) == 0
    said = " ".join(capsys.readouterr().err.split())
    assert f"run cannot be locked ({os.strerror(code)})" in said
    assert said.count("cannot be locked") == 1


@pytest.mark.parametrize("code", [errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES])
def test_a_lock_that_is_held_is_busy(code, monkeypatch, tmp_path):
    def flock(*_):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(fcntl, "flock", flock)
    with pytest.raises(BusyError, match="in use by"), store.Folder(tmp_path / "run").locked():
        pass


def test_folders_are_synced_when_a_file_is_new_or_replaced(monkeypatch, tmp_path):
    synced = []
    real = os.fsync

    def fsync(handle):
        synced.append(str(Path(f"/proc/self/fd/{handle}").readlink()))
        real(handle)

    monkeypatch.setattr(store.os, "fsync", fsync)
    gumbench.sweep(
        problems=["bernoulli-toy"], estimators=["score"], estimates=640, output=tmp_path / "run"
    )
    order = [p for p in synced if p in (str(tmp_path), str(tmp_path / "run"))]
    assert order[0] == str(tmp_path)
    assert order.count(str(tmp_path / "run")) >= 4
    synced.clear()
    store.write_atomically(tmp_path / "a.txt", "x")
    assert synced[-1] == str(tmp_path)
    synced.clear()
    store.Folder(tmp_path / "run").save_checkpoint("pass", {})
    assert synced[-1] == str(tmp_path / "run")


def test_a_folder_that_cannot_be_synced_is_no_error(monkeypatch, tmp_path):
    real = os.fsync

    def fsync(handle):
        if os.path.isdir(str(Path(f"/proc/self/fd/{handle}").readlink())):  # noqa: PTH112
            raise OSError(errno.EINVAL, "Invalid argument")
        real(handle)

    monkeypatch.setattr(store.os, "fsync", fsync)
    assert main(shlex.split(f"{SWEEP} --output run --quiet")) == 0


# Runs beside each other


def test_force_leaves_nothing_of_the_run_before(capsys):
    assert main(shlex.split(f"{SWEEP} --output run --components --quiet")) == 0
    assert Path("run/components.csv").exists()
    capsys.readouterr()
    assert main(shlex.split(f"{SWEEP} --output run --force")) == 0
    assert not Path("run/components.csv").exists()
    assert "components" not in capsys.readouterr().out


def test_the_same_sweep_into_a_second_folder_is_not_an_edit(capsys):
    Path("toy.py").write_text(FILE)
    words = "sweep --problems toy.py --estimators score --estimates 640 --no-throughput --output"
    for name in ("n1", "n2", "n3"):
        assert main(shlex.split(f"{words} {name}")) == 0
        assert "was edited" not in capsys.readouterr().err
    Path("toy.py").write_text(FILE + "\n# edited\n")
    assert main(shlex.split(f"{words} n4")) == 0
    assert "note: toy.py was edited since n" in capsys.readouterr().err


def test_a_run_of_version_0_1_is_refused_in_a_sentence(swept, tmp_path, capsys):
    manifest = json.loads((swept / "manifest.json").read_text())
    (tmp_path / "old").mkdir()
    (tmp_path / "old/manifest.json").write_text(json.dumps({**manifest, "schema": 1}))
    for words in ("compare old", "export old", "diff old old", f"{SWEEP} --output old"):
        assert main(shlex.split(words)) == 2
        said = capsys.readouterr().err
        assert "written by gumbench 0.1, whose runs this one does not read" in said
        assert len(said.strip().splitlines()) <= 2


def test_no_throughput_times_no_sampler(capsys):
    assert main(shlex.split("sweep lecture --no-throughput --dry-run")) == 0
    assert main(shlex.split("sweep --samplers alias --no-throughput --output run")) == 2
    assert "--no-throughput leaves that out" in capsys.readouterr().err
    spec = {"problems": ["bernoulli-toy"], "samplers": ["alias"], "dimensions": [1]}
    found = gumbench.sweep(
        {"grid": [{"samplers": ["alias"], "dimensions": [8]}, {"problems": ["bernoulli-toy"]}]},
        estimates=640,
        measurements=["variance"],
    )
    assert spec
    assert found.rows("throughput") == []


# Names


NAMES = ["run [old]", "x[/b]", "[red]run", "a,b", "ünïcode", "two words", "'quoted'", "a=b", "*"]


@pytest.mark.parametrize("name", NAMES)
def test_run_folders_of_any_name(name, capsys):
    assert main([*shlex.split(SWEEP), "--output", name]) == 0
    assert f"Wrote {name}/ (variance.csv)" in capsys.readouterr().out
    assert main(["compare", name]) == 0
    assert main(["diff", name, name]) == 0
    assert f"{name} against {name}" in " ".join(capsys.readouterr().out.split())
    assert main([*shlex.split(SWEEP), "--output", name]) == 0
    assert "everything was done before" in capsys.readouterr().err


@pytest.mark.parametrize("name", NAMES)
def test_problem_files_of_any_name(name, capsys):
    Path(f"{name}.py").parent.mkdir(exist_ok=True)
    Path(f"{name}.py").write_text(FILE)
    words = ["--estimators", "score", "--estimates", "640", "--no-throughput", "--output", "run"]
    assert main(["sweep", "--problems", f'"{name}.py"', *words]) == 0
    said = capsys.readouterr().out
    assert f"{name}.py:toy · n = 2" in said
    assert main(["export", "run", "--where", f'problem="{name}.py:toy"']) == 0
    assert capsys.readouterr().out.count("\n") == 2
    if "," not in name:
        assert main(["compare", "run", "--where", f"problem={name}.py:toy"]) == 0


def test_two_names_that_differ_in_brackets_are_two(capsys):
    for name in ("x[a]", "x[b]"):
        Path(f"{name}.py").write_text(FILE)
    words = ["--estimators", "score", "--estimates", "640", "--no-throughput", "--output", "run"]
    assert main(["sweep", "--problems", "x[a].py,x[b].py", *words]) == 0
    said = capsys.readouterr().out
    assert "x[a].py:toy" in said
    assert "x[b].py:toy" in said
    assert main(["export", "run", "--where", "problem=x[a].py:toy"]) == 0
    assert capsys.readouterr().out.count("\n") == 2


def test_bytes_that_are_no_text():
    for words in (b"compare r\xff\xfe", b"sweep --problems p\xff.py", b"explain \xff"):
        line = [sys.executable, "-m", "gumbench", *words.split()]
        done = subprocess.run(
            line, capture_output=True, env={**os.environ, "PYTHONPATH": ROOT}, check=False
        )
        assert (done.returncode, b"Traceback" in done.stderr) == (2, False)
    line = [sys.executable, "-m", "gumbench", *shlex.split(SWEEP), "--output", b"run\xff"]
    done = subprocess.run(
        line, capture_output=True, env={**os.environ, "PYTHONPATH": ROOT}, check=False
    )
    assert (done.returncode, b"Traceback" in done.stderr) == (0, False)
    assert b"Wrote run" in done.stdout
    assert os.path.isdir(b"run\xff")  # noqa: PTH112


# What people type


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("sweep categorical-quadratic", "gumbench sweep --problems categorical-quadratic"),
        ("sweep Categorical_Quadratic", "gumbench sweep --problems Categorical_Quadratic"),
        ("sweep concrete", "gumbench sweep --estimators concrete"),
        ("sweep alias", "gumbench sweep --samplers alias"),
        ("sweep toy.py", "--problems toy.py or --estimators toy.py"),
        ("sweep --estimators toy", "toy.py is here: give toy.py"),
        ("sweep --problems toy", "toy.py is here: give toy.py"),
        ("sweep --estimates 1,000,000", "1000000, 1e6 or 1M"),
    ],
)
def test_what_to_type_is_said(words, message, capsys):
    Path("toy.py").write_text(FILE)
    assert main(shlex.split(words)) == 2
    assert message in " ".join(capsys.readouterr().err.split())


@pytest.mark.parametrize(
    ("text", "count"), [("1k", 1024), ("2K", 2048), ("6400", 6400), ("1e3", 1024)]
)
def test_counts_as_people_write_them(text, count):
    words = f"sweep --problems bernoulli-toy --estimators score --estimates {text} --output run"
    assert main(shlex.split(f"{words} --no-throughput --quiet")) == 0
    assert gumbench.load("run").variance.estimates.tolist() == [count]


def test_ranges_in_a_file(capsys):
    Path("spec.toml").write_text(
        'estimates = 640\n[[grid]]\nproblems = ["categorical-quadratic"]\ndimensions = "2:8:3log"\n'
        'estimators = ["concrete"]\ntemperatures = ["0.1:1:3log", 2]\n'
    )
    assert main(shlex.split("sweep spec.toml --no-throughput --output run --quiet")) == 0
    found = gumbench.load("run")
    assert sorted(set(found.variance.dimension)) == [2, 4, 8]
    assert sorted(set(found.variance.temperature)) == pytest.approx([0.1, 0.316228, 1.0, 2.0])
    again = gumbench.sweep("run/spec.toml", measurements=["variance"])
    assert again.variance.equals(found.variance)


def test_a_dimension_that_one_of_several_problems_has_not(capsys):
    words = "sweep --problems bernoulli-toy,categorical-quadratic --dimensions 8 --dry-run"
    assert main(shlex.split(words)) == 0
    said = capsys.readouterr().err
    assert "note: bernoulli-toy does not allow D = 8: allowed is 1; left out" in said


def test_help_lists_tables_columns_and_statuses(capsys):
    said = {}
    for words in ("--help", "sweep --help", "export --help", "diff --help"):
        main(shlex.split(words))
        said[words] = " ".join(capsys.readouterr().out.split())
    for words in ("--help", "sweep --help", "diff --help"):
        assert "Exit status: 0 fine, 1 a check or a gate failed, 2 wrong usage" in said[words]
    for column in ("relative_variance", "check_p", "standard_error"):
        assert column in said["export --help"]


def test_list_alone_lists_the_kinds(capsys):
    assert main(["list"]) == 0
    said = capsys.readouterr().out
    for kind in ("estimators", "problems", "samplers", "presets", "runs"):
        assert re.search(rf"^{kind} +\d+ +gumbench ", said, re.M)


def test_the_textbooks_flaw_is_said(capsys):
    assert main(["explain", "gumbel-max-textbook"]) == 0
    assert "u is rounded to 1 once in 2^25" in capsys.readouterr().out
    from gumbench.samplers import gumbel_max_textbook

    assert "rounded to 1" in gumbel_max_textbook.__doc__
    rows = [
        {"kind": "draws", "name": name, "dimension": 10, "status": "done", "logits": "normal"}
        | {"rows": 1, "draws": 1, "nanoseconds_per_draw": 1.0, "nanoseconds_per_element": 1.0}
        | {"fraction_of_roof": 1.0, "check_p": 0.5, "implementation": "gumbench", "threads": 1}
        | {"dtype": "float32", "nanoseconds_per_element_low": 1.0}
        | {"nanoseconds_per_element_high": 1.0}
        for name in ("gumbel-max-textbook", "alias")
    ]
    from gumbench.report import times

    (table,) = times.of_jobs(rows)
    assert table.below == (
        "gumbel-max-textbook: u is rounded to 1 once in 2^25, and its category wins however rare "
        "it is",
    )


@pytest.mark.parametrize("name", ["bernoulli-toy", "bernoulli-sum", "gaussian-kl"])
def test_degenerate_settings_are_named_and_not_the_default(name, capsys):
    assert main(["explain", name]) == 0
    said = capsys.readouterr().out
    assert "degenerate" in said
    defaults = gumbench.make_problem(name).settings
    assert defaults.get("theta", 0.0) != 0.5
    assert defaults.get("sigma", 0.0) != 1.0


def test_the_newest_run_and_no_run(capsys):
    with contextlib.suppress(InputError):
        folders.newest()
    assert main(["compare"]) == 2
    assert "there is no run in results/" in capsys.readouterr().err
