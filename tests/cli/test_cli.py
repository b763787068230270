"""The command line: help, streams, run folders that are continued, interrupts."""

import csv
import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import gumbench
from gumbench.cli import main

pytestmark = pytest.mark.usefixtures("place")

COMMANDS = ["", "sweep", "throughput", "compare", "diff", "export", "list", "explain", "info"]
HEAVY = {"numba", "pandas", "scipy", "llvmlite"}
ESTIMATORS = (
    "exact,score,score-baseline,score-loo,score-mean,local-expectation,gumbel-score,"
    "straight-through,concrete,st-gumbel-softmax"
)
TOY = (
    f"sweep --problems bernoulli-toy --estimators {ESTIMATORS} --estimates 128 --no-throughput "
    "--output run"
)


def environment(**values):
    path = str(Path(gumbench.__file__).parents[1])
    return {**os.environ, "COLUMNS": "100", "PYTHONPATH": path, **values}


def command(arguments, **values):
    return subprocess.run(
        [sys.executable, "-m", "gumbench", *shlex.split(arguments)],
        capture_output=True,
        text=True,
        env=environment(**values),
        timeout=120,
        check=False,
    )


def journal():
    return [json.loads(line) for line in Path("run/cells.jsonl").read_text().splitlines()]


def table():
    with open("run/variance.csv", newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.parametrize("flag", ["--help", "-h"])
def test_help(name, flag, place):
    said = command(f"{name} {flag}")
    assert (said.returncode, said.stderr) == (0, "")
    assert max(map(len, said.stdout.splitlines())) <= 100
    assert f"Example: gumbench {name}".strip() in said.stdout
    assert f"Usage: gumbench {name}".strip() in said.stdout
    assert not list(place.iterdir())


@pytest.mark.parametrize("name", COMMANDS)
def test_the_example_in_the_help_is_valid(name, place):
    if name in ("compare", "diff", "export"):
        small = "sweep --problems categorical-vae --dimensions 2 --estimators score,concrete"
        for output in ("", "--output results/before", "--output results/after"):
            assert main(shlex.split(f"{small} --estimates 1024 --quiet {output}")) == 0
    said = command(f"{name} --help").stdout
    example = re.search(r"Example: gumbench (.*)", said).group(1).strip()
    dry = " --dry-run" if example.startswith("sweep") else ""
    assert main(shlex.split(example + dry)) == 0


@pytest.mark.parametrize(
    "arguments", ["", "--version", "list problems --help", *(f"{c} --help" for c in COMMANDS)]
)
def test_quick_answers_import_nothing_heavy(arguments):
    code = "import sys; from gumbench.cli import main; main(sys.argv[1:]); print(*sys.modules)"
    said = subprocess.run(
        [sys.executable, "-c", code, *shlex.split(arguments)],
        capture_output=True,
        text=True,
        env=environment(),
        check=True,
    )
    assert not HEAVY & set(said.stdout.splitlines()[-1].split())


@pytest.mark.parametrize("columns", ["80", "100"])
def test_greeting(columns):
    said = command("", COLUMNS=columns)
    assert (said.returncode, said.stderr) == (0, "")
    assert re.findall(r"^  gumbench (\w+)", said.stdout, re.M) == ["sweep", "list", "explain"]
    assert "\ncost" not in said.stdout


def test_version():
    said = command("--version")
    assert said.returncode == 0
    assert said.stdout == f"gumbench {gumbench.__version__}\n"


@pytest.mark.parametrize("kind", ["", "estimators", "problems", "presets"])
def test_list(kind):
    said = command(f"list {kind}")
    assert (said.returncode, said.stderr) == (0, "")
    assert max(map(len, said.stdout.splitlines())) <= 100
    wanted = {"problems": "gaussian-kl", "presets": "lecture", "estimators": "likelihood-ratio"}
    wanted = wanted.get(kind, "gumbench list problems --for pathwise")
    assert wanted in said.stdout


@pytest.mark.parametrize("name", ["concrete", "Gumbel_Softmax", "score", "gaussian-kl"])
def test_explain(name, capsys):
    assert main(["explain", name]) == 0
    said = capsys.readouterr()
    assert "setting" in said.out
    assert said.err == ""


def test_results_on_stdout_and_notes_on_stderr():
    said = command(f"{TOY} --temperatures 1,1")
    assert said.returncode == 0
    assert "bernoulli-toy · D = 1" in said.stdout
    assert "Wrote run/ (variance.csv)" in said.stdout
    assert "note: --temperatures: 1 equal values dropped" in said.stderr
    assert "SHA-256" in said.stderr
    assert not {"note:", "SHA-256"} & set(said.stdout.split())
    assert "│" not in said.stdout
    for text in (said.stdout, said.stderr):
        assert not re.search("[\r\x1b━…]", text)
        assert max(map(len, text.splitlines())) <= 100


def test_a_pipe_is_as_wide_as_a_table():
    without = {k: v for k, v in environment().items() if k != "COLUMNS"}
    said = subprocess.run(
        [sys.executable, "-m", "gumbench", *shlex.split(TOY)],
        capture_output=True,
        text=True,
        env=without,
        check=True,
    )
    assert "…" not in said.stdout
    assert "variance (95 %)" in said.stdout


@pytest.mark.parametrize("values, colour", [({}, True), ({"NO_COLOR": "1"}, False)])
def test_no_color(values, colour):
    said = command("sweep xyzzy", FORCE_COLOR="1", TERM="xterm-256color", **values)
    assert said.returncode == 2
    assert bool(re.search(r"\x1b\[[0-9;]*3[0-9]", said.stderr)) is colour


def test_dry_run_writes_nothing(place, capsys):
    assert main(shlex.split(f"{TOY} --dry-run")) == 0
    said = capsys.readouterr()
    assert "14 cells" in said.err
    assert said.out == ""
    assert not list(place.iterdir())


def test_the_same_command_again_computes_nothing(capsys):
    assert main(shlex.split(TOY)) == 0
    before = Path("run/cells.jsonl").read_bytes(), Path("run/variance.csv").read_bytes()
    capsys.readouterr()
    assert main(shlex.split(TOY)) == 0
    said = capsys.readouterr()
    assert "14 of them done before" in said.err
    assert "nothing was computed" in said.err
    assert "bernoulli-toy · D = 1" in said.out
    assert (Path("run/cells.jsonl").read_bytes(), Path("run/variance.csv").read_bytes()) == before


def test_a_folder_grows_with_its_spec(capsys):
    assert main(shlex.split(f"{TOY} --estimators concrete --temperatures 0.5")) == 0
    old = journal()
    capsys.readouterr()
    assert main(shlex.split(f"{TOY} --estimators score,concrete --temperatures 0.1,0.5")) == 0
    assert "3 cells, 1 of them done before" in capsys.readouterr().err
    new = journal()
    assert new[: len(old)] == old
    assert len(new) == 3
    assert [(r["estimator"], r["temperature"]) for r in table()] == [
        ("score", ""),
        ("concrete", "0.1"),
        ("concrete", "0.5"),
    ]


def test_only_missing_cells_are_computed():
    assert main(shlex.split(TOY)) == 0
    path = Path("run/cells.jsonl")
    rows, lines = table(), path.read_text().splitlines(keepends=True)
    path.write_text("".join(lines[:4] + lines[5:]))
    assert main(shlex.split(TOY)) == 0
    assert path.read_text().splitlines(keepends=True)[:-1] == lines[:4] + lines[5:]
    assert table() == rows


def test_force_starts_over():
    assert main(shlex.split(f"{TOY} --seed 1")) == 0
    assert main(shlex.split(f"{TOY} --seed 2")) == 2
    assert main(shlex.split(f"{TOY} --seed 2 --force")) == 0
    assert {row["seed"] for row in table()} == {"2"}
    assert len(journal()) == 14


@pytest.mark.parametrize("flag", ["--quiet", "-q"])
def test_quiet(flag, capsys):
    assert main(shlex.split(f"{TOY} {flag}")) == 0
    said = capsys.readouterr()
    assert said.out == "Wrote run/ (variance.csv)\n"
    assert said.err == ""


def test_the_spec_of_a_run_is_the_run():
    assert main(shlex.split(f"{TOY} --set t=0.3,0.4 --temperatures 0.1:1:3log")) == 0
    rows = table()
    assert main(["sweep", "run/spec.toml", "--output", "again"]) == 0
    assert Path("again/variance.csv").read_bytes() == Path("run/variance.csv").read_bytes()
    assert len(rows) == 2 * (8 + 2 * 3)


def test_output_left_out_is_named_after_the_spec():
    assert main(shlex.split("sweep --problems bernoulli-toy --estimators score -q")) == 0
    (folder,) = Path("results").iterdir()
    assert re.fullmatch(r"sweep-[0-9a-f]{8}", folder.name)


def test_components_are_kept():
    assert main(shlex.split(f"{TOY} --estimators score --components -q")) == 0
    (record,) = journal()
    assert len(record["parts"]["logit"]["components"]["mean"]) == 1


def test_debug_shows_where(place):
    plain, debug = command("sweep xyzzy"), command("sweep xyzzy --debug")
    assert "Traceback" not in plain.stderr
    assert "Traceback" in debug.stderr


@pytest.mark.parametrize("arguments", ["list", "explain concrete", f"{TOY}"])
def test_a_reader_that_has_seen_enough(arguments):
    with subprocess.Popen(
        [sys.executable, "-m", "gumbench", *shlex.split(arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(),
    ) as process:
        process.stdout.close()
        said = process.stderr.read()
    assert process.returncode == 0
    assert b"Traceback" not in said
    assert b"Broken" not in said


def test_interrupt_keeps_what_is_done_and_says_how_to_go_on():
    arguments = f"{TOY} --estimates 1e12 --estimators exact,score --quiet"
    # A process started in the background of a shell would ignore the signal.
    code = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
    code += "from gumbench.__main__ import main; main()"
    with subprocess.Popen(
        [sys.executable, "-c", code, *shlex.split(arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
    ) as process:
        path = Path("run/cells.jsonl")
        while not (path.exists() and path.read_bytes().endswith(b"\n")):
            assert process.poll() is None
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        out, said = process.communicate(timeout=60)
    assert (process.returncode, out) == (130, "")
    assert " of 2 cells of this run are saved in run" in said
    assert f"To continue: gumbench {arguments}" in said
    assert len(journal()) == 1


def test_info_and_its_cache(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("GUMBENCH_CACHE_DIR", str(tmp_path))
    (tmp_path / "0123456789abcdef").mkdir()
    (tmp_path / "0123456789abcdef" / "kernel.nbc").write_bytes(b"x" * 2_000_000)
    (tmp_path / "not ours").mkdir()
    assert main(["info"]) == 0
    said = capsys.readouterr().out
    assert "2.0 MB in 2 folders" in said
    assert {"processor", "versions", "threads", "choice"} <= {
        line.split()[0] for line in said.splitlines()
    }
    assert main(["info", "--clear-cache"]) == 0
    assert "2.0 MB removed" in capsys.readouterr().out
    assert [p.name for p in tmp_path.iterdir()] == ["not ours"]


def test_list_what_applies(capsys):
    assert main(["list", "--for", "gaussian-step"]) == 0
    said = capsys.readouterr().out
    assert "score-loo" in said
    assert "pathwise" not in said
    assert main(["list", "problems", "--for", "stl"]) == 0
    said = capsys.readouterr().out
    assert "gaussian-kl" in said
    assert "gaussian-quadratic" not in said
    assert main(["list", "presets", "--for", "score"]) == 2
    assert main(["list", "--for", "gaussian-stp"]) == 2
    assert "did you mean gaussian-step" in capsys.readouterr().err


def test_list_runs(place, capsys):
    assert main(["list", "runs"]) == 0
    few = ["--estimators", "score,pathwise", "--estimates", "128"]
    assert main(["sweep", "smoke", *few, "--quiet"]) == 0
    capsys.readouterr()
    assert main(["list", "runs"]) == 0
    assert "results/smoke-" in capsys.readouterr().out
