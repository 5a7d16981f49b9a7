"""Strict JSON: what is refused, and where it says the fault is."""

from decimal import Decimal
from typing import Any

import pytest

from models.strict_json import NotStrictJson, parse


def nested(levels: int) -> bytes:
    """An array in an array, and so on."""
    return b"[" * levels + b"]" * levels


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (b'{"a": [1, -0, 2.50, 1e3, "x", true, null, {}]}', {"a": [1, 0, Decimal("2.50"), Decimal("1E+3"), "x", True, None, {}]}),
        (b' "\\ud83c\\udf81\\u0000" ', "🎁\0"),
        (b"123456789012345678901234567890", 123456789012345678901234567890),
        (b"1e400", Decimal("1E+400")),
        (b'{"a": {"x": 1}, "b": {"x": 1}}', {"a": {"x": 1}, "b": {"x": 1}}),
    ],
)  # fmt: skip
def test_what_is_strict_is_read_exactly(text: bytes, value: Any) -> None:
    assert parse(text) == value


@pytest.mark.parametrize(
    ("text", "field"),
    [
        (b'{"a": 1, "a": 2}', "a"),
        (b'{"a": {"b": [0, NaN]}}', "a.b.1"),
        (b'{"a": -Infinity}', "a"),
        (b"[Infinity]", "0"),
        (b"NaN", ""),
        (b'{"n": %s}' % (b"9" * 4301), "n"),
        (b'{"n": -1e99999999999999999999}', "n"),
        (b'{"a": {"b": "\\ud800"}}', "a.b"),
        (b'{"a": {"\\udfff": 1}}', "a.?"),
        (b'"\\ud800"', ""),
        (b"", ""),
        (b"{", ""),
        (b'{"a": \xff}', ""),
    ],
)
def test_what_is_not_strict_is_refused_and_its_place_told(text: bytes, field: str) -> None:
    with pytest.raises(NotStrictJson) as refused:
        parse(text)

    assert refused.value.field == field
    assert str(refused.value) == (f"{field}: {refused.value.message}" if field else refused.value.message)
    str(refused.value).encode()


def test_so_many_levels_are_read_and_no_more() -> None:
    parse(nested(8), deepest=8)
    for levels in (9, 500, 20_000):
        with pytest.raises(NotStrictJson, match="nested too deeply"):
            parse(nested(levels), deepest=8)
