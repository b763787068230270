"""Arguments of any kind, to every command: an answer and a status, and never a traceback."""

import collections
import contextlib
import io
import json
import re
import shlex
import shutil
from pathlib import Path

import pytest
import typer
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gumbench.cli import app, main
from gumbench.errors import GumbenchError

EXAMPLES = 2640
COMMAND = typer.main.get_command(app)
COMMANDS = ("", *COMMAND.commands)
OFTEN = ("sweep", "compare", "diff", "export")
# Completion is written into the user's own shell.
ROOT = [p for p in COMMAND.params if "completion" not in p.name]

TOY = "sweep --problems bernoulli-toy --estimators score --estimates 128 --no-throughput"
SMALL = [*shlex.split(TOY), "--output", "new"]
TAKEN = [*shlex.split(TOY), "--output", "results/one"]

# Right values by option or argument; an option that is not here takes everybody's.
RIGHT = {
    "--problems": "bernoulli-toy gaussian-kl bern* gaussian-step,bernoulli-toy mine.py:pull",
    "--estimators": "score concrete rloo @unbiased con* score,pathwise Gumbel_Softmax",
    "--dimensions": "1 4,16 1:9:3lin 2:64:4log",
    "--temperatures": "0.5 0.1,1 0.1:1:4log",
    "--inner-samples": "2 4,8",
    "--set": "skew=1 score.skew=0 theta=0.3,0.5 sigma=2 t=0.45 instance=3 noise=0.1",
    "--estimates": "128 1000 1e6",
    "--truth-estimates": "128 4096",
    "--seed": "0 7 18446744073709551615",
    "--dtype": "float32 float64",
    "--threads": "1",
    "--output": "new results/one table.csv new/below /dev/null",
    "--cost": "evaluations estimates",
    "--cost-of-f": "2ms 1e-3s 5µs",
    "--gradient-cost": "3 0 1.5",
    "--cost-of-gradient": "7ms 1e-2s",
    "--reuse": "1 1000 1e6",
    "--by": "direction error",
    "--budget": "64evaluations 5ms 10estimates 64",
    "--where": "status=done problem=bern* temperature<=1 unbiased=True dimension!=7",
    "--fail-above": "10% 5% 0%",
    "--table": "variance components",
    "--format": "csv json markdown latex",
    "--columns": "estimator,variance* problem *",
    "--for": "bernoulli-toy score mine.py",
    "preset": "lecture smoke toy.toml",
    "runs": "one results/one seeded",
    "before": "one results/one seeded",
    "after": "one results/one seeded",
    "run_folder": "one results/one seeded",
    "kind": "estimators problems presets runs",
    "name": "concrete bernoulli-toy reinforce mine.py:pull",
}
RIGHT = {key: values.split() for key, values in RIGHT.items()}
ANYBODYS = sorted({value for values in RIGHT.values() for value in values})
FILES = (
    *("toy.toml", "wrong.toml", "broken.toml", "binary.toml", "nul.toml", "folder.toml"),
    *("mine.py", "broken.py", "raising.py", "exits.py", "nothing.py", "table.csv", "binary.dat"),
    *("missing.toml", "missing.py", "one/variance.csv", "one", "newer", "torn", "cut", "results"),
    *("foreign-journal", "foreign-manifest", "no-spec", "no-journal", "bad-spec", "empty"),
)
ODD = (
    *("1e400", "-1e400", "nan", "inf", "-inf", "-0", "0x10", "1_000", "1__0", "٣", "½", "²", "1e"),
    *("1e-400", "9" * 30, "0" * 30 + "1", "1.", ".", "-.5", "+4", "1,,2", "1:2:3", ":::", "2lin"),
    *("", " ", "\t\n", "-", "--", "---", "-h", "--help", "-qq", "--debug", "=", ",", "@", "*", "["),
    *("[/]", "[bold]", "%s", "{}", "\\", "'", '"', "$HOME", "~", "..", "\x00", "\x1b[2J", "\udcff"),
    *("é", "e\u0301", "\u202e", "\ufeff", "🎲", "\U000e0001", "a" * 5000, "é" * 200, "a," * 300),
    *("a=b", "=1", "x=", "x==1", "x.y.z=1", "skew=1,word", "problem=", "problem=[", "variance<nan"),
    *("@unbiased,@biased", "mine.py:", "mine.py:xyz", "mine.py:np", ":pull", ".py", "x.py:y"),
)
NUMBER = re.compile(r"[\d.]+(?:e[+-]?\d+)?", re.IGNORECASE)
POINTS = re.compile(r"(\d+)\s*l[oi][gn]", re.IGNORECASE)


