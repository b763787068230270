"""Settings of problems and estimators: keyword-only arguments, each a pydantic field.

A field holds a setting's type, range, default and one line about it. Without an annotation the
type is that of the default.
"""

import functools
import inspect
import math
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal, get_args, get_origin

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.errors import PydanticSchemaGenerationError
from pydantic.fields import FieldInfo

from gumbench.errors import InputError, unknown

Instance = Annotated[int, Field(ge=0, lt=2**64, description="seed of the random constants")]
KINDS: dict[Any, str] = {
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    str: "a word",
}
EXACT = ConfigDict(strict=True, allow_inf_nan=False)


@functools.lru_cache(maxsize=256)
def declared(function: Callable[..., Any]) -> dict[str, FieldInfo]:
    """The settings of a function. Raises InputError for one without a default."""
    parameters = inspect.signature(function).parameters.values()
    return {p.name: _declared(p) for p in parameters if p.kind is p.KEYWORD_ONLY}


def _declared(parameter: inspect.Parameter) -> FieldInfo:
    if parameter.default is parameter.empty:
        raise InputError(f"the setting {parameter.name} has no default; give it one")
    kind = parameter.annotation
    if kind is parameter.empty or isinstance(kind, str):
        kind = type(parameter.default)
    return FieldInfo.from_annotated_attribute(kind, parameter.default)


def field(default: Any) -> FieldInfo:
    """A field of a default: itself where it is one, with the type of its default."""
    if not isinstance(default, FieldInfo):
        return FieldInfo.from_annotated_attribute(type(default), default)
    if default.annotation is None:
        return FieldInfo.from_annotated_attribute(type(default.default), default)
    return default


def checked(
    name: str, given: Mapping[str, Any], declared: Mapping[str, FieldInfo]
) -> dict[str, Any]:
    """The settings given of a problem or estimator, each of its type and in its range.

    Raises InputError, for one that is not declared, too.
    """
    for key in given:
        if key not in declared:
            raise unknown(f"setting of {name}", key, list(declared), f"gumbench explain {name}")
    return {key: value_of(f"{name}.{key}", value, declared[key]) for key, value in given.items()}


def value_of(key: str, value: Any, field: FieldInfo) -> Any:
    """A value as a field declares it. Raises InputError."""
    if isinstance(value, float) and field.annotation is int and value.is_integer():
        value = int(value)
    try:
        kind: Any = field.annotation
        adapter = _adapter(kind, *field.metadata)
    except PydanticSchemaGenerationError:
        raise InputError(
            f"the setting {key} is declared {field.annotation!r}; give int, float, bool or str"
        ) from None
    try:
        return adapter.validate_python(value)
    except (ValidationError, OverflowError):
        raise InputError(
            f"--set {key}={value}: give {range_text(field)} such as {field.default}"
        ) from None


@functools.cache
def _adapter(kind: Any, *marks: Any) -> TypeAdapter[Any]:
    """What checks values of a type; to make one takes 0.1 ms, and every cell asks."""
    return TypeAdapter(Annotated[kind, *marks] if marks else kind, config=EXACT)


def range_text(field: FieldInfo) -> str:
    """What a field takes, in words: "a number in (0, 1)"."""
    if get_origin(field.annotation) is Literal:
        return " or ".join(map(str, get_args(field.annotation)))
    bounds = {
        name: getattr(mark, name)
        for mark in field.metadata
        for name in ("gt", "ge", "lt", "le")
        if hasattr(mark, name)
    }
    low, high = bounds.get("ge", bounds.get("gt")), bounds.get("le", bounds.get("lt"))
    words = KINDS.get(field.annotation, "a value")
    if low is None and high is None:
        return words
    ends = ("[" if "ge" in bounds else "(", "]" if "le" in bounds else ")")
    return f"{words} in {ends[0]}{_number(low, -math.inf)}, {_number(high, math.inf)}{ends[1]}"


def _number(bound: float | None, missing: float) -> str:
    """A bound as people write it: 2^64."""
    if bound is None:
        return str(missing)
    power = int(bound).bit_length() - 1
    return f"2^{power}" if power > 32 and bound == 1 << power else str(bound)
