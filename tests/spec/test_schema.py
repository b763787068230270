"""What is asked for: the grammar of numbers, flags over files, TOML that reads back."""

import tomllib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gumbench import measure
from gumbench.errors import InputError
from gumbench.runs import grid
from gumbench.runs.plan import plan
from gumbench.spec import schema
from gumbench.spec.numbers import numbers, setting
from gumbench.spec.schema import Grid, SweepSpec, checked_spec, merge


@pytest.mark.parametrize(
    "text, kind, values",
    [
        ("4,16,64", int, [4, 16, 64]),
        (" 4 , 16 ", int, [4, 16]),
        ("4,,16,", int, [4, 16]),
        ("64,4", int, [64, 4]),
        ("1e3", int, [1000]),
        ("18446744073709551615", int, [2**64 - 1]),
        ("-3", int, [-3]),
        ("0.1,1e-6", float, [0.1, 1e-6]),
        ("1", float, [1.0]),
        ("1:16:5log", int, [1, 2, 4, 8, 16]),
        ("2:1024:10log", int, [2**n for n in range(1, 11)]),
        ("1:9:3lin", int, [1, 5, 9]),
        ("9:1:3lin", int, [9, 5, 1]),
        ("16:1:5log", int, [16, 8, 4, 2, 1]),
        ("0.1:1:10lin", float, [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0]),
        ("0.01:100:5LOG", float, [0.01, 0.1, 1.0, 10.0, 100.0]),
        ("0.12345678:0.87654321:2lin", float, [0.12345678, 0.87654321]),
        ("0:1:3lin", float, [0.0, 0.5, 1.0]),
        ("-1:1:3lin", float, [-1.0, 0.0, 1.0]),
        ("1e-300:1e300:3log", float, [1e-300, 1.0, 1e300]),
        ("-1e308:1e308:3lin", float, [-1e308, 0.0, 1e308]),
        ("1,2:4:3lin,8", int, [1, 2, 3, 4, 8]),
    ],
)
def test_numbers(text, kind, values):
    found, note = numbers(text, "axis", kind)
    assert found == values
    assert all(type(v) is kind for v in found)
    assert note == ""


@pytest.mark.parametrize(
    "text, values, dropped",
    [("4,4", [4], 1), ("1:4:10lin", [1, 2, 3, 4], 6), ("1,1:3:3lin", [1, 2, 3], 1)],
)
def test_equal_values_are_dropped_and_said_so(text, values, dropped):
    assert numbers(text, "axis", int) == (values, f"--axis: {dropped} equal values dropped")


@settings(derandomize=True, deadline=None)
@given(
    st.floats(1e-6, 1e6),
    st.floats(1e-6, 1e6),
    st.integers(2, 50),
    st.sampled_from(["lin", "log"]),
)
def test_ranges_contain_their_ends_and_stay_between(start, end, count, spacing):
    found, _ = numbers(f"{start!r}:{end!r}:{count}{spacing}", "axis")
    assert found[0] == start
    assert end in found
    low, high = sorted((start, end))
    assert all(low * (1 - 1e-5) <= v <= high * (1 + 1e-5) for v in found)


@settings(derandomize=True, deadline=None)
@given(st.text("0123456789.:,-+elogin ²", max_size=12))
def test_any_text_is_numbers_or_an_error(text):
    for kind in (int, float):
        try:
            found, _ = numbers(text, "axis", kind)
        except InputError as error:
            assert "--axis" in str(error)
        else:
            assert found
            assert all(type(v) is kind for v in found)


@pytest.mark.parametrize(
    "text, key, values",
    [
        ("skew=1", "skew", (1,)),
        ("skew=1.0,2", "skew", (1.0, 2)),
        ("concrete.mode=fast", "concrete.mode", ("fast",)),
        ("flag=True,false", "flag", (True, False)),
        (" skew = 1 ", "skew", (1,)),
    ],
)
def test_setting(text, key, values):
    found = setting(text)
    assert found == (key, values)
    assert [type(v) for v in found[1]] == [type(v) for v in values]


FILE = {
    "estimates": 1000,
    "grid": [
        {"problems": ["gaussian-kl"], "dimensions": [1, 2], "settings": {"mu": [1.0]}},
        {"problems": ["bernoulli-toy"], "temperatures": [0.5]},
    ],
}