@st.composite
def mutated(draw):
    """A right value with some of its characters deleted, doubled, swapped or replaced."""
    text = list(draw(st.sampled_from(ANYBODYS)))
    for _ in range(draw(st.integers(1, 3))):
        i = draw(st.integers(0, max(0, len(text) - 1)))
        change = draw(st.sampled_from(("delete", "double", "swap", "replace")))
        if change == "delete":
            text[i : i + 1] = []
        elif change == "double":
            text[i:i] = text[i : i + 1]
        elif change == "swap":
            text[i : i + 2] = reversed(text[i : i + 2])
        else:
            text[i : i + 1] = draw(st.sampled_from(",.:=-@*%[]_0e \x00é\udcff"))
    return "".join(text)


ANYTHING = st.one_of(
    *(st.sampled_from(some) for some in (ANYBODYS, FILES, ODD, COMMANDS)),
    mutated(),
    st.text(max_size=20),
    st.text(st.characters(), max_size=5),
)


@st.composite
def argument_lists(draw):
    """A command with some of its options and arguments: all right, all but one, or any."""
    command = draw(st.sampled_from((*COMMANDS, *COMMANDS, *OFTEN)))
    wrong = draw(st.sampled_from(("none", "one", "one", "any")))
    params = COMMAND.commands[command].params if command else ROOT
    chosen = draw(st.lists(st.sampled_from(params), max_size=5, unique=wrong != "any"))
    if wrong != "any":
        needed = [p for p in params if p.required]
        chosen = [*needed, *(p for p in chosen if p not in needed)]
    bad = draw(st.integers(0, max(0, len(chosen) - 1))) if wrong == "one" else -1
    arguments = []
    for number, param in enumerate(chosen):
        arguments += draw(typed(param, right=wrong != "any" and number != bad))
    for stray in draw(st.lists(ANYTHING, max_size=2)) if wrong == "any" else ():
        arguments.insert(draw(st.integers(0, len(arguments))), stray)
    if command == "sweep" and draw(st.integers(0, 19)) == 0:
        arguments = draw(st.sampled_from((SMALL, TAKEN)))
        return [*arguments, *draw(st.sampled_from(((), ("-q",), ("--force",), ("--seed", "1"))))]
    return only_planned([command, *arguments] if command else arguments)


@st.composite
def typed(draw, param, right):
    """A parameter as it is typed, with a right value or anything."""
    names = [*param.opts, *param.secondary_opts]
    key = next((name for name in names if name in RIGHT), None)
    value = st.sampled_from(RIGHT[key] if key else ANYBODYS)
    value = draw(value if right else st.one_of(value, ANYTHING, ANYTHING))
    if param.param_type_name == "argument":
        return [value]
    name = draw(st.sampled_from(names))
    if right:
        return [name] if param.is_flag else [name, value]
    forms = [[name], [name, value], [name, value], [f"{name}={value}"], [name + value]]
    return draw(st.sampled_from([[name], *forms] if param.is_flag else forms))


def only_planned(arguments):
    """The same, with no sweep that computes."""
    return [a for typed in arguments for a in (typed, *["--dry-run"][: typed == "sweep"])]


def bounded(arguments):
    """Whether nothing here is large or far away: many points, many components, other folders."""
    points = 1
    for count in POINTS.findall(" ".join(arguments)):
        points *= max(1, int(count))
    sizes = [size(text) for a in arguments for text in NUMBER.findall(a)]
    large = any("--dimension" in a for a in arguments) and any(1e4 < s < 1e10 for s in sizes)
    far = any(re.search(r"(^|=|output)\s*/(?!dev/null$)|\.\./", a) for a in arguments)
    return points <= 100 and not large and not far


def size(text):
    try:
        return abs(float(text))
    except ValueError:
        return 0.0


