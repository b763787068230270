"""What was asked for: the specification of a sweep and the grammar of its numbers.

Only the form is checked here; names are checked by the grid, which knows the registry.
"""

import csv
import json
import math
import tomllib
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Literal

import pydantic

from gumbench.errors import InputError, unknown

FEWEST_ESTIMATES = 128
MEASUREMENTS = ("variance", "speed")
PRESETS = resources.files("gumbench") / "presets"

Temperature = Annotated[float, pydantic.Field(ge=1e-6, le=1e6)]
Positive = Annotated[int, pydantic.Field(ge=1)]
InnerSamples = Annotated[int, pydantic.Field(ge=1, lt=1 << 24)]
NotEmpty = pydantic.Field(min_length=1)
Scalar = bool | int | float | str


def _spelled_out(kind):
    """Validator of an axis in a file: ranges are texts there, one value needs no list."""

    def spelled_out(value, info):
        values = value if isinstance(value, list | tuple) else [value]
        if any(isinstance(item, bool) for item in values):
            raise ValueError("give numbers")
        if not any(isinstance(item, str) for item in values):
            return tuple(values) if isinstance(value, int | float) else value
        texts = (item if isinstance(item, str) else repr(item) for item in values)
        return tuple(numbers(",".join(texts), info.field_name.replace("_", "-"), kind)[0])

    return pydantic.BeforeValidator(spelled_out)


# 100k is 100,000.
LARGE = {"k": 10**3, "m": 10**6, "g": 10**9}

RULES = {
    "greater_than_equal": "give {ge} or more",
    "less_than_equal": "give {le} or less",
    "less_than": "give less than {lt}",
    "tuple_type": "give a list",
    "dict_type": "give a table, key = [values]",
    "model_type": "give [[grid]] tables",
}


class Grid(pydantic.BaseModel):
    """Axes whose product is swept: of problems with estimators, or of samplers.

    An axis left out takes the problem's, estimator's or samplers' own.
    """

    model_config = pydantic.ConfigDict(extra="forbid", frozen=True)

    problems: Annotated[tuple[str, ...], NotEmpty] | None = None
    samplers: Annotated[tuple[str, ...], NotEmpty] | None = None
    dimensions: Annotated[tuple[Positive, ...], NotEmpty, _spelled_out(int)] | None = None
    estimators: Annotated[tuple[str, ...], NotEmpty] | None = None
    temperatures: Annotated[tuple[Temperature, ...], NotEmpty, _spelled_out(float)] | None = None
    inner_samples: Annotated[tuple[InnerSamples, ...], NotEmpty, _spelled_out(int)] | None = None
    settings: dict[str, Annotated[tuple[Scalar, ...], NotEmpty]] = {}

    @pydantic.model_validator(mode="after")
    def _one_of_both(self):
        if (self.problems is None) == (self.samplers is None):
            given = "problems is missing" if self.problems is None else "problems and samplers"
            raise ValueError(f"{given}: a [[grid]] has problems with estimators, or samplers")
        return self


def _exact(value):
    """A number that is whole for sure: a float of 2^53 or more has lost its last digits."""
    if isinstance(value, bool) or (isinstance(value, float) and abs(value) >= 1 << 53):
        raise ValueError("give a whole number, not a float or a truth value")
    return value


class SweepSpec(pydantic.BaseModel):
    """A sweep: grids and how to run them.

    estimates: for every cell, made up to a multiple of 64 batches. truth_estimates: for a truth
    that has to be estimated. threads: None for all cores; results do not depend on it. trust:
    do not try a user's own code before running it.
    """

    model_config = pydantic.ConfigDict(extra="forbid", frozen=True)

    grid: Annotated[tuple[Grid, ...], NotEmpty]
    estimates: Annotated[int, pydantic.Field(ge=FEWEST_ESTIMATES, lt=1 << 53)] = 1_000_000
    truth_estimates: Annotated[int, pydantic.Field(ge=FEWEST_ESTIMATES, lt=1 << 53)] = 262_144
    seed: Annotated[int, pydantic.BeforeValidator(_exact), pydantic.Field(ge=0, lt=1 << 64)] = 0
    dtype: Literal["float32", "float64"] = "float32"
    threads: Positive | None = None
    trust: bool = False
    components: bool = False
    measurements: Annotated[tuple[str, ...], NotEmpty] = pydantic.Field(
        default_factory=lambda: MEASUREMENTS
    )

    def identity(self):
        """The keys that decide results, as plain JSON types."""
        return self.model_dump(mode="json", exclude={"threads", "trust"}, exclude_none=True)