@pytest.mark.parametrize(
    "flags, top, grids",
    [
        ({}, {}, FILE["grid"]),
        ({"seed": None, "dimensions": None}, {}, FILE["grid"]),
        ({"estimates": 500, "seed": 3}, {"estimates": 500, "seed": 3}, FILE["grid"]),
        ({"threads": 1}, {"threads": 1}, FILE["grid"]),
        (
            {"dimensions": [4]},
            {},
            [{**FILE["grid"][0], "dimensions": [4]}, {**FILE["grid"][1], "dimensions": [4]}],
        ),
        (
            {"settings": {"t": (0.1,)}},
            {},
            [
                {**FILE["grid"][0], "settings": {"mu": [1.0], "t": (0.1,)}},
                {**FILE["grid"][1], "settings": {"t": (0.1,)}},
            ],
        ),
        (
            {"settings": {"mu": (2.0,)}, "estimators": ["score"]},
            {},
            [
                {**FILE["grid"][0], "estimators": ["score"], "settings": {"mu": (2.0,)}},
                {**FILE["grid"][1], "estimators": ["score"], "settings": {"mu": (2.0,)}},
            ],
        ),
        ({"problems": ["gaussian-step"]}, {}, [{"problems": ["gaussian-step"]}]),
        (
            {"problems": ["gaussian-step"], "dimensions": [3], "settings": {"k": (0.1,)}},
            {},
            [{"problems": ["gaussian-step"], "dimensions": [3], "settings": {"k": (0.1,)}}],
        ),
    ],
)
def test_flags_go_over_the_file(flags, top, grids):
    assert merge(FILE, flags) == {**FILE, **top, "grid": grids}


def lists(elements):
    return st.lists(elements, min_size=1, max_size=3).map(tuple)


finite = st.floats(allow_nan=False, allow_infinity=False)
text = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
scalar = st.booleans() | st.integers(-(2**63), 2**63 - 1) | finite | text
counts = st.integers(schema.FEWEST_ESTIMATES, 2**53 - 1)
grids = st.builds(
    Grid,
    problems=lists(text),
    dimensions=st.none() | lists(st.integers(1, 2**63 - 1)),
    estimators=st.none() | lists(text),
    temperatures=st.none() | lists(st.floats(1e-6, 1e6)),
    inner_samples=st.none() | lists(st.integers(1, 2**24 - 1)),
    settings=st.dictionaries(text, lists(scalar), max_size=3),
)
specs = st.builds(
    SweepSpec,
    grid=lists(grids),
    estimates=counts,
    truth_estimates=counts,
    seed=st.integers(0, 2**64 - 1),
    dtype=st.sampled_from(["float32", "float64"]),
    threads=st.none() | st.integers(1, 1024),
    components=st.booleans(),
    measurements=lists(text),
)


def typed(spec):
    """Settings with their types: True, 1 and 1.0 are equal but not the same setting."""
    return [[repr(v) for v in values] for g in spec.grid for values in g.settings.values()]


@settings(derandomize=True, deadline=None)
@given(specs)
def test_a_spec_reads_back_from_its_toml(spec):
    again = checked_spec(tomllib.loads(schema.to_toml(spec)), "spec.toml")
    assert again == spec
    assert typed(again) == typed(spec)


@settings(derandomize=True, deadline=None)
@given(specs)
def test_threads_are_not_part_of_what_a_run_is(spec):
    other = spec.model_copy(update={"threads": 3})
    assert other.identity() == spec.identity()
    assert "threads" not in spec.identity()


PRESETS = [
    pytest.param(name, marks=pytest.mark.slow if name == "full" else ())
    for name in schema.preset_names()
]


@pytest.mark.parametrize("name", PRESETS)
def test_presets_plan_and_resolve_to_themselves(name, tmp_path):
    data, found = schema.load_spec_data(name)
    assert found == name
    spec = checked_spec(data, name)
    planned = plan(spec, tmp_path / "run")
    assert planned.cells and not planned.done
    assert not (tmp_path / "run").exists()
    again = checked_spec(tomllib.loads(schema.to_toml(spec)), name)
    assert [c.key for c in grid.cells(again)[0]] == [c.key for c in planned.cells]


def test_a_file_is_named_after_itself(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_bytes(b'\xef\xbb\xbf[[grid]]\nproblems = ["bernoulli-toy"]\n')
    assert schema.load_spec_data(str(path)) == ({"grid": [{"problems": ["bernoulli-toy"]}]}, "mine")


def test_cells_share_a_pass_only_where_their_temperature_differs():
    data = {"grid": [{"problems": ["bernoulli-toy"], "estimators": ["concrete", "score"]}]}
    cells, _ = grid.cells(checked_spec(data, "test"))
    assert [[c.temperature for c in p] for p in measure.passes(cells)] == [[0.1, 0.5, 1.0], [None]]
