"""Checks of fields that pydantic cannot put into a JSON Schema by itself, each with the rule that says the same there.

To validators they are what pydantic's own classes are; the rules are read only when the reference is made.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import AfterValidator, BeforeValidator, GetJsonSchemaHandler
from pydantic_core import CoreSchema

from models.money import DECIMAL_PLACES, LARGEST_USD, PER_USD

Schema = dict[str, Any]

USD = "usd"  # marks a field of micro-dollars, whose bounds are micro-dollars, too
# What pydantic calls bounds that come behind a validator of ours, and what they are called in a schema.
_BOUNDS = {"ge": "minimum", "gt": "exclusiveMinimum", "le": "maximum", "lt": "exclusiveMaximum"}


@dataclass(frozen=True, eq=False, kw_only=True)
class _Ruled:
    """A validator whose rule is added to its field's schema."""

    rule: Mapping[str, Any] = field(default_factory=dict)

    # Two of them are never equal: `typing` would take one for the other, were only their functions compared.
    __hash__ = object.__hash__
    __eq__ = object.__eq__

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> Schema:
        """The field's schema."""
        return {**handler(schema), **self.rule}


@dataclass(frozen=True, eq=False)
class Checked(_Ruled, AfterValidator):
    """A check of a value that has its type already; the rule says what passes."""


@dataclass(frozen=True, eq=False)
class ReadBy(_Ruled, BeforeValidator):
    """Makes a value what its type takes; the rule says what it may look like."""


def finished(schema: Any) -> Any:
    """A schema of pydantic's as it is to be read: bounds by their names, money in dollars, no names made of names."""
    if isinstance(schema, list):
        return [finished(inner) for inner in schema]
    if not isinstance(schema, dict):
        return schema
    rest = {str(name): inner for name, inner in schema.items() if name != "properties"}
    named: Schema = {_BOUNDS.get(name, name): finished(inner) for name, inner in rest.items()}
    if "properties" in schema:
        named["properties"] = {name: _untitled(finished(inner)) for name, inner in schema["properties"].items()}
    return _in_dollars(named) if named.get("format") == USD else _with_null(named)


def _untitled(schema: Schema) -> Schema:
    return {name: value for name, value in schema.items() if name != "title"}


def _with_null(schema: Schema) -> Schema:
    """A choice with null, flat; and null is no default worth telling."""
    choices = schema.get("anyOf", [])
    if {"type": "null"} not in choices:
        return schema
    rest = {name: value for name, value in schema.items() if name not in ("anyOf", "default")}
    if len(choices) == 2 and set(choices[0]).isdisjoint({"enum", "$ref", "anyOf", "const"}):
        return {**rest, **choices[0], "type": [choices[0]["type"], "null"]}
    flat = [inner for choice in choices for inner in (choice["anyOf"] if set(choice) == {"anyOf"} else [choice])]
    return {**rest, "anyOf": flat}


def _in_dollars(field_schema: Schema) -> Schema:
    """A field of money: a number, or the same as a decimal string.

    How many decimals it may have is told of the number in words. Most validators reckon `multipleOf` in floats, and
    would refuse right amounts by it: 1.13 is no multiple of 0.01 to them.
    """
    bounds = {name: field_schema.pop(name) / PER_USD for name in _BOUNDS.values() if name in field_schema}
    bounds = {name: int(value) if value == int(value) else value for name, value in bounds.items()}
    decimals = DECIMAL_PLACES - (len(str(field_schema.pop("multipleOf", 1))) - 1)
    number = {"type": "number", **bounds, "description": f"With at most {decimals} decimals."}
    text = {"type": "string", "pattern": _decimal_pattern(bounds, decimals)}
    rest = {name: value for name, value in field_schema.items() if name not in ("type", "format")}
    if "default" in rest:
        rest["default"] = rest["default"] / PER_USD
    return {**rest, "anyOf": [number, text]}


def _decimal_pattern(bounds: Mapping[str, float], decimals: int) -> str:
    """How amounts between the bounds are spelled; the highest is a power of ten, so its spelling tells that it is.

    Not with \\d, which has the digits of every script to some readers. Raises ValueError for bounds that no spelling
    here tells.
    """
    highest = str(bounds.get("maximum", LARGEST_USD))
    least = bounds.get("minimum", bounds.get("exclusiveMinimum"))
    if not re.fullmatch("10+", highest) or "exclusiveMaximum" in bounds:
        raise ValueError(f"The most must be a power of ten of dollars, and included: {bounds}.")
    if least not in (None, 0) and bounds.get("minimum") not in (1, -int(highest)):
        raise ValueError(f"The least must be 0, or 1 and included, or the most below zero: {bounds}.")
    sign = "" if least is not None and least >= 0 else "-?"
    too_little = ""
    if least == 1:
        too_little = r"(?!0+(\.|$))"
    elif "exclusiveMinimum" in bounds:
        too_little = r"(?!0+(\.0+)?$)"
    zeros = f"0{{0,{DECIMAL_PLACES - decimals}}}" if decimals < DECIMAL_PLACES else ""
    below = rf"[0-9]{{1,{len(highest) - 1}}}(\.[0-9]{{1,{decimals}}}{zeros})?"
    return rf"^{too_little}{sign}({below}|{highest}(\.0{{1,{DECIMAL_PLACES}}})?)$"