def checked_spec(data, source):
    """A SweepSpec of plain data, or an InputError that names the key, the value and the rule."""
    try:
        return SweepSpec.model_validate(data)
    except pydantic.ValidationError as error:
        # A list with a wrong item in it is also reported as too short.
        places = [e["loc"] for e in error.errors()]
        follows = {place[:n] for place in places for n in range(len(place))}
        found = [e for e in error.errors() if e["loc"] not in follows]
        said = dict.fromkeys(_explain(e, source) for e in found)
        raise InputError("; ".join([*said][:3])) from None


def _explain(error, source):
    known = [*SweepSpec.model_fields, *Grid.model_fields]
    if error["type"] == "extra_forbidden":
        key = error["loc"][-1]
        if key in Grid.model_fields:
            return f"{key} belongs below a [[grid]] line (in {source})"
        if key in SweepSpec.model_fields:
            return f"{key} belongs above the first [[grid]] line (in {source})"
        return (
            str(unknown("key", str(error["loc"][-1]), known, "gumbench sweep --help"))
            + f" (in {source})"
        )
    path = [str(p) for p in error["loc"] if isinstance(p, str) and p in known]
    given = json.dumps(error["input"], default=str)
    where = path[-1] if path else source
    if error["type"] in ("too_short", "missing"):
        return f"{where} is {'empty' if error['type'] == 'too_short' else 'missing'} (in {source})"
    template = RULES.get(error["type"])
    rule = template.format(**error.get("ctx", {})) if template else error["msg"]
    return f"{where}: {rule[:1].lower() + rule[1:]}; given {given[:80]}"


def preset_names():
    """Names of the presets that ship with the package."""
    return sorted(
        p.name.removesuffix(".toml") for p in PRESETS.iterdir() if p.name.endswith(".toml")
    )


def read_toml(text, source):
    """Plain data of a TOML text, or an InputError with the place."""
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise InputError(f"{source} is not valid TOML: {error}") from None


def load_spec_data(preset_or_file):
    """Plain data of a preset by name or of a TOML file, and its name."""
    path = Path(preset_or_file)
    if path.suffix == ".toml" or "/" in preset_or_file:
        try:
            text = path.read_text(encoding="utf-8-sig")
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or "not text"
            raise InputError(f"cannot read {preset_or_file}: {reason}") from None
        return read_toml(text, preset_or_file), path.stem
    if preset_or_file not in preset_names():
        raise _no_preset(preset_or_file)
    text = (PRESETS / f"{preset_or_file}.toml").read_text(encoding="utf-8")
    return read_toml(text, preset_or_file), preset_or_file


def _no_preset(name):
    """The error of a preset that there is not, with what may have been meant."""
    kinds = {"problems": "problems", "estimators": "estimators/*", "samplers": "samplers"}
    package = resources.files("gumbench")
    module = name.strip().lower().replace("-", "_")
    for kind, folder in kinds.items():
        if any(Path(str(package)).glob(f"{folder}/{module}.py")) and module:
            return InputError(f"{name} is of the {kind}: gumbench sweep --{kind} {name}")
    if name.endswith(".py") or ".py:" in name:
        return InputError(f"{name} is no preset: --problems {name} or --estimators {name}")
    return unknown("preset", name, preset_names(), "gumbench list presets")


def to_toml(spec):
    """A spec as TOML that reads back as the same spec."""
    data = spec.model_dump(mode="json", exclude_none=True)
    grids = data.pop("grid")
    lines = [f"{key} = {_toml(value)}" for key, value in data.items()]
    for grid in grids:
        settings = grid.pop("settings", {})
        lines += ["", "[[grid]]", *(f"{k} = {_toml(v)}" for k, v in grid.items())]
        if settings:
            lines += ["[grid.settings]"]
            lines += [f"{_toml(k)} = {_toml(v)}" for k, v in settings.items()]
    return "\n".join(lines) + "\n"


