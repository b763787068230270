"""What was asked for: the specification of a sweep.

Only the form is checked here; names are checked by the grid, which knows the registry.
"""

import json
import tomllib
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Literal

import pydantic
import tomli_w

from gumbench.errors import InputError, unknown
from gumbench.spec.numbers import numbers

FEWEST_ESTIMATES = 128
PRESETS = resources.files("gumbench") / "spec" / "presets"

Temperature = Annotated[float, pydantic.Field(ge=1e-6, le=1e6)]
Positive = Annotated[int, pydantic.Field(ge=1)]
InnerSamples = Annotated[int, pydantic.Field(ge=1, lt=1 << 24)]
NotEmpty = pydantic.Field(min_length=1)
Scalar = bool | int | float | str


def _spelled_out(kind: type) -> Any:
    """Validator of an axis in a file: ranges are texts there, one value needs no list."""

    def spelled_out(value: Any, info: Any) -> Any:
        values = value if isinstance(value, list | tuple) else [value]
        if any(isinstance(item, bool) for item in values):
            raise ValueError("give numbers")
        if not any(isinstance(item, str) for item in values):
            return tuple(values) if isinstance(value, int | float) else value
        texts = (item if isinstance(item, str) else repr(item) for item in values)
        return tuple(numbers(",".join(texts), info.field_name.replace("_", "-"), kind)[0])

    return pydantic.BeforeValidator(spelled_out)


RULES = {
    "greater_than_equal": "give {ge} or more",
    "less_than_equal": "give {le} or less",
    "less_than": "give less than {lt}",
    "tuple_type": "give a list",
    "dict_type": "give a table, key = [values]",
    "model_type": "give [[grid]] tables",
}


class Grid(pydantic.BaseModel):
    """Axes whose product is swept: of problems with estimators, of samplers, or of jobs.

    An axis left out takes the problem's, estimator's or samplers' own. jobs: kinds of types.Job,
    done by gumbench and by the libraries of `peers`, in every form they have; samplers alone are
    the job of drawing. rows, draws, dtypes, on_threads and logits are axes of jobs.
    """

    model_config = pydantic.ConfigDict(extra="forbid", frozen=True)

    problems: Annotated[tuple[str, ...], NotEmpty] | None = None
    samplers: Annotated[tuple[str, ...], NotEmpty] | None = None
    jobs: Annotated[tuple[str, ...], NotEmpty] | None = None
    peers: tuple[str, ...] | None = None
    rows: Annotated[tuple[Positive, ...], NotEmpty, _spelled_out(int)] | None = None
    draws: Annotated[tuple[Positive, ...], NotEmpty, _spelled_out(int)] | None = None
    dtypes: Annotated[tuple[Literal["float32", "float64"], ...], NotEmpty] | None = None
    on_threads: Annotated[tuple[Positive, ...], NotEmpty, _spelled_out(int)] | None = None
    logits: Annotated[tuple[str, ...], NotEmpty] | None = None
    dimensions: Annotated[tuple[Positive, ...], NotEmpty, _spelled_out(int)] | None = None
    estimators: Annotated[tuple[str, ...], NotEmpty] | None = None
    temperatures: Annotated[tuple[Temperature, ...], NotEmpty, _spelled_out(float)] | None = None
    inner_samples: Annotated[tuple[InnerSamples, ...], NotEmpty, _spelled_out(int)] | None = None
    settings: dict[str, Annotated[tuple[Scalar, ...], NotEmpty]] = {}

    @pydantic.model_validator(mode="after")
    def _one_of_both(self) -> Any:
        if (self.problems is None) == (self.samplers is None and self.jobs is None):
            given = "problems is missing" if self.problems is None else "problems and samplers"
            raise ValueError(f"{given}: a [[grid]] has problems with estimators, or samplers")
        return self


def _exact(value: Any) -> Any:
    """A number that is whole for sure: a float of 2^53 or more has lost its last digits."""
    if isinstance(value, bool) or (isinstance(value, float) and abs(value) >= 1 << 53):
        raise ValueError("give a whole number, not a float or a truth value")
    return value


class SweepSpec(pydantic.BaseModel):
    """A sweep: grids and how to run them.

    estimates: for every cell, made up to a multiple of 64 batches. truth_estimates: for a truth
    that has to be estimated. threads: None for all cores; results do not depend on it. trust:
    do not try a user's own code before running it. components: keep mean and variance of every
    component. exact: sum exact moments where that takes more points than there are estimates.
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
    exact: bool = False
    measurements: Annotated[tuple[str, ...], NotEmpty] = ("variance", "estimator_time")

    def identity(self) -> dict[str, Any]:
        """The keys that decide results, as plain JSON types."""
        return self.model_dump(mode="json", exclude={"threads", "trust"}, exclude_none=True)


def checked_spec(data: Any, source: str) -> SweepSpec:
    """A SweepSpec of plain data, or an InputError that names the key, the value and the rule."""
    try:
        return SweepSpec.model_validate(data)
    except pydantic.ValidationError as error:
        # A list with a wrong item in it is also reported as too short.
        places = [e["loc"] for e in error.errors()]
        follows = {place[:n] for place in places for n in range(len(place))}
        first_errors = [e for e in error.errors() if e["loc"] not in follows]
        said = dict.fromkeys(_explain(e, source) for e in first_errors)
        raise InputError("; ".join([*said][:3])) from None


def _explain(error: Any, source: str) -> str:
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


def preset_names() -> list[str]:
    """Names of the presets that ship with the package."""
    return sorted(
        p.name.removesuffix(".toml") for p in PRESETS.iterdir() if p.name.endswith(".toml")
    )


def read_toml(text: str, source: str) -> dict[str, Any]:
    """Plain data of a TOML text, or an InputError with the place."""
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise InputError(f"{source} is not valid TOML: {error}") from None


def load_spec_data(preset_or_file: str) -> tuple[dict[str, Any], str]:
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


def _no_preset(name: str) -> InputError:
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


def to_toml(spec: SweepSpec) -> str:
    """A spec as TOML that reads back as the same spec."""
    data = spec.model_dump(mode="json", exclude_none=True)
    grids = [{k: v for k, v in grid.items() if v != {}} for grid in data.pop("grid")]
    return tomli_w.dumps({**data, "grid": grids})


def merge(data: Any, flags: dict[str, Any]) -> dict[str, Any]:
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


def _with_settings(grid: dict[str, Any], added: Mapping[str, Any]) -> dict[str, Any]:
    settings = grid.get("settings", {})
    return {**grid, "settings": {**settings, **added}} if isinstance(settings, dict) else grid
