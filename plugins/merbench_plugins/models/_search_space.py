"""What a model's parameters are tuned over: lists of values, and ranges.

A range is written `{uniform: [a, b]}`, `{log-uniform: [a, b]}` or `{integers: [a, b]}`, both ends
included. A dotted name is that of a parameter of a model inside the model: `model.alpha`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any, Literal, TypeAlias

from pydantic import TypeAdapter, ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError

from merbench import Model
from merbench.naming import nearest

Spread: TypeAlias = Literal["uniform", "log-uniform", "integers"]
Values: TypeAlias = list[Any] | dict[Spread, tuple[float, float]]

SPREADS = ("uniform", "log-uniform", "integers")

_ENDS = TypeAdapter(tuple[float, float])
_INSIDE = 0.381966
"""Where between its ends a range is tried: at no whole number, where the ends are whole."""


def with_parameters(model: Model, values: Mapping[str, Any], context: Any = None) -> Model:
    """Return a model with some of its parameters, or of the models inside it, set anew.

    Parameters
    ----------
    model
        What is to be changed; it stays as it is.
    values
        By name, dotted for parameters of models inside it.
    context
        Of the validation, where values name models.

    Raises
    ------
    pydantic.ValidationError
        A value is wrong.
    """
    inside: dict[str, dict[str, Any]] = {}
    given = {name: getattr(model, name) for name in model.model_fields_set}
    for name, value in values.items():
        head, dot, rest = name.partition(".")
        if dot:
            inside.setdefault(head, {})[rest] = value
        else:
            given[name] = value
    changed = type(model).model_validate(given, context=context)
    if not inside:
        return changed
    inner = {
        head: with_parameters(getattr(changed, head), parameters, context)
        for head, parameters in inside.items()
    }
    return type(model).model_validate(given | inner, context=context)


def checked_space(model: Model, over: Mapping[str, Any], context: Any) -> dict[str, Values]:
    """Return what is tuned over, its values as the model takes them.

    Raises
    ------
    pydantic.ValidationError
        The model has no such parameter, or does not take one of its values; each complaint says
        where it stands.
    """
    space: dict[str, Values] = {}
    complaints: list[InitErrorDetails] = []
    for name, values in over.items():
        try:
            space[name] = _checked(model, str(name), values, context)
        except _WrongError as wrong:
            complaints.append(wrong.details)
    if complaints:
        raise ValidationError.from_exception_data("over", complaints)
    return space


def range_of(values: Values) -> tuple[Spread, float, float] | None:
    """Return a range's kind and ends; None for a list of values."""
    if not isinstance(values, Mapping):
        return None
    ((spread, (low, high)),) = values.items()
    return spread, low, high


def grid_size(space: Mapping[str, Values]) -> int:
    """Count the combinations of lists and of ranges of integers."""
    return math.prod(len(grid_of(values)) for values in space.values())


def grid_of(values: Values) -> list[Any]:
    """Return all values of a list or of a range of integers."""
    if isinstance(values, Mapping):
        low, high = values["integers"]
        return list(range(round(low), round(high) + 1))
    return values


def text_of(values: Values) -> Any:
    """Return values as a table shows them: `log-uniform 1e-06 to 100`, or the list."""
    spread = range_of(values)
    if spread is None:
        return [shown(value) for value in values]
    return f"{spread[0]} {spread[1]:g} to {spread[2]:g}"


def shown(value: Any) -> Any:
    """Return a value as JSON: a model as a benchmark file would name it."""
    if isinstance(value, Model):
        return {value.name: value.settings} if value.settings else value.name
    if isinstance(value, list | tuple):
        return [shown(inner) for inner in value]
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)


# --- checks --------------------------------------------------------------------------------------


class _WrongError(Exception):
    """Something is wrong with what was written."""

    def __init__(
        self, message: str, place: tuple[str | int, ...], given: Any, kind: str = "plugin"
    ) -> None:
        super().__init__(message)
        # The kind `plugin` is shown as it is; of others a benchmark's reader says where they stand.
        error = PydanticCustomError(kind, "{text}", {"text": message})
        self.details = InitErrorDetails(type=error, loc=place, input=given)


def _checked(model: Model, name: str, values: Any, context: Any) -> Values:
    _demand_parameter(model, name)
    if isinstance(values, list | tuple) and len(values) > 0:
        return [_taken(model, name, v, (name, i), context) for i, v in enumerate(values)]
    if not isinstance(values, Mapping) or len(values) != 1:
        raise _WrongError(
            "expected a list of values, or a range as in {uniform: [0, 1]}, {log-uniform: [0.001, "
            f"100]}} or {{integers: [1, 9]}}, not {values!r}",
            (name,),
            values,
            "value_error",
        )
    ((spread, ends),) = values.items()
    if spread not in SPREADS:
        raise _WrongError(
            f"{name}: there is no range {spread!r}{nearest(str(spread), SPREADS)}",
            (name, str(spread)),
            values,
        )
    low, high = _ends(spread, ends, (name, spread))
    inside = low + _INSIDE * (high - low)
    if spread == "log-uniform":
        inside = low * (high / low) ** _INSIDE
    whole = spread == "integers"
    for position, end in enumerate((low, high)):
        _taken(model, name, round(end) if whole else end, (name, spread, position), context)
    _taken(model, name, round(inside) if whole else inside, (name, spread), context)
    return {spread: (low, high)}


def _demand_parameter(model: Model, name: str) -> None:
    known = list(_names(model))
    if name not in known:
        message = f"{model.title} has no parameter {name!r}{nearest(name, known)}"
        raise _WrongError(message, (name,), name)


def _names(model: Model) -> Iterator[str]:
    for name, value in model:
        yield name
        if isinstance(value, Model):
            yield from (f"{name}.{inner}" for inner in _names(value))


def _ends(spread: str, ends: Any, place: tuple[str | int, ...]) -> tuple[float, float]:
    try:
        low, high = _ENDS.validate_python(ends)
    except ValidationError:
        low = high = math.nan
    lowest = 0.0 if spread == "log-uniform" else -math.inf
    whole = spread != "integers" or (low.is_integer() and high.is_integer())
    if not (lowest < low < high < math.inf and whole):
        wanted = {
            "uniform": "two numbers, the smaller one first",
            "log-uniform": "two numbers above 0, the smaller one first",
            "integers": "two whole numbers, the smaller one first",
        }[spread]
        raise _WrongError(f"expected {wanted}, not {ends!r}", place, ends, "value_error")
    return low, high


def _taken(model: Model, name: str, value: Any, place: tuple[str | int, ...], context: Any) -> Any:
    """Return a value as the model takes it."""
    try:
        changed = with_parameters(model, {name: value}, context)
    except ValidationError as error:
        first = error.errors()[0]
        if first["type"] in ("extra_forbidden", "missing"):  # of a model among the values
            where = ".".join(map(str, first["loc"]))
            raise _WrongError(f"{name}: {first['msg']} ({where})", place, value) from None
        raise _WrongError(first["msg"], place, value, first["type"]) from None
    if changed.input_kinds != model.input_kinds or not changed.tasks >= model.tasks:
        raise _WrongError(
            f"{name}: with {shown(value)} {model.title} takes other features or tasks than without",
            place,
            value,
        )
    for step in name.split("."):
        changed = getattr(changed, step)
    return changed