TOML = 'estimates = 128\n\n[[grid]]\nproblems = ["bernoulli-toy"]\n'
MINE = '''
import numpy as np
import gumbench


def pull(dimension=3, *, skew=1.0):
    """Squared distance of a one-hot draw to a ramp."""
    ramp = np.linspace(0, 1, dimension)

    def value(x):
        return ((x[:, 0] - ramp) ** 2).sum(axis=1)

    return gumbench.CategoricalProblem(skew * ramp, value, compiled=False)
'''
WRITTEN = {
    "toy.toml": TOML,
    "wrong.toml": TOML.replace("estimates", "estimats"),
    "broken.toml": TOML[:-4],
    "binary.toml": b"\xff\x00\xfe",
    "nul.toml": TOML.replace("bernoulli-toy", "a\\u0000.py"),
    "folder.toml/file": "",
    "mine.py": MINE,
    "broken.py": "def f(:\n",
    "raising.py": "1 / 0\n",
    "exits.py": "import sys\nsys.exit('bye')\n",
    "nothing.py": "import numpy as np\n",
    "table.csv": "a,b\n1,2\n",
    "binary.dat": b"\x00\xff" * 99,
    "empty/.keep": "",
    "foreign-manifest/manifest.json": '{"name": "x", "icons": [], "version": 1}',
}


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    """A folder with files and runs, whole and damaged."""
    folder = tmp_path_factory.mktemp("any") / "a" / "b" / "c"
    folder.mkdir(parents=True)
    for name, content in WRITTEN.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    with contextlib.chdir(folder):
        sweep = "sweep --problems bernoulli-toy --estimators score,concrete,exact --components"
        sweep += " --estimates 256 --temperatures 0.1,1 --quiet"
        assert main(shlex.split(f"{sweep} --output one")) == 0
        assert main(shlex.split(f"{sweep} --output seeded --seed 1")) == 0
        assert main(shlex.split(f"{TOY} --output results/one --quiet")) == 0
    damage(folder)
    return folder


def damage(folder):
    """Copies of a run, each with one file changed or gone."""
    manifest = json.loads((folder / "one/manifest.json").read_text())
    journal = (folder / "one/cells.jsonl").read_bytes()
    changed = {
        "newer": ("manifest.json", json.dumps({**manifest, "schema": 99}).encode()),
        "torn": ("cells.jsonl", journal[:-40]),
        "cut": ("manifest.json", (folder / "one/manifest.json").read_bytes()[:200]),
        "foreign-journal": ("cells.jsonl", b'{"event": "click", "time": 3}\n[1, 2]\n'),
        "bad-spec": ("spec.toml", b"x = ["),
        "no-spec": ("spec.toml", None),
        "no-journal": ("cells.jsonl", None),
    }
    for name, (file, content) in changed.items():
        path = Path(shutil.copytree(folder / "one", folder / name)) / file
        path.unlink()
        if content is not None:
            path.write_bytes(content)


def answer(arguments):
    """Status, stdout and stderr, in streams like those of a terminal."""
    out = io.TextIOWrapper(io.BytesIO(), "utf-8", "strict", newline="")
    err = io.TextIOWrapper(io.BytesIO(), "utf-8", "backslashreplace", newline="")
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            status = main(arguments)
        except GumbenchError as error:
            assert "--debug" in arguments
            status = error.exit_status
    for stream in (out, err):
        stream.flush()
    return status, out.buffer.getvalue().decode(), err.buffer.getvalue().decode()


def contents(folder):
    return {p: p.stat().st_mtime_ns for p in folder.rglob("*") if "__pycache__" not in p.parts}


def check(arguments):
    status, out, err = answer(arguments)
    assert status in (0, 1, 2, 3), err
    assert "Traceback" not in err or "--debug" in arguments
    assert "error in gumbench itself" not in err, err
    assert status != 2 or out == ""
    assert status == 0 or err or "--debug" in arguments
    return status


TAKE_FILES = (
    "preset",
    "runs",
    "before",
    "after",
    "run_folder",
    "name",
    "problems",
    "estimators",
    "applies_to",
)


@pytest.mark.parametrize("command", COMMANDS[1:])
def test_every_file(command, template, monkeypatch):
    monkeypatch.chdir(template)
    before = contents(template)
    for param in COMMAND.commands[command].params:
        for file in FILES if param.name in TAKE_FILES else ():
            before_it = param.opts[:1] if param.param_type_name == "option" else []
            check(only_planned([command, *before_it, file]))
            if param.nargs == -1:
                check([command, "one", file])
    assert contents(template) == before


@pytest.mark.slow
def test_any_arguments(template, monkeypatch):
    monkeypatch.setattr("gumbench.kernels.compiler.cache.folders", lambda: [])
    place = template.parents[1] / "place"
    statuses = collections.Counter()

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(argument_lists().filter(bounded))
    def any_arguments(arguments):
        command = next((a for a in arguments if a in COMMANDS[1:]), "")
        planned = command == "sweep" and "--dry-run" in arguments
        writes = not planned and any("--output" in a for a in arguments)
        if writes:
            shutil.rmtree(place, ignore_errors=True)
            shutil.copytree(template, place)
        folder = place if writes else template
        before = contents(folder)
        with contextlib.chdir(folder):
            status = check(arguments)
        assert not list(folder.rglob("*.part"))
        assert status != 2 or contents(folder) == before
        statuses[command, status] += 1

    any_arguments()
    for command in COMMANDS[1:]:
        assert statuses[command, 0] > 20
        assert statuses[command, 2] > 20