def _toml(value):
    """A TOML value: JSON, but for surrogate pairs and a bare delete character."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def words(text):
    """The items of a comma-separated list; quotes keep a comma inside one."""
    try:
        items = next(csv.reader([text], skipinitialspace=True), [])
    except csv.Error as error:
        raise InputError(f"{text[:60]!r} is no list: {error}") from None
    return [item.strip() for item in items if item.strip()]


def numbers(text, name, kind=float):
    """Numbers of `4,16,64`, `2:1024:10log` or `0.1:1:10lin` (ends included), and what was dropped.

    kind: int rounds the points of a range. Returns (values, note or empty string).
    Raises InputError.
    """
    values: list = []
    for item in words(text):
        values += _range(item, name, kind) if ":" in item else [_number(item, name, kind)]
    if not values:
        raise InputError(f"--{name} is empty: give numbers such as 1,2,4 or 0.1:1:10log")
    kept = list(dict.fromkeys(values))
    dropped = len(values) - len(kept)
    return kept, f"--{name}: {dropped} equal values dropped" if dropped else ""


def _number(text, name, kind):
    scale = LARGE.get(text[-1:].lower(), 1)
    digits = text[:-1] if scale > 1 else text
    try:
        value = float(digits) * scale
        if not math.isfinite(value):
            raise ValueError
        if kind is int and value != int(value):
            raise InputError(f"--{name}: {text} is not a whole number")
        if kind is int and digits.lstrip("+-").isdigit():
            return int(digits) * scale
        return kind(value)
    except ValueError:
        example = "4,16,64" if kind is int else "0.1,0.5,1"
        raise InputError(f"--{name}: {text!r} is not a number; give {example} or a range") from None


def _range(text, name, kind):
    parts = text.split(":")
    if len(parts) != 3:
        raise InputError(f"--{name}: {text!r} is no range; ranges read START:END:COUNTlog or lin")
    start, end = (_number(p, name, float) for p in parts[:2])
    count = parts[2].strip().lower()
    spacing = next((s for s in ("log", "lin") if count.endswith(s)), "")
    count = count.removesuffix(spacing)
    if count.isdecimal() and not spacing:
        low, high = parts[:2]
        raise InputError(
            f"--{name}: {text!r} has two readings; {low}:{high}:{parts[2]}lin is {parts[2]} points "
            f"evenly spaced, {low}:{high}:{parts[2]}log the same by ratio"
        )
    if not spacing or (count and not count.isdecimal()):
        raise InputError(f"--{name}: {text!r} is no range; ranges read START:END:COUNTlog or lin")
    if not count or not 2 <= int(count) <= 10_000:
        raise InputError(f"--{name}: {text!r} asks for {count or 'no'} points; give 2 to 10000")
    count = int(count)
    if spacing == "log" and min(start, end) <= 0:
        raise InputError(f"--{name}: {text!r}: a log range needs both ends above 0")
    inner = [i / (count - 1) for i in range(1, count - 1)]
    if spacing == "log":
        points = [start ** (1 - i) * end**i for i in inner]
    else:
        points = [start * (1 - i) + end * i for i in inner]
    if kind is int:
        return [round(p) for p in (start, *points, end)]
    return [start, *(float(f"{p:.6g}") for p in points), end]


def setting(text):
    """`[NAME.]key=value[,value]` as (key, values)."""
    key, equals, values = text.partition("=")
    if not equals or not key.strip() or not words(values):
        raise InputError(f"--set {text!r}: give key=value or NAME.key=value")
    return key.strip(), tuple(_scalar(v) for v in words(values))


def settings(texts):
    """Settings of `[NAME.]key=value[,value]` texts, each key given once."""
    found: dict[str, tuple] = {}
    for text in texts:
        key, values = setting(text)
        if key in found:
            raise InputError(f"--set {key} is given twice: several values go in one, with commas")
        found[key] = values
    return found


def _scalar(text):
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            pass
    return {"true": True, "false": False}.get(text.lower(), text)


def merge(data, flags: dict[str, Any]):
    """Plain spec data with flags over it.

    An axis replaces that axis in every grid; `problems` and `samplers` start a fresh grid each,
    with their own axes; `settings` add to those of every grid.
    """
    axes = {k: v for k, v in flags.items() if k in Grid.model_fields and v is not None}
    rest = {k: v for k, v in flags.items() if k not in Grid.model_fields and v is not None}
    fresh = [{name: axes.pop(name)} for name in ("problems", "samplers") if name in axes]
    grids = fresh or data.get("grid", [])
    if not isinstance(grids, list) or not all(isinstance(g, dict) for g in grids):
        return {**data, **rest}
    added = axes.pop("settings", {})
    merged = [{**g, **axes} for g in grids]
    if added:
        merged = [_with_settings(g, added) for g in merged]
    return {**data, **rest, "grid": merged}


def _with_settings(grid, added):
    own = grid.get("settings", {})
    return {**grid, "settings": {**own, **added}} if isinstance(own, dict) else grid
